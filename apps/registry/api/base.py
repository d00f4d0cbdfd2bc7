"""What the views of this API share."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.acting import VIEW
from apps.accounts.api.base import checked
from apps.accounts.api.permissions import HasScope

__all__ = [
    "PageInput",
    "ProblemOutput",
    "PublicView",
    "SignedView",
    "checked",
    "paged",
]

PAGE_DEFAULT, PAGE_MAX = 100, 1000


class SignedView(APIView):
    """A view for whoever is signed in, by session or key, within the scope of the method."""

    scopes: ClassVar[dict[str, str]] = {}

    def get_permissions(self) -> list[BasePermission]:
        return [HasScope(self.scopes.get(self.request.method or "", VIEW))()]


class PublicView(APIView):
    """A view for everybody."""

    authentication_classes: ClassVar[list[Any]] = []
    permission_classes: ClassVar[list[Any]] = []


class ProblemOutput(serializers.Serializer[Any]):
    """Every error."""

    message = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="A stable name for programs.")
    field = serializers.CharField(required=False, help_text="The input it is about.")


class PageInput(serializers.Serializer[Any]):
    """Which page of a list."""

    limit = serializers.IntegerField(min_value=1, max_value=PAGE_MAX, default=PAGE_DEFAULT)
    after = serializers.CharField(
        default="", max_length=80, help_text="The `CB-AFTER` header of the page before."
    )


def paged(
    rows: list[Any], output: type[serializers.Serializer[Any]], *, limit: int, cursor: str
) -> Response:
    """The first `limit` of `rows`, and a `CB-AFTER` header where there are more.

    `rows` is one longer than the page if there are more; `cursor` names what the next starts after.
    """
    page = rows[:limit]
    response = Response(output(page, many=True).data)
    if len(rows) > limit:
        response["CB-AFTER"] = str(getattr(page[-1], cursor))
    return response
