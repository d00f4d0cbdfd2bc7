"""The common order flow: the same 200,000 commands for every book, always from seed 42.

80% are limit orders, of which 30% cross; the others rest around a slowly drifting middle. 20%
cancel a live order. 1,000 users; prices in ticks, sizes in lots. Every price-time-priority book
must come to `TOTALS`; `levels` are those the plain book keeps, 61 of them emptied by cancels but
not yet met by a taker, `live_levels` those with an order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final, NamedTuple

from benchmarks.plain_book import BUY, PlainBook

COMMANDS: Final = 200_000
USERS: Final = 1_000
# A market in which a tick times a lot is one quote micro-unit: 0.001 per tonne, and a kilogram.
TICK: Final = 1_000
LOT: Final = 1_000
TOTALS: Final = {
    "placed": 159_966,
    "canceled": 40_034,
    "fills": 86_492,
    "quantity": 2_210_290,
    "notional": 22_226_426_316,
    "resting": 32_550,
    "levels": 437,
    "live_levels": 376,
}


class Place(NamedTuple):
    id: int
    side: int
    ticks: int
    lots: int
    user: int

    @property
    def owner(self) -> int:
        """The flow knows no self-trade prevention: a user's two sides are two owners here."""
        return self.user * 2 + self.side + 1

    @property
    def price(self) -> int:
        return self.ticks * TICK

    @property
    def size(self) -> int:
        return self.lots * LOT


class Cancel(NamedTuple):
    id: int


@dataclass
class Totals:
    placed: int = 0
    canceled: int = 0
    fills: int = 0
    quantity: int = 0
    notional: int = 0
    resting: int = 0
    levels: int = 0
    live_levels: int = 0

    def check(self) -> None:
        assert asdict(self) == TOTALS, f"not the common flow: {self}"


@dataclass
class LiveOrders:
    """Orders that can be cancelled: one is picked, and any is removed, in constant time."""

    ids: list[int] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)

    def add(self, order_id: int) -> None:
        self.places[order_id] = len(self.ids)
        self.ids.append(order_id)

    def remove(self, order_id: int) -> None:
        place, last = self.places.pop(order_id), self.ids.pop()
        if last != order_id:
            self.ids[place] = last
            self.places[last] = place


class Flow:
    """Generates commands against a plain book, which tells it what is live and what crosses."""

    def __init__(self, seed: int = 42) -> None:
        self.random = random.Random(seed)
        self.book = PlainBook()
        self.live = LiveOrders()
        self.middle = 10_000
        self.totals = Totals()

    def commands(self, count: int = COMMANDS) -> Iterator[Place | Cancel]:
        for _ in range(count):
            if self.random.random() < 0.01:
                self.middle += self.random.choice((-1, 1))
            if self.live.ids and self.random.random() < 0.20:
                yield self._cancel()
            else:
                yield self._place()
        self.totals.resting = len(self.book.orders)
        self.totals.levels = self.book.level_count
        self.totals.live_levels = self.book.live_level_count

    def _cancel(self) -> Cancel:
        order_id = self.live.ids[self.random.randrange(len(self.live.ids))]
        self.book.cancel(order_id)
        self.live.remove(order_id)
        self.totals.canceled += 1
        return Cancel(order_id)

    def _place(self) -> Place:
        draw, totals = self.random, self.totals
        totals.placed += 1
        side, user = draw.randrange(2), draw.randrange(USERS)
        opposite = self.book.best(1 - side)
        sign = 1 if side == BUY else -1
        if opposite is not None and draw.random() < 0.30:
            ticks = opposite + draw.randrange(4) * sign
        else:
            ticks = self.middle - (1 + min(int(draw.expovariate(1 / 25)), 400)) * sign
        order = Place(totals.placed, side, ticks, draw.randrange(1, 101), user)
        for maker, price, size, _ in self.book.place(*order):
            totals.fills += 1
            totals.quantity += size
            totals.notional += price * size
            if maker not in self.book.orders:
                self.live.remove(maker)
        if order.id in self.book.orders:
            self.live.add(order.id)
        return order


def common_flow(count: int = COMMANDS) -> tuple[list[Place | Cancel], Totals]:
    """The first `count` commands and what a book must make of them."""
    flow = Flow()
    commands = list(flow.commands(count))
    if count == COMMANDS:
        flow.totals.check()
    return commands, flow.totals
