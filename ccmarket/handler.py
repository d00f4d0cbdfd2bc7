"""Django behind ASGI with one change of threads per request.

Our middleware and views are synchronous. Django's own handler would take each of them to a thread
and back by itself, in a thread made for the request alone; here a request is carried out from its
first byte to its last in one thread of a pool, with the connection to the database that the thread
keeps. A request that waits for the engine holds its thread, so there are many.

Orders need no thread: all they wait for is asked for many of them at once, so they are carried in
the loop itself (`apps.accounts.carrying`). Those that are plainly right go past middleware and
views as well (`short_way.py`).

Programs bring no cookies, so what the middleware does with sessions and forms is left out for
them: it takes longer than most of what they ask for.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import IO, Any, Final

import structlog
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted, SynchronousOnlyOperation
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import FileResponse, HttpRequest
from django.urls import ResolverMatch, set_script_prefix

from apps.accounts.carrying import carrier_current, carry
from apps.orderbook.api.plain_requests import batch_told, order_told
from ccmarket.body_limit import claimed_bytes
from ccmarket.short_way import Messages, ShortWay

log = structlog.get_logger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


# What programs ask for. The pages beside it, of documentation, are for people.
API_PATH: Final = "/api/v1/"
# What goes past the middleware where it is plainly right.
SHORT_WAYS: Final = {f"{API_PATH}orders": order_told, f"{API_PATH}orders/batch": batch_told}
# What is carried in the loop, unless it is so large that others would have to wait for it.
CARRIED: Final = frozenset({("POST", f"{API_PATH}orders"), ("POST", f"{API_PATH}orders/batch")})
CARRIED_BYTES_MAX: Final = 50_000
# So many at a time: those beyond take threads, and wait for one if they have to.
CARRIED_MAX: Final = 1_000


class ThreadedHandler(ASGIHandler):
    """Answers each HTTP request in one thread."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._of_programs = _handler_with(settings.API_MIDDLEWARE)
        self._short_ways = {
            path: ShortWay(path, way, method="POST") for path, way in SHORT_WAYS.items()
        }
        self._carried = 0
        self._threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        in_loop = self._carried < CARRIED_MAX and is_carried(scope)
        try:
            body = await (_read_small(receive) if in_loop else self.read_body(receive))
        except RequestAborted:
            return
        with body:
            if in_loop:
                response = await self._carry(partial(self._respond_in_loop, scope, body))
            else:
                response = await self._responded(scope, body)
            if isinstance(response, Messages):
                for message in response.all:
                    await send(message)
                return
            # A client that has left is the server's business: what is sent to it is dropped.
            if not response.streaming:
                await self.send_response(response, send)
                return
            async with ThreadSensitiveContext():
                await self.send_response(response, send)
                await sync_to_async(response.close)()

    def _responded(self, scope: Scope, body: IO[bytes]) -> Awaitable[Any]:
        # What one request sets for its thread, like the language, is nobody else's.
        respond = partial(contextvars.copy_context().run, self._respond, scope, body)
        return asyncio.get_running_loop().run_in_executor(self._threads, respond)

    async def _carry(self, respond: Callable[[], Any]) -> Any:
        self._carried += 1
        try:
            return await carry(respond)
        finally:
            self._carried -= 1

    def _respond_in_loop(self, scope: Scope, body: IO[bytes]) -> Any:
        made = self.create_request(scope, body)
        request, way = made[0], self._short_ways.get(scope["path"])
        if request is not None and way is not None:
            try:
                if messages := way.messages(request):
                    return messages
            except Exception as error:
                # Unless something is written, the usual way says what is wrong, if it still is.
                carrier = carrier_current()
                if carrier is None or not carrier.may_repeat:
                    raise
                if not isinstance(error, SynchronousOnlyOperation):
                    log.warning("a short way came to an error", exc_info=error)
        return self._respond(scope, body, made)

    def _respond(self, scope: Scope, body: IO[bytes], made: Any = None) -> Any:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = made or self.create_request(scope, body)
        handler = self._of_programs if is_of_program(scope) else self
        response: Any = refusal if request is None else handler.get_response(request)
        response._handler_class = self.__class__
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if response.streaming:
            # Its parts are made in another thread.
            close_old_connections()
        else:
            # Says that the request is over, in the thread whose connection it used.
            response.close()
        return response


def is_of_program(scope: Scope) -> bool:
    """Is it a request to the API without any cookie?"""
    path: str = scope["path"]
    return path.startswith(API_PATH) and all(name != b"cookie" for name, _ in scope["headers"])


def is_carried(scope: Scope) -> bool:
    """Is it a request that is carried in the loop?"""
    is_asked = (scope["method"], scope["path"]) in CARRIED and is_of_program(scope)
    # A body of unknown length claims 0: it may be as large as any.
    return is_asked and 0 < claimed_bytes(scope) <= CARRIED_BYTES_MAX


async def _read_small(receive: Receive) -> IO[bytes]:
    """A body that is small enough to be carried, without a file that it might be rolled over to."""
    body = BytesIO()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        body.write(message.get("body", b""))
        if not message.get("more_body", False):
            body.seek(0)
            return body


class _ForPrograms(BaseHandler):
    """Looks up once where an address without parameters leads: there are few of them."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, ResolverMatch] = {}

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        match = self._known.get(request.path_info)
        if match is None:
            match = super().resolve_request(request)
            if match.route == request.path_info.removeprefix("/"):
                self._known[request.path_info] = match
        request.resolver_match = match
        return match


def _handler_with(middleware: Sequence[str]) -> BaseHandler:
    handler, usual = _ForPrograms(), settings.MIDDLEWARE
    # Django looks nowhere else for it.
    settings.MIDDLEWARE = list(middleware)
    try:
        handler.load_middleware(is_async=False)
    finally:
        settings.MIDDLEWARE = usual
    return handler
