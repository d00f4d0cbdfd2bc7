"""Whose resting orders a batch of new orders could touch, known before any of them is matched.

The engine locks the balances of a whole batch in one sorted sweep, so it has to know the makers
beforehand. Trades follow priority: a resting order is reached only when everything before it is
gone. Orders of entities outside the batch go only by being traded, and each trade uses up the
batch's demand; orders of entities inside the batch may also go by being cancelled, so they count
for nothing. Hence this walks a side from the best order on and stops once the outsiders' orders
add up to the demand. What the batch itself adds to the book belongs to entities of the batch.

Stop orders that the batch could set off are part of the batch, and so is what ends because its
time is over: both go without being traded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from apps.orderbook.engine.book.core import Book
from apps.orderbook.engine.book.ladder import LAST_LEVEL, Ladder
from apps.orderbook.engine.book.money import notional_of
from apps.orderbook.engine.book.order import Order
from apps.orderbook.engine.book.words import BUY, LIMIT


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
        """Owners, with repetitions, of the orders that this demand could reach."""
        return (maker.owner for maker in self.makers(entities))

    def makers(self, entities: Collection[int]) -> Iterator[Order]:
        """The orders that this demand could reach, and some more.

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
            yield maker
            if maker.entity in entities:
                continue
            if value > 0 and (value_first or size <= 0):
                value -= notional_of(maker.price, maker.remaining)
            else:
                size -= maker.remaining


class Reach(NamedTuple):
    """What a batch can come to: every order that could come in, and whose orders it could touch."""

    orders: list[Wanted]
    owners: set[int]


def reach_of(book: Book, orders: Sequence[Wanted], entities: Collection[int], at_us: int) -> Reach:
    """How far new orders can reach when it is `at_us`: through makers, stops and what is due.

    `entities` are those of all commands of the batch, cancels included.
    """
    # The end of a state that somebody ended before is still in there, and is nobody's.
    owners = {owner for _, _, owner in book.clock.until(at_us) if owner}
    everyone = set(entities)
    for owner in owners:
        everyone.update(order.entity for order in book.orders.of(owner))
    stops = stops_in_reach(book, orders, everyone)
    everyone.update(order.entity for order in stops)
    owners.update(order.owner for order in stops)
    wanted = [*orders, *map(wanted_of, stops)]
    return Reach(wanted, owners | owners_in_reach(book, wanted, everyone))


def owners_in_reach(book: Book, orders: Iterable[Wanted], entities: Collection[int]) -> set[int]:
    """Owners whose resting orders the new orders could trade with or cancel.

    `entities` are those of all commands of the batch, cancels included, and of what is due.
    """
    asks, bids = Demand(book.asks), Demand(book.bids)
    for wanted in orders:
        (asks if wanted.side == BUY else bids).add(wanted)
    return {*asks.owners(entities), *bids.owners(entities)}


def stops_in_reach(book: Book, orders: Sequence[Wanted], entities: Collection[int]) -> list[Order]:
    """Stop orders that the new orders, and each other, could set off.

    Trades happen at prices of resting orders, of those that rest already or of the new ones. How
    far down a side the batch can come is bounded as in `owners_in_reach`, again and again until
    no stop order is added.
    """
    found: dict[int, Order] = {}
    while book.stops:
        batch = [*orders, *map(wanted_of, found.values())]
        everyone = {*entities, *(order.entity for order in found.values())}
        if (span := _span(book, batch, everyone)) is None:
            break
        reached = {order.id: order for order in book.stops.reached(*span)}
        if reached.keys() <= found.keys():
            break
        found |= reached
    return list(found.values())


def wanted_of(order: Order) -> Wanted:
    """A stop order as far as its reach goes once it is set off."""
    is_limit = order.terms.kind == LIMIT
    return Wanted(order.side, order.price if is_limit else None, order.size, order.funds)


def _span(
    book: Book, orders: Iterable[Wanted], entities: Collection[int]
) -> tuple[int, int] | None:
    """The lowest and the highest price at which these orders could trade; None: they cannot."""
    asks, bids = Demand(book.asks), Demand(book.bids)
    limits: list[int] = []
    sides: set[int] = set()
    for wanted in orders:
        (asks if wanted.side == BUY else bids).add(wanted)
        sides.add(wanted.side)
        if wanted.price is not None:
            limits.append(wanted.price)
    prices = [maker.price for side in (asks, bids) for maker in side.makers(entities)]
    if len(sides) == 2:  # they could trade with each other
        prices += limits
    return (min(prices), max(prices)) if prices else None
