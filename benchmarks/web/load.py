"""A client that keeps connections open and sends the next request when the last was answered.

It does as little as a client can, in one process beside the server's: `Load.client_share` says how
much of a core it took.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, cast

import uvloop

HEAD_END: Final = b"\r\n\r\n"


@dataclass
class Load:
    """What came back. Latencies in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    refusals: list[bytes] = field(default_factory=list)
    elapsed_s: float = 0.0
    client_share: float = 0.0

    @property
    def rate_per_s(self) -> float:
        return sum(self.statuses.values()) / self.elapsed_s


def load(port: int, requests: Iterator[bytes], *, connections: int) -> Load:
    """Sends all requests, over so many connections at once, and waits for all answers."""
    found = Load()
    cpu_s, start_s = time.process_time(), time.perf_counter()
    uvloop.run(_load(port, requests, connections, found))
    found.elapsed_s = time.perf_counter() - start_s
    found.client_share = (time.process_time() - cpu_s) / found.elapsed_s
    return found


async def _load(port: int, requests: Iterator[bytes], connections: int, found: Load) -> None:
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Connection(requests, found), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.over for _transport, connection in opened))


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], found: Load) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._found = found
        self._heard = b""
        self._sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head_end = self._heard.find(HEAD_END)
        if head_end < 0:
            return
        head, body = self._heard[:head_end].lower(), self._heard[head_end + len(HEAD_END) :]
        start = head.index(b"content-length:") + len(b"content-length:")
        if len(body) < int(head[start:].split(b"\r\n", 1)[0]):
            return
        self._heard = b""
        status = int(head[9:12])
        self._found.statuses[status] += 1
        self._found.latencies_s.append(time.perf_counter() - self._sent_s)
        if status != 200 and len(self._found.refusals) < 3:
            self._found.refusals.append(body)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.over.set_result(None)
            self._transport.close()
            return
        self._sent_s = time.perf_counter()
        self._transport.write(request)
