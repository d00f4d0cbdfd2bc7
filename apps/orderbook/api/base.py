"""What the views of the dialect share."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.base import ApiView, ErrorOutput, checked, errors
from apps.orderbook.api.fields import LimitField
from apps.orderbook.ids import NUMBER_MAX
from apps.orderbook.paging import Page
from apps.orderbook.services.verdicts import WAIT_S_MAX

__all__ = [
    "APPLIED",
    "PREFER",
    "DialectView",
    "ErrorOutput",
    "PublicView",
    "WindowInput",
    "checked",
    "cursors_set",
    "errors",
    "page_response",
    "wait_applied",
    "wait_s_of",
    "wait_s_preferred",
    "wait_told",
]

APPLIED: Final = "Preference-Applied"
# RFC 7240: `Prefer: wait=5`, among other preferences or not.
_WAIT: Final = re.compile(r'(?:^|,)\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=[,;]|$)', re.I | re.ASCII)


class DialectView(ApiView):
    """A signed view of the dialect."""


class PublicView(DialectView):
    """A view for everybody, whatever they sign or do not sign."""

    authentication_classes: ClassVar[list[Any]] = []

    def get_permissions(self) -> list[BasePermission]:
        return []


class WindowInput(serializers.Serializer[Any]):
    """A page of one market's list."""

    limit = LimitField()
    after = serializers.IntegerField(min_value=0, max_value=NUMBER_MAX, default=None)
    before = serializers.IntegerField(min_value=0, max_value=NUMBER_MAX, default=None)


PREFER: Final = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description=f"`wait=N`: how many seconds to wait for the engine, 0 to {WAIT_S_MAX} (RFC 7240).",
)


def page_response(page: Page[Any], body: Any) -> Response:
    """A page with its cursors."""
    response = Response(body)
    cursors_set(response, before=page.before, after=page.after)
    return response


def cursors_set(response: HttpResponse, *, before: Any, after: Any) -> None:
    """Tells where the page before (newer) and after (older) this one begins."""
    if before is not None:
        response["CB-BEFORE"] = str(before)
    if after is not None:
        response["CB-AFTER"] = str(after)


def wait_s_preferred(request: HttpRequest | Request) -> int | None:
    """How long the request asks to wait for the engine; None when it does not say."""
    match = _WAIT.search(request.META.get("HTTP_PREFER", ""))
    return min(int(match[1]), WAIT_S_MAX) if match else None


def wait_s_of(request: HttpRequest | Request) -> int:
    """How long to wait for the engine."""
    preferred = wait_s_preferred(request)
    return settings.VERDICT_WAIT_S_DEFAULT if preferred is None else preferred


def wait_told(preferred: int) -> str:
    """How the answer says that it did as the request preferred."""
    return f"wait={preferred}"


def wait_applied(request: Request, response: Response) -> Response:
    """Says so when the request's own preference decided the wait."""
    if (preferred := wait_s_preferred(request)) is not None:
        response[APPLIED] = wait_told(preferred)
    return response
