"""What others' middleware does for every request, where it takes longer than it is worth."""

from __future__ import annotations

import logging
from typing import Final
from uuid import uuid4

import structlog
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django_structlog.middlewares import RequestMiddleware

from apps.accounts.limits.callers import address_of


class PageCSPMiddleware(CSPMiddleware):
    """The content security policy of whatever a browser could show. JSON runs nothing."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.headers.get("Content-Type") == "application/json":
            return response
        answered: HttpResponseBase = super().process_response(request, response)
        return answered


class RequestLogMiddleware(RequestMiddleware):
    """Logs with the peer's address as the web server gives it, not as headers may claim it.

    Whose lines nobody wants to see are not made: then a request only gets its id.
    """

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        structlog.contextvars.bind_contextvars(ip=address_of(request))

    def prepare(self, request: HttpRequest) -> None:
        if _lines.isEnabledFor(logging.INFO):
            super().prepare(request)
            return
        structlog.contextvars.bind_contextvars(request_id=str(uuid4()), ip=address_of(request))

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        is_told = response.status_code >= 400 or hasattr(request, "_raised_exception")
        if is_told or response.streaming or _lines.isEnabledFor(logging.INFO):
            super().handle_response(request, response)
            return
        structlog.contextvars.clear_contextvars()


_lines: Final = logging.getLogger("django_structlog.middlewares.request")
