"""Redis, asked in the event loop's thread by what is carried there.

A connection for each loop, over which questions follow each other without waiting for answers. What
goes wrong is for `redis_try` to tell: here it is a redis.RedisError, as from the ordinary client.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

import hiredis
import redis
from redis.connection import parse_url

from apps.accounts.carrying import Pause, carrier_current

Word = str | int
Command = Sequence[Word]

# Of a URL of Redis, what is spoken here. The rest, like TLS, is for the ordinary client.
_KNOWN: Final = frozenset(
    {"host", "port", "db", "path", "username", "password", "connection_class"}
)


def is_speakable(url: str) -> bool:
    """Can this server be spoken to from a loop?"""
    options = _options(url)
    kind = options.get("connection_class", redis.Connection)
    plain = kind in (redis.Connection, redis.UnixDomainSocketConnection)
    return plain and options.keys() <= _KNOWN


def _options(url: str) -> dict[str, Any]:
    return dict(parse_url(url))  # type: ignore[no-untyped-call]


def loop_redis_ask(url: str, commands: Sequence[Command], timeout_s: float) -> list[Any]:
    """The answers to all of them, in their order. Called by what is carried.

    Raises redis.RedisError. Who is not answered in time gives the connection up.
    """
    answers = _connected(url, timeout_s).ask(commands, timeout_s)
    for answer in answers:
        if isinstance(answer, Exception):
            raise redis.ResponseError(str(answer))
    return answers


def loop_redis_tell(url: str, command: Command, timeout_s: float) -> None:
    """The same without waiting for the answer."""
    _connected(url, timeout_s).tell(command)


class _Turn:
    """Who waits for so many answers; nobody, if there is no pause."""

    __slots__ = ("answers", "missing", "pause")

    def __init__(self, missing: int, pause: Pause | None) -> None:
        self.missing = missing
        self.pause = pause
        self.answers: list[Any] = []


class LoopRedis(asyncio.Protocol):
    """One connection. Its methods are called in its loop's thread."""

    def __init__(self) -> None:
        self._reader: Any = hiredis.Reader()
        self._turns: deque[_Turn] = deque()
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        while self._turns:
            self._end(self._turns.popleft())

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            turn = self._turns[0]
            turn.answers.append(answer)
            turn.missing -= 1
            if not turn.missing:
                self._end(self._turns.popleft())

    def ask(self, commands: Sequence[Command], timeout_s: float) -> list[Any]:
        carrier = carrier_current()
        assert carrier is not None, "only what is carried waits in the loop"
        turn = _Turn(len(commands), Pause(carrier))
        self._send(commands, turn)
        assert turn.pause is not None
        turn.pause.wait(timeout_s)
        if turn.missing:
            self.close()
            raise redis.TimeoutError("Redis has not answered in time")
        return turn.answers

    def tell(self, command: Command) -> None:
        self._send([command], _Turn(1, None))

    def close(self) -> None:
        """What comes after an answer that is missing would be taken for it."""
        if self._transport is not None:
            self._transport.abort()

    def _send(self, commands: Sequence[Command], turn: _Turn) -> None:
        if self._transport is None or self._transport.is_closing():
            raise redis.ConnectionError("Redis has hung up")
        self._turns.append(turn)
        self._transport.write(b"".join(map(_packed, commands)))

    @staticmethod
    def _end(turn: _Turn) -> None:
        if turn.pause is not None:
            turn.pause.end()


def _packed(command: Command) -> bytes:
    words: Any = tuple(command)
    packed: bytes = hiredis.pack_command(words)
    return packed


_of_loops: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, LoopRedis]]] = (
    WeakKeyDictionary()
)


def _connected(url: str, timeout_s: float) -> LoopRedis:
    connections = _of_loops.setdefault(asyncio.get_running_loop(), {})
    made = connections.get(url)
    if made is None or not made.is_open:
        made = _connect(url, timeout_s)
        other = connections.get(url)
        if other is not None and other.is_open:
            # Somebody else has made one meanwhile.
            made.close()
            return other
        connections[url] = made
    return made


def _connect(url: str, timeout_s: float) -> LoopRedis:
    """Waits for it as what is carried does."""
    options, carrier = _options(url), carrier_current()
    assert carrier is not None, "only what is carried waits in the loop"
    loop, pause = asyncio.get_running_loop(), Pause(carrier)
    if path := options.get("path"):
        opening: Any = loop.create_unix_connection(LoopRedis, path)
    else:
        host, port = options.get("host", "localhost"), options.get("port", 6379)
        opening = loop.create_connection(LoopRedis, host, port)
    opened = loop.create_task(opening)
    opened.add_done_callback(lambda _: pause.end())
    pause.wait(timeout_s)
    if not opened.done():
        opened.cancel()
        raise redis.TimeoutError("Redis does not open a connection in time")
    if (error := opened.exception()) is not None:
        raise redis.ConnectionError(str(error)) from error
    made: LoopRedis = opened.result()[1]
    _introduce(made, options, timeout_s)
    return made


def _introduce(made: LoopRedis, options: dict[str, Any], timeout_s: float) -> None:
    """Says who asks, and of which of its databases."""
    said: list[Command] = []
    if password := options.get("password"):
        username = options.get("username")
        said.append(("AUTH", username, password) if username else ("AUTH", password))
    if database := options.get("db"):
        said.append(("SELECT", int(database)))
    for answer in made.ask(said, timeout_s) if said else ():
        if isinstance(answer, Exception):
            made.close()
            raise redis.ConnectionError(type(answer).__name__)
