"""Requests behind ASGI: each in one thread, and none of it left to the next."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as of_django
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.utils import translation
from pytest_django.fixtures import Settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.base import ApiView
from apps.accounts.together import Together
from ccmarket.handler import CARRIED_BYTES_MAX, ThreadedHandler
from ccmarket.urls import urlpatterns as site

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

seen: list[int] = []
closed = threading.Event()


class NotesThread:
    """Middleware."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        seen.append(threading.get_ident())
        return self.get_response(request)


def told(request: HttpRequest) -> HttpResponse:
    seen.append(threading.get_ident())
    language = translation.get_language()
    translation.activate("zh-hans")
    return JsonResponse({"language": language, "body": request.body.decode()})


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        try:
            yield b"one "
            yield b"two"
        finally:
            closed.set()

    return StreamingHttpResponse(parts())


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("nobody foresaw this")


together = Together[int, int](lambda asked: list(asked))
writing = Together[int, int](lambda asked: list(asked), writes=True)


class CountsView(ApiView):
    """Waits, and then asks the database what nobody else asks."""

    asks: Any = together
    authentication_classes = ()

    def get_permissions(self) -> list[BasePermission]:
        return []

    def post(self, request: Request) -> Response:
        seen.append(threading.get_ident())
        one = self.asks.ask(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int + 1", [one])
            return Response({"found": cursor.fetchone()[0], "asked": request.data})


class WritesView(CountsView):
    """Does so when it has written something."""

    asks = writing


urlpatterns = [
    path("told", told),
    path("streamed", streamed),
    path("broken", broken),
    path("api/v1/told", told),
    path("api/v1/counts", CountsView.as_view()),
    path("api/v1/writes", WritesView.as_view()),
    # The page that says so has links.
    *site,
]


@pytest.fixture
def handler(settings: Settings) -> ThreadedHandler:
    seen.clear()
    settings.WEB_THREADS = 1
    settings.MIDDLEWARE = [f"{__name__}.NotesThread"]
    settings.API_MIDDLEWARE = []
    return ThreadedHandler()


def ask(
    handler: ThreadedHandler, where: str, *parts: dict[str, Any], cookie: bytes = b"", size: int = 0
) -> tuple[int, bytes]:
    """Status and body; the request's parts come one after the other. `size` is what it claims."""
    headers = [(b"cookie", cookie)] if cookie else []
    headers += [(b"content-type", b"application/json")]
    headers += [(b"content-length", str(size).encode())] if size else []
    scope = {"type": "http", "method": "POST", "path": where, "query_string": b""}
    scope |= {"headers": headers}

    async def run() -> tuple[int, bytes]:
        asked = ApplicationCommunicator(handler, scope)
        for part in parts or ({"type": "http.request"},):
            await asked.send_input(part)
        start = await asked.receive_output(timeout=10)
        body = b""
        while True:
            message = await asked.receive_output(timeout=10)
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await asked.wait(timeout=10)
        return start["status"], body

    # In a thread of its own: Playwright keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


def test_middleware_and_view_share_a_thread_and_requests_share_nothing(
    handler: ThreadedHandler,
) -> None:
    part = {"type": "http.request", "body": b"he", "more_body": True}
    answers = [
        ask(handler, "/told", part, {"type": "http.request", "body": b"llo"}) for _ in range(2)
    ]
    assert answers == [(200, b'{"language": "en", "body": "hello"}')] * 2
    assert len(seen) == 4
    assert len(set(seen)) == 1


def test_what_is_streamed_comes_whole_and_is_closed(handler: ThreadedHandler) -> None:
    closed.clear()
    assert ask(handler, "/streamed") == (200, b"one two")
    assert closed.wait(10)


def test_what_nobody_foresaw_is_a_500(handler: ThreadedHandler) -> None:
    assert ask(handler, "/broken")[0] == 500


def test_programs_are_spared_the_middleware_of_pages(handler: ThreadedHandler) -> None:
    assert ask(handler, "/api/v1/told")[0] == 200
    assert len(seen) == 1, "the view alone"
    assert ask(handler, "/api/v1/told", cookie=b"sessionid=somebody")[0] == 200
    assert len(seen) == 3, "who has a session has it there as well"
    assert [f"{__name__}.NotesThread"] == of_django.MIDDLEWARE


@pytest.fixture
def carries(handler: ThreadedHandler, monkeypatch: pytest.MonkeyPatch) -> ThreadedHandler:
    """A handler that carries what is asked here in its loop."""
    # Other tests have a loop in their own thread, and say that queries are safe there.
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    paths = ("told", "counts", "writes")
    monkeypatch.setattr("ccmarket.handler.CARRIED", {("POST", f"/api/v1/{name}") for name in paths})
    return handler


def test_what_is_carried_needs_no_thread_and_leaves_nothing_to_the_next(
    carries: ThreadedHandler,
) -> None:
    part = {"type": "http.request", "body": b"hello"}
    for _ in range(2):
        answer = ask(carries, "/api/v1/told", part, size=5)
        assert answer == (200, b'{"language": "en", "body": "hello"}')
    assert carries._threads._threads == set()
    assert ask(carries, "/api/v1/told", part, size=CARRIED_BYTES_MAX + 1)[0] == 200
    assert len(carries._threads._threads) == 1, "others would wait for a large one"


def test_no_more_than_so_many_are_carried(
    carries: ThreadedHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = {"type": "http.request", "body": b"hello"}
    assert ask(carries, "/api/v1/told", part, size=5)[0] == 200
    assert carries._carried == 0
    monkeypatch.setattr("ccmarket.handler.CARRIED_MAX", 0)
    assert ask(carries, "/api/v1/told", part, size=5)[0] == 200
    assert len(carries._threads._threads) == 1


def test_what_needs_a_query_of_its_own_starts_anew_in_a_thread(carries: ThreadedHandler) -> None:
    part = {"type": "http.request", "body": b"[7]"}
    assert ask(carries, "/api/v1/counts", part, size=3) == (200, b'{"found":2,"asked":[7]}')
    assert len(set(seen)) == 2


def test_what_has_written_never_starts_anew(carries: ThreadedHandler) -> None:
    part = {"type": "http.request", "body": b"[7]"}
    assert ask(carries, "/api/v1/writes", part, size=3)[0] == 500
    assert len(seen) == 1


def test_whoever_leaves_while_asking_is_asked_no_more(handler: ThreadedHandler) -> None:
    async def run() -> None:
        scope = {"type": "http", "method": "POST", "path": "/told", "headers": []}
        asked = ApplicationCommunicator(handler, scope)
        await asked.send_input({"type": "http.disconnect"})
        await asked.wait(timeout=10)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result()
    assert seen == []
