"""Past the middleware, for requests that are plainly right and come in thousands.

Their answers are the same: what middleware adds to one that is JSON is found out by sending one
through it, once for each host, scheme and language that a request may name. What middleware refuses
is refused there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.urls import resolve

from apps.accounts.api.told import Told, Way
from apps.accounts.limits.callers import address_of
from apps.accounts.limits.throttle import charge_noted, limit_headers
from ccmarket.counts import Counts

# Those that note something of each request; here it is done for them.
NOTING: Final = ("django_prometheus.", "ccmarket.middleware.RequestLogMiddleware")
# What the others look at, beside what all requests of one way have in common.
LOOKED_AT: Final = ("HTTP_HOST", "HTTP_ACCEPT_LANGUAGE", "HTTP_X_FORWARDED_PROTO")
SEEN_MAX: Final = 256

# Where the lines of all requests are told.
_lines: Final = logging.getLogger("django_structlog.middlewares.request")
_log: Final = structlog.get_logger(_lines.name)

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Messages:
    """ASGI's, of one answer."""

    all: Sequence[dict[str, Any]]


class ShortWay:
    """The way of one address and method. What it does not answer is treated as any other."""

    def __init__(self, path: str, way: Way, *, method: str) -> None:
        view = resolve(path).view_name
        self._way: Final = way
        self._scope: Final = {"type": "http", "method": method, "path": path}
        self._counts: Final = Counts(view=view, method=method)
        self._sample: Final = _Sample()
        self._added: Final = lru_cache(SEEN_MAX)(self._added_to)

    def messages(self, request: HttpRequest) -> Messages | None:
        """The answer to a request that is plainly right."""
        if _lines.isEnabledFor(logging.INFO):
            # Somebody wants a line of each: the usual way makes them.
            return None
        since_s = perf_counter()
        looks = tuple(map(request.META.get, LOOKED_AT))
        added = self._added(str(request.scheme), looks)
        if added is None:
            return None
        structlog.contextvars.bind_contextvars(request_id=str(uuid4()), ip=address_of(request))
        told = self._way(request)
        if told is None:
            structlog.contextvars.clear_contextvars()
            return None
        if told.status >= 400:
            # As of any other request.
            asked = f"{request.method} {request.get_full_path()}"
            _log.warning("request_finished", code=told.status, request=asked)
        headers = [*added, *_own(request, told)]
        self._counts.count(request, status=told.status, told_bytes=len(told.body), since_s=since_s)
        start = {"type": "http.response.start", "status": told.status, "headers": headers}
        return Messages([start, {"type": "http.response.body", "body": told.body}])

    def _added_to(self, scheme: str, looks: Sequence[str | None]) -> Headers | None:
        """What middleware adds to an answer; None if it has one of its own."""
        request = ASGIRequest({**self._scope, "scheme": scheme}, BytesIO())
        named = zip(LOOKED_AT, looks, strict=True)
        request.META.update({name: value for name, value in named if value is not None})
        response = self._sample.get_response(request)
        if response.status_code != _Sample.STATUS:
            return None
        del response["Content-Length"]
        return _encoded(response.headers)


class _Sample(BaseHandler):
    """The middleware of programs' requests around an answer in JSON that says nothing."""

    STATUS: Final = 200

    def __init__(self) -> None:
        super().__init__()
        usual = settings.MIDDLEWARE
        # Django looks nowhere else for it.
        settings.MIDDLEWARE = [
            name for name in settings.API_MIDDLEWARE if not name.startswith(NOTING)
        ]
        try:
            self.load_middleware(is_async=False)
        finally:
            settings.MIDDLEWARE = usual

    def _get_response(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"{}", content_type="application/json", status=self.STATUS)


def _own(request: HttpRequest, told: Told) -> Headers:
    charge = charge_noted(request)
    headers = {**told.headers, "Content-Length": str(len(told.body))}
    return _encoded(headers | limit_headers(charge) if charge else headers)


def _encoded(headers: Mapping[str, str]) -> Headers:
    return [(name.encode("ascii"), value.encode("latin1")) for name, value in headers.items()]
