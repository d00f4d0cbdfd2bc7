"""What others' middleware does for every request, where it takes longer than it is worth."""

from __future__ import annotations

import structlog
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
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
    """Logs with the peer's address as the web server gives it, not as headers may claim it."""

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        structlog.contextvars.bind_contextvars(ip=address_of(request))
