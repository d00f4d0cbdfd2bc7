"""Whose resting orders a batch of new orders could touch, known before any of them is matched.

The engine locks the balances of a whole batch in one sorted sweep, so it has to know the makers
beforehand. Trades follow priority: a resting order is reached only when everything before it is
gone. Orders of entities outside the batch go only by being traded, and each trade uses up the
batch's demand; orders of entities inside the batch may also go by being cancelled, so they count
for nothing. Hence this walks a side from the best order on and stops once the outsiders' orders
add up to the demand. What the batch itself adds to the book belongs to entities of the batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from apps.orderbook.engine.book.core import Book
from apps.orderbook.engine.book.ladder import LAST_LEVEL, Ladder
from apps.orderbook.engine.book.money import notional_of
from apps.orderbook.engine.book.words import BUY


class Wanted(NamedTuple):
    """A new order as far as its reach goes. No price: any. No size: as much as the funds buy."""

    side: int
    price: int | None
    size: int | None
    funds: int | None


class Demand:
    """The most that a batch can take off one side: sizes, and quote money of orders by funds."""

    __slots__ = ("ladder", "limit_key", "size", "value")

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.limit_key: int | None = None
        self.size = 0
        self.value = 0

    def add(self, wanted: Wanted) -> None:
        """Count an order, unless its limit cannot reach this side as it stands."""
        keys = self.ladder.keys
        limit_key = LAST_LEVEL if wanted.price is None else wanted.price * self.ladder.sign
        if not keys or keys[-1] < limit_key:
            return
        if self.limit_key is None or limit_key < self.limit_key:
            self.limit_key = limit_key
        self.size += wanted.size or 0
        self.value += wanted.funds or 0

    def owners(self, entities: Collection[int]) -> Iterable[int]:
        """Owners, with repetitions, of the orders that this demand could reach.

        Money goes furthest at low prices. Spending it at the near end of the asks (cheapest
        first) and at the far end of the bids (cheapest last) therefore bounds every way in which
        sizes and funds can share the orders between them.
        """
        if self.limit_key is None:
            return
        size, value = self.size, self.value
        value_first = self.ladder.sign < 0
        for maker in self.ladder.walk(self.limit_key):
            if size <= 0 and value <= 0:
                return
            yield maker.owner
            if maker.entity in entities:
                continue
            if value > 0 and (value_first or size <= 0):
                value -= notional_of(maker.price, maker.remaining)
            else:
                size -= maker.remaining


def owners_in_reach(book: Book, orders: Iterable[Wanted], entities: Collection[int]) -> set[int]:
    """Owners whose resting orders the new orders could trade with or cancel.

    `entities` are those of all commands of the batch, cancels included.
    """
    asks, bids = Demand(book.asks), Demand(book.bids)
    for wanted in orders:
        (asks if wanted.side == BUY else bids).add(wanted)
    return {*asks.owners(entities), *bids.owners(entities)}
