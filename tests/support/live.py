"""The site on a port of its own, and an engine: both in this process, on the test database."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from jsonschema import Draft202012Validator
from websockets.sync.client import ClientConnection, connect

from apps.accounts.loop_database import loop_connections_close
from apps.orderbook.engine.engine import Engine
from apps.orderbook.feed.described import MESSAGES
from apps.orderbook.feed.hub import FollowedMarket, _hubs
from apps.orderbook.feed.protocol import FeedProtocol
from ccmarket.asgi import application

PLENTY_S = 60.0


@dataclass(frozen=True)
class Live:
    """Where the site answers."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def feed_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/feed"


class Listener:
    """A connection to the feed that keeps what it heard."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[dict[str, Any]] = []

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def subscribe(self, *channels: Any, products: list[str], **more: Any) -> dict[str, Any]:
        """Subscribes, and returns the answer."""
        self.say(type="subscribe", product_ids=products, channels=list(channels), **more)
        return self.until(lambda m: m["type"] in ("subscriptions", "error"))

    def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.connection.recv(timeout=PLENTY_S))
        # Whatever is heard, in whichever test, is as the description says.
        Draft202012Validator(MESSAGES[message["type"]]).validate(message)
        self.heard.append(message)
        return message

    def until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that is it; those before it are in `heard`."""
        while not is_it(message := self.next()):
            pass
        return message

    def until_type(self, kind: str) -> dict[str, Any]:
        return self.until(lambda message: message["type"] == kind)


@contextmanager
def serving() -> Iterator[Live]:
    """The site, for as long as the block lasts."""
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_level="warning",
        ws=FeedProtocol,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield Live(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(PLENTY_S)
    loop_connections_close()


@contextmanager
def matching() -> Iterator[None]:
    """An engine that serves every market, for as long as the block lasts."""
    stop = threading.Event()
    engine = Engine(name="test", redis_url=settings.REDIS_URL, stop=stop)
    thread = threading.Thread(target=engine.run, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(PLENTY_S)


@contextmanager
def listening(live: Live, **options: Any) -> Iterator[Listener]:
    """A connection to the feed."""
    with connect(live.feed_url, compression=None, **options) as connection:
        yield Listener(connection)


def markets_followed() -> list[dict[str, FollowedMarket]]:
    """What the hubs of this process follow; those of servers that ended are still around."""
    return [hub._markets for loop, hub in list(_hubs.items()) if loop.is_running()]


def followers(code: str, channel: str) -> int:
    """How many clients this process tells about a market on a channel."""
    markets = [followed.get(code) for followed in markets_followed()]
    feeds = [market.feed for market in markets if market is not None and market.feed is not None]
    clients = [client for feed in feeds for client in tuple(feed._readers[channel])]
    return sum(not client.is_leaving for client in clients)


def until(condition: Callable[[], bool]) -> None:
    """Waits until it is so."""
    end_s = monotonic() + PLENTY_S
    while not condition():
        assert monotonic() < end_s, "it never happened"
        sleep(0.01)


@pytest.fixture
def live(transactional_db: None) -> Iterator[Live]:
    """The site on a port of its own."""
    with serving() as live:
        yield live


@pytest.fixture
def engine(transactional_db: None) -> Iterator[None]:
    """A running engine."""
    with matching():
        yield
