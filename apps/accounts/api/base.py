"""What every view of the API shares, in whichever app it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Final

from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest
from django.utils import translation
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.acting import TRADE, VIEW
from apps.accounts.api.permissions import HasScope
from apps.accounts.api.reading import reader
from apps.accounts.carrying import aside, carrier_current

_TAKES_JSON: Final = frozenset({"*/*", "application/json"})


class ApiView(APIView):
    """A signed view. Its errors are in English: clients recognise them by their words."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": TRADE, "PUT": TRADE, "DELETE": TRADE}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            with translation.override("en"):
                return super().dispatch(request, *args, **kwargs)
        except SynchronousOnlyOperation:
            carrier = carrier_current()
            if carrier is None or not carrier.may_repeat:
                raise
        # It asks for more than most: it starts anew in a thread. Its signature is spent and its
        # caller charged once all the same, and nothing else was done.
        return aside(partial(self.dispatch, request, *args, **kwargs))

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Most clients take anything, and there is one thing to be had."""
        accepts = request.META.get("HTTP_ACCEPT", "*/*")
        if accepts in _TAKES_JSON and len(self.renderer_classes) == 1:
            renderer = self.renderer_classes[0]()
            if renderer.media_type == "application/json" and "format" not in request.query_params:
                return renderer, "application/json"
        return super().perform_content_negotiation(request, force)

    def get_permissions(self) -> list[BasePermission]:
        return [HasScope(self.scopes.get(self.request.method or "", VIEW))()]


class ErrorOutput(serializers.Serializer[Any]):
    """Every error."""

    message = serializers.CharField(help_text="A sentence; clients may match it.")
    code = serializers.CharField(help_text="A stable name for programs.")
    field = serializers.CharField(required=False, help_text="The input it is about.")
    detail = serializers.CharField(required=False, help_text="What to do next.")


def errors(*statuses: int) -> dict[int, type[ErrorOutput]]:
    """The error answers of a view, for its schema. Every view may answer 429."""
    return dict.fromkeys((*statuses, 429), ErrorOutput)


def checked(serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """The input as the serializer reads it; a ValidationError names the first bad field."""
    return reader(serializer)(data)
