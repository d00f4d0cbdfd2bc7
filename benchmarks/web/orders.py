"""Signed orders over HTTP beside a view that does nothing, behind the same server.

`http_django` is that view as Django's own ASGI handler serves it, `http_bare` as ours does; both
have the site's middleware. They take turns with `http_order`, one order a request, answered
with the engine's verdict, and with batches of 20: `http_batch` is answered when the batch is
accepted, `http_batch_decided` with the verdict on each. After each round all orders must be open.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any, Final

from apps.orderbook.models import Order
from apps.orderbook.models.enums import OrderStatus
from benchmarks.figures import Figure, figure_of, rounded
from benchmarks.web.load import Load, load
from benchmarks.web.serving import serving
from benchmarks.web.world import World, world_create

ROUNDS: Final = 3
TRADERS: Final = 8
BARE_REQUESTS: Final = 1_500
ORDERS: Final = 1_500
BATCHES: Final = 1_000
BATCH: Final = 20
# So many answers are waited for at once: more only wait longer.
ORDER_CONNECTIONS: Final = 64
BATCH_CONNECTIONS: Final = 16
ENGINE_S: Final = 60.0


def measure() -> list[Figure]:
    """Requests, and orders in batches, a second."""
    runs: dict[str, list[Load]] = {}
    with serving() as port:
        for number in range(ROUNDS + 1):
            share = 10 if number == 0 else 1  # to begin with, a short one that warms up
            for name, found in _round(port, share):
                if number:
                    runs.setdefault(name, []).append(found)
                    print(f"{name}: {rounded(found.rate_per_s)} requests/s", flush=True)
    for name, loads in runs.items():
        print(f"{name}: {described(loads)}")
    rates = {name: [found.rate_per_s for found in loads] for name, loads in runs.items()}
    django = {"against": "http_django", "base": rates["http_django"]}
    return [
        figure_of("http_django", rates["http_django"], "requests/s"),
        figure_of("http_bare", rates["http_bare"], "requests/s", **django),
        figure_of("http_order", rates["http_order"], "orders/s", **django),
        *(
            figure_of(name, [rate * BATCH for rate in rates[name]], "orders/s")
            for name in ("http_batch", "http_batch_decided")
        ),
    ]


def _round(port: int, share: int) -> Iterator[tuple[str, Load]]:
    for name, path in (("http_django", "/django"), ("http_bare", "/bare")):
        asked = repeat(bare(path), BARE_REQUESTS // share)
        yield name, load(port, asked, connections=ORDER_CONNECTIONS)
    world = world_create(TRADERS)
    total = ORDERS // share
    found = load(port, _single(world, total), connections=ORDER_CONNECTIONS)
    _check(world, found, total)
    yield "http_order", found
    for name, wait in (("http_batch", "wait=0"), ("http_batch_decided", "wait=10")):
        world, total = world_create(TRADERS), BATCHES // share
        found = load(port, _batched(world, total, wait), connections=BATCH_CONNECTIONS)
        _check(world, found, total * BATCH)
        yield name, found


def bare(path: str) -> bytes:
    """A request that nobody has to sign."""
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}".encode()


def described(loads: list[Load]) -> str:
    """What a figure alone does not say: how long an answer took, and what the client took."""
    latencies_s = sorted(latency_s for found in loads for latency_s in found.latencies_s)
    p99_s = latencies_s[int(len(latencies_s) * 0.99)]
    share = statistics.median(found.client_share for found in loads)
    return (
        f"median {rounded(statistics.median(latencies_s) * 1_000)} ms, p99 {rounded(p99_s * 1_000)}"
        f" ms, the client took {share:.0%} of a core"
    )


def _single(world: World, total: int) -> Iterator[bytes]:
    for number, order in enumerate(world.orders(total)):
        yield world.trader(number).post("/orders", order)


def _batched(world: World, total: int, wait: str) -> Iterator[bytes]:
    orders = world.orders(total * BATCH)
    for number in range(total):
        asked: list[Any] = [{"place": order} for order in islice(orders, BATCH)]
        yield world.trader(number).post("/orders/batch", {"requests": asked}, Prefer=wait)


def _check(world: World, found: Load, total: int) -> None:
    """Every order was accepted, and the engine comes to every one."""
    assert set(found.statuses) == {200}, (found.statuses, found.refusals)
    resting = Order.objects.filter(product=world.product, status=OrderStatus.OPEN)
    end_s = time.monotonic() + ENGINE_S
    while (count := resting.count()) < total:
        assert time.monotonic() < end_s, f"{count} of {total} orders are open"
        time.sleep(0.1)
    assert count == total
