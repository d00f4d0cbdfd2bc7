"""Signed orders over HTTP, answered with the engine's verdict, beside a view that does nothing.

`http_bare` is that view behind the same server and the same middleware; it takes turns with
`http_order` and `http_batch`. At the end of each round all of its orders must be open.
"""

from __future__ import annotations

import statistics
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
BARE_REQUESTS: Final = 3_000
ORDERS: Final = 2_500
BATCHES: Final = 800
BATCH: Final = 20
WARM_UP: Final = 300
# So many answers are waited for at once: more only wait longer.
ORDER_CONNECTIONS: Final = 16
BATCH_CONNECTIONS: Final = 8
BARE: Final = b"POST /bare HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"


def measure() -> list[Figure]:
    """Requests, and orders in batches, a second."""
    bare, single, batched = [], [], []
    with serving() as port:
        load(port, repeat(BARE, WARM_UP), connections=ORDER_CONNECTIONS)
        send_orders(port, world_create(TRADERS), WARM_UP)
        for _ in range(ROUNDS):
            bare.append(load(port, repeat(BARE, BARE_REQUESTS), connections=ORDER_CONNECTIONS))
            single.append(send_orders(port, world_create(TRADERS), ORDERS))
            batched.append(send_batches(port, world_create(TRADERS), BATCHES))
    for name, loads in (("http_bare", bare), ("http_order", single), ("http_batch", batched)):
        print(f"{name}: {described(loads)}")
    bare_rates = [found.rate_per_s for found in bare]
    return [
        figure_of("http_bare", bare_rates, "requests/s"),
        figure_of(
            "http_order",
            [found.rate_per_s for found in single],
            "orders/s",
            against="http_bare",
            base=bare_rates,
        ),
        figure_of("http_batch", [found.rate_per_s * BATCH for found in batched], "orders/s"),
    ]


def send_orders(port: int, world: World, total: int) -> Load:
    """One order a request. All are open when the last is answered."""
    found = load(port, _single(world, total), connections=ORDER_CONNECTIONS)
    _check(world, found, total)
    return found


def send_batches(port: int, world: World, total: int) -> Load:
    """So many requests of `BATCH` orders each."""
    found = load(port, _batched(world, total), connections=BATCH_CONNECTIONS)
    _check(world, found, total * BATCH)
    return found


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


def _batched(world: World, total: int) -> Iterator[bytes]:
    orders = world.orders(total * BATCH)
    for number in range(total):
        asked: list[Any] = [{"place": order} for order in islice(orders, BATCH)]
        yield world.trader(number).post("/orders/batch", {"requests": asked})


def _check(world: World, found: Load, total: int) -> None:
    assert set(found.statuses) == {200}, (found.statuses, found.refusals)
    resting = Order.objects.filter(product=world.product, status=OrderStatus.OPEN).count()
    assert resting == total, f"{resting} of {total} orders are open"
