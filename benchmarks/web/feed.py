"""How late the feed is when many listen to a book that changes 200 times a second.

From the moment at which an order is sent to the journal, by another process, until a subscriber has
read of it: acceptance, the engine's commit, the feed and 550 sockets are all in it. Nobody may miss
anything: the book that every subscriber comes to is the one of REST, at the same sequence.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from collections.abc import Sequence
from typing import Any, Final

import uvloop

from benchmarks.figures import Figure, figure_of, rounded
from benchmarks.web.listeners import Listener, levels_of
from benchmarks.web.serving import serving
from benchmarks.web.world import World, world_create

ROUNDS: Final = 3
BATCHED: Final = 500
EVERY: Final = 50
UPDATES_PER_S: Final = 200
SECONDS: Final = 10
CONNECTED_AT_ONCE: Final = 50
SETTLE_S: Final = 2.0
LEVEL2, LEVEL2_BATCH = "level2", "level2_batch"

# How late each subscriber heard of each order, in seconds.
Delays = list[float]


def measure() -> list[Figure]:
    """The 99th percentile of both channels, in milliseconds: the median of some rounds."""
    p99_ms: dict[str, list[float]] = {LEVEL2: [], LEVEL2_BATCH: []}
    with serving() as port:
        for _ in range(ROUNDS):
            delays, share = uvloop.run(_run(port, world_create(1)))
            for channel, found in p99_ms.items():
                found.append(_p99_ms(delays[channel]))
            print(f"{p99_ms}; the clients took {share:.0%} of a core")
    return [
        figure_of("ws_fanout_p99_ms", p99_ms[LEVEL2_BATCH], "ms"),
        figure_of("ws_level2_p99_ms", p99_ms[LEVEL2], "ms"),
    ]


async def _run(port: int, world: World) -> tuple[dict[str, Delays], float]:
    listeners = await _connected(port, world.market)
    cpu_s, start_s = time.process_time(), time.monotonic()
    paced = await _pace(world)
    share = (time.process_time() - cpu_s) / (time.monotonic() - start_s)
    await asyncio.sleep(SETTLE_S)
    assert not any(listener.is_gone for listener in listeners), "somebody was sent away"
    book = await asyncio.to_thread(_book, port, world.market)
    for listener in listeners:
        listener.close()
    return _checked(listeners, paced, book), share


async def _connected(port: int, market: str) -> list[Listener]:
    loop = asyncio.get_running_loop()
    channels = [LEVEL2] * EVERY + [LEVEL2_BATCH] * BATCHED
    listeners: list[Listener] = []
    for at in range(0, len(channels), CONNECTED_AT_ONCE):
        some = [Listener(market, channel) for channel in channels[at : at + CONNECTED_AT_ONCE]]
        for listener in some:
            await loop.create_connection(lambda made=listener: made, "127.0.0.1", port)
        await asyncio.gather(*(listener.is_subscribed for listener in some))
        listeners += some
    return listeners


async def _pace(world: World) -> dict[str, Any]:
    asked = (world.product.pk, world.traders[0].owner.pk, UPDATES_PER_S, SECONDS)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.web.pacing",
        *map(str, asked),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _errors = await process.communicate()
    assert process.returncode == 0
    paced: dict[str, Any] = json.loads(told)
    assert paced["took_s"] < SECONDS * 1.05, f"the pace was not kept: {paced['took_s']} s"
    return paced


def _book(port: int, market: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/api/v1/products/{market}/book?level=2"
    with urllib.request.urlopen(url, timeout=30) as answer:
        book: dict[str, Any] = json.load(answer)
    return book


def _checked(
    listeners: Sequence[Listener], paced: dict[str, Any], book: dict[str, Any]
) -> dict[str, Delays]:
    """The delays of both channels. Everybody heard everything, level2_batch once in 50 ms."""
    there = {
        (side, price): size
        for side, rows in (("buy", book["bids"]), ("sell", book["asks"]))
        for price, size, *_ in rows
    }
    sent_s = {int(price): at_s for price, at_s in paced["sent"].items()}
    prices = _Prices()
    delays: dict[str, Delays] = {LEVEL2: [], LEVEL2_BATCH: []}
    books: dict[tuple[bytes, ...], tuple[int, Any]] = {}
    for listener in listeners:
        texts = tuple(text for _at_s, text in listener.heard)
        if texts not in books:
            books[texts] = levels_of(list(texts))
        assert books[texts] == (book["sequence"], there), "a subscriber missed something"
        if listener.channel == LEVEL2_BATCH:
            assert len(texts) <= paced["took_s"] / 0.05 + 10, "more than one message in 50 ms"
        heard = [at_s - sent_s[price] for at_s, text in listener.heard for price in prices.of(text)]
        assert len(heard) == len(sent_s)
        delays[listener.channel] += heard
    return delays


class _Prices(dict[bytes, list[int]]):
    """The prices that an update is about, in micro-units; the same texts come to many."""

    def of(self, text: bytes) -> list[int]:
        if (known := self.get(text)) is None:
            message = json.loads(text)
            changes = message["changes"] if message["type"] == "l2update" else []
            known = self[text] = [round(float(price) * 1_000_000) for _side, price, _ in changes]
        return known


def _p99_ms(delays_s: Delays) -> float:
    return rounded(sorted(delays_s)[int(len(delays_s) * 0.99)] * 1_000)
