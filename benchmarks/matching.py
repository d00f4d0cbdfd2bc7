"""Matching in memory: the real book on the common flow, beside two books that do less.

The real book runs with everything on that it does in production: increments and funds checked,
self-trade prevention, fees of maker and taker, holds, numbers of events and trades. The plain book
matches and nothing else; nodejs-order-book is the fastest one could install instead. The plain book
is always Python: where the real book runs compiled (`engine/compiled.py`), it is measured as
Python, too.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from apps.orderbook.engine import compiled
from apps.orderbook.engine.book import Book, Order, Rules, Terms
from apps.orderbook.engine.book.words import OPEN
from benchmarks.common_flow import LOT, TICK, TOTALS, Cancel, Place, common_flow
from benchmarks.figures import Figure, figure_of
from benchmarks.plain_book import PlainBook

ROUNDS: Final = 7
PLENTY: Final = 10**18
PEER: Final = Path(__file__).parent / "order_book_peer.mjs"

Command = Place | Cancel


def rate(run: Callable[[], int], commands: int) -> float:
    """Commands a second. Collecting garbage in the middle would time the collector."""
    gc.collect()
    gc.disable()
    started_s = time.perf_counter()
    fills = run()
    elapsed_s = time.perf_counter() - started_s
    gc.enable()
    assert fills == TOTALS["fills"]
    return commands / elapsed_s


def parsed(lines: Iterable[str]) -> list[tuple[int, ...]]:
    """Commands as they come off a wire: (1 or 0 for a cancel, id, owner, side, price, size)."""
    return [tuple(map(int, line.split(","))) for line in lines]


def real_book(commands: Sequence[Command]) -> Callable[[], int]:
    """The flow for the real book, in micro-units, ready to run."""
    owners = {c.id: c.owner for c in commands if isinstance(c, Place)}
    ready = parsed(
        f"1,{c.id},{c.owner},{c.side},{c.price},{c.size}"
        if isinstance(c, Place)
        else f"0,{c.id},{owners[c.id]},0,0,0"
        for c in commands
    )
    terms = Terms(maker_bps=10, taker_bps=20)

    def run() -> int:
        book, fills = Book(TICK, LOT), 0
        book.begin(Rules(size_min=LOT, size_max=PLENTY), OPEN)
        for places, id_, owner, side, price, size in ready:
            if places:
                order = Order(id_, owner, owner, side, price, size, terms)
                fills += len(book.place(order, PLENTY))
            else:
                book.cancel(owner, id_)
        return fills

    return run


def plain_book(commands: Sequence[Command]) -> Callable[[], int]:
    """The flow for the plain book, in ticks and lots, ready to run."""
    ready = parsed(
        f"1,{c.id},{c.user},{c.side},{c.ticks},{c.lots}"
        if isinstance(c, Place)
        else f"0,{c.id},0,0,0,0"
        for c in commands
    )

    def run() -> int:
        book, fills = PlainBook(), 0
        for places, id_, user, side, price, size in ready:
            if places:
                fills += len(book.place(id_, side, price, size, user))
            else:
                book.cancel(id_)
        return fills

    return run


def peer_rates(commands: Sequence[Command], rounds: int) -> list[float]:
    """nodejs-order-book's rates; none without Node.js."""
    node = shutil.which("node")
    if node is None:
        return []
    lines = [
        f"N,{c.id},{c.side},{c.ticks},{c.lots}" if isinstance(c, Place) else f"C,{c.id}"
        for c in commands
    ]
    done = subprocess.run(
        [node, str(PEER), str(rounds)],
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    runs: list[dict[str, Any]] = json.loads(done.stdout)
    assert {run["fills"] for run in runs} == {TOTALS["fills"]}
    assert {run["notional"] for run in runs} == {TOTALS["notional"]}
    return [run["rate"] for run in runs]


def rates_as_python() -> list[float]:
    """The real book's rate as Python, in a process of its own; none where it is Python anyway."""
    if not compiled.is_running():
        return []
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.matching"],
        env={**os.environ, "ENGINE_COMPILED": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(done.stdout)]


def measure() -> list[Figure]:
    """The rounds take turns, so that a busy moment of the machine hits all alike."""
    commands, _ = common_flow()
    real, plain = real_book(commands), plain_book(commands)
    reals, plains, peers, pythons = [], [], [], []
    for _ in range(ROUNDS):
        plains.append(rate(plain, len(commands)))
        reals.append(rate(real, len(commands)))
        pythons += rates_as_python()
        peers += peer_rates(commands, rounds=1)
    figures = [
        figure_of("match_plain", plains, "commands/s"),
        figure_of("match_memory", reals, "commands/s", against="match_plain", base=plains),
    ]
    if pythons:
        python = figure_of(
            "match_memory_python", pythons, "commands/s", against="match_plain", base=plains
        )
        figures.append(python)
    if peers:
        figures += [
            figure_of("match_peer", peers, "commands/s"),
            figure_of(
                "match_memory_over_peer", reals, "commands/s", against="match_peer", base=peers
            ),
        ]
    return figures


if __name__ == "__main__":
    flow, _ = common_flow()
    print(rate(real_book(flow), len(flow)))
