"""The whole site for a browser: web server and engine as threads on this test's database."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from django.conf import settings

START_S_MAX = 20
STOP_S_MAX = 10


@contextmanager
def engine_running() -> Iterator[None]:
    """An engine that carries out what is accepted meanwhile."""
    from apps.orderbook.engine.engine import Engine

    stop = threading.Event()
    engine = Engine(name="test engine", redis_url=settings.REDIS_URL, stop=stop)
    thread = threading.Thread(target=engine.run, name="engine")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(STOP_S_MAX)
        assert not thread.is_alive(), "the engine does not stop"


@contextmanager
def site_running() -> Iterator[str]:
    """HTTP and WebSocket, as in production; its address."""
    from ccmarket.asgi import application

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(
                application, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
            )
        )
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="web", daemon=True
        )
        thread.start()
        _wait_for(server)
        yield f"http://localhost:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(STOP_S_MAX)
        assert not thread.is_alive(), "the web server does not stop"


@contextmanager
def watch_errors(page: Any) -> Iterator[None]:
    """Fails when a script of the page fails, or the security policy stops something."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield
    assert errors == []


def sign_in(page: Any, address: str, user: Any) -> None:
    """Gives the browser the person's session; signing in by form has its own test."""
    from tests.support.factories import client_of

    cookie = client_of(user).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])


def _wait_for(server: uvicorn.Server) -> None:
    deadline_s = time.monotonic() + START_S_MAX
    while not server.started:
        assert time.monotonic() < deadline_s, "the web server does not start"
        time.sleep(0.05)
