"""Parts of a benchmark that are processes of their own: `python -m benchmarks.part NAME ...`.

Each says `ready` when it is, begins when it is told `go`, and prints one line of JSON at its end.
Times are those of `time.monotonic`, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")

# Commands of one transaction of the intake, as a request of `POST /orders/batch` is one.
TOGETHER: Final = 20
READ_EVERY_S: Final = 0.05


class Part:
    """A part that has been started and is ready."""

    def __init__(self, *words: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.part", *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "CCMARKET_PROCESS": str(words[0])},
        )
        self.pid = self._process.pid
        assert self._line() == "ready"

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> Any:
        """Waits for its end."""
        found = json.loads(self._line())
        assert self._process.wait() == 0
        return found

    def _line(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # Logs are lines with a date.
            if line[0] in "r[{":
                return line.strip()
        raise AssertionError(f"the part ended with {self._process.wait()}")


def engine(*products: str) -> Any:
    """Carries out what waits in the journals of these products. Says when it was done."""
    from apps.orderbook.engine.service import Service
    from apps.orderbook.engine.session import connect

    with connect("engine part") as connection:
        service = Service(connection, "engine part")
        for product in products:
            service.take(int(product))
        gc.disable()
        _ready()
        while work := service.next_work(set(), one_by_one=False):
            service.carry_out(work)
        return [time.monotonic()]


def intake(product_id: str, path: str, rate: str) -> Any:
    """Sends the commands of a file at a rate, as the intake of a batch does once it is checked: a
    web process carries each in its event loop, whether those before it are accepted or not. Says
    when each was sent and accepted, in their order."""
    from apps.accounts.carrying import carry
    from apps.orderbook.services.appending import command_make, commands_append

    with open(path) as file:
        commands = [command_make(product_id=int(product_id), **row) for row in json.load(file)]
    sent, accepted = [0.0] * len(commands), [0.0] * len(commands)

    def send(first: int) -> None:
        together = slice(first, first + TOGETHER)
        asked = commands[together]
        sent[together] = [time.monotonic()] * len(asked)
        assert all(commands_append(asked))
        accepted[together] = [time.monotonic()] * len(asked)

    async def send_all() -> None:
        every_s, next_s, under_way = TOGETHER / float(rate), time.monotonic(), []
        for first in range(0, len(commands), TOGETHER):
            await asyncio.sleep(max(next_s - time.monotonic(), 0))
            next_s += every_s
            under_way.append(carry(partial(send, first)))
        await asyncio.gather(*under_way)

    # As a process that serves requests does: what is loaded by now is not looked through again.
    gc.collect()
    gc.freeze()
    _ready()
    asyncio.run(send_all())
    return {"sent": sent, "accepted": accepted}


def reader(product_id: str, duration_s: str) -> Any:
    """Reads all levels of a book now and then. Says how many seconds each took."""
    from apps.orderbook.models import Product
    from apps.orderbook.selectors.market_data import book

    product = Product.objects.get(pk=int(product_id))
    book(product)
    _ready()
    took, end_s = [], time.monotonic() + float(duration_s)
    while (began_s := time.monotonic()) < end_s:
        found = book(product)
        took.append(time.monotonic() - began_s)
        assert len(found.bids) > 100, "the book is not deep"
        time.sleep(READ_EVERY_S)
    return took


def accountant(duration_s: str, *processes: str) -> Any:
    """Says how many cores each of these processes, NAME=PID, and of the servers' has, in the middle
    eight tenths of so many seconds."""
    from benchmarks.account import account

    pids = {name: int(pid) for name, pid in (process.split("=") for process in processes)}
    _ready()
    time.sleep(float(duration_s) * 0.1)
    before = account(pids)
    time.sleep(float(duration_s) * 0.8)
    return account(pids).since(before)


def _ready() -> None:
    print("ready", flush=True)
    assert sys.stdin.readline() == "go\n"


if __name__ == "__main__":
    django.setup()
    name, *words = sys.argv[1:]
    parts: dict[str, Callable[..., Any]]
    parts = {"engine": engine, "intake": intake, "reader": reader, "accountant": accountant}
    print(json.dumps(parts[name](*words)), flush=True)
