"""Call auctions: one price for all, at which most is traded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from apps.orderbook.engine.book.ladder import Ladder, Level
from apps.orderbook.engine.book.matching import show_more
from apps.orderbook.engine.book.money import fee_of, hold_of, maker_fee_of, notional_of
from apps.orderbook.engine.book.order import Order
from apps.orderbook.engine.book.words import (
    CB,
    CN,
    CO,
    DC,
    FILLED,
    MATCH,
    SELF_MATCH,
    SELF_TRADE,
)

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book

# (price, size) of a level
Depth = Sequence[tuple[int, int]]


class Clearing(NamedTuple):
    """The price of an auction and how much trades at it."""

    price: int
    size: int


class Less(NamedTuple):
    """What one order came down by: its hold, what is left in sight, what came into sight."""

    released: int
    left: int
    fresh: int


class Cross(NamedTuple):
    """Two resting orders that met at the end of an auction.

    The taker is the one placed later, unless it is post-only. A SELF_MATCH trades nothing: its
    trade number, notional and fees are 0, and `size` is what both were decreased by. An order with
    nothing left and nothing fresh is done.
    """

    kind: int
    trade: int
    maker: Order
    taker: Order
    price: int
    size: int
    notional: int
    maker_fee: int
    taker_fee: int
    of_maker: Less
    of_taker: Less


def clearing_of(bids: Depth, asks: Depth, reference: int) -> Clearing | None:
    """Where an auction stands, given the levels of both sides, best first; None: nothing trades.

    Most trades; then least is left over at the price. If that leaves a choice: the highest price
    where buyers are left over, the lowest where sellers are, else the nearest to `reference`, the
    lower of two.
    """
    if not bids or not asks or bids[0][0] < asks[0][0]:
        return None
    low, high = asks[0][0], bids[0][0]
    bids = [level for level in bids if level[0] >= low]
    asks = [level for level in asks if level[0] <= high]
    found: list[tuple[int, int, int]] = []  # price, size, and what is left of buyers
    demand, supply, nearest = sum(size for _, size in bids), 0, 0
    wanted, offered = dict(bids), dict(asks)
    for price in sorted(wanted.keys() | offered.keys()):
        supply += offered.get(price, 0)
        found.append((price, min(demand, supply), demand - supply))
        demand -= wanted.get(price, 0)
    most = max(size for _, size, _ in found)
    least = min(abs(left) for _, size, left in found if size == most)
    best = [(price, left) for price, size, left in found if size == most and abs(left) == least]
    if all(left > 0 for _, left in best):
        nearest = best[-1][0]
    elif all(left < 0 for _, left in best):
        nearest = best[0][0]
    else:
        nearest = min((price for price, _ in best), key=lambda price: abs(price - reference))
    return Clearing(nearest, most)


def depth_of(ladder: Ladder, limit_key: int) -> list[tuple[int, int]]:
    """The levels down to the limit, best first, with what icebergs have out of sight."""
    sizes: dict[int, int] = {}
    for order in ladder.walk(limit_key):
        sizes[order.price] = sizes.get(order.price, 0) + order.remaining + order.hidden
    return list(sizes.items())


def indicative(book: Book) -> Clearing | None:
    """What an auction would come to if it ended now."""
    bids, asks = book.bids, book.asks
    if bids.best is None or asks.best is None or bids.best < asks.best:
        return None
    bid_depth, ask_depth = depth_of(bids, asks.best), depth_of(asks, -bids.best)
    return clearing_of(bid_depth, ask_depth, book.last_price)


def uncross(book: Book) -> list[Cross]:
    """Trade until no buyer and seller are left who could, at as few prices as possible.

    It is one price, unless self-trade prevention takes out orders that were counted for it.
    """
    crosses: list[Cross] = []
    while clearing := indicative(book):
        while (bid := head(book.bids)) and (ask := head(book.asks)):
            if not bid.price >= clearing.price >= ask.price:
                break
            crosses.append(_meet(book, bid, ask, clearing.price))
    return crosses


def head(ladder: Ladder) -> Order | None:
    """The first order of the best level."""
    if not ladder.keys:
        return None
    queue = ladder.levels[ladder.keys[-1]].queue
    while queue[0].done:
        queue.popleft()
    return queue[0]


def _meet(book: Book, bid: Order, ask: Order, price: int) -> Cross:
    maker, taker = sorted((bid, ask), key=lambda o: (not o.terms.post_only, o.id))
    size = min(bid.remaining, ask.remaining)
    if bid.entity == ask.entity:
        return _meet_self(book, maker, taker, price, size)
    notional = notional_of(price, size)
    taker_fee = fee_of(notional, taker.terms.taker_bps)
    maker_fee = maker_fee_of(notional, maker.terms.maker_bps, taker_fee)
    for order, paid in ((maker, maker_fee), (taker, taker_fee)):
        order.filled_notional += notional
        order.fees += paid
    book.trade_number += 1
    book.last_price = price
    less = [_lessen(book, order, size, FILLED) for order in (maker, taker)]
    return Cross(
        MATCH, book.trade_number, maker, taker, price, size, notional, maker_fee, taker_fee, *less
    )


def _meet_self(book: Book, maker: Order, taker: Order, price: int, size: int) -> Cross:
    """The later order's self-trade prevention says who goes."""
    rule, decreased = taker.terms.self_trade, 0
    less = [Less(0, order.remaining, 0) for order in (maker, taker)]
    if rule == DC:
        decreased = size
        for n, order in enumerate((maker, taker)):
            order.size -= size
            less[n] = _lessen(book, order, size, SELF_TRADE)
    for n, (order, rules) in enumerate(((maker, (CO, CB)), (taker, (CN, CB)))):
        if rule in rules:
            less[n] = Less(order.hold, 0, 0)
            order.hold, order.done = 0, SELF_TRADE
            book.side(order.side).remove(order)
            book.orders.remove(order)
    return Cross(SELF_MATCH, 0, maker, taker, price, decreased, 0, 0, 0, *less)


def _lessen(book: Book, order: Order, size: int, reason: int) -> Less:
    """Take so much from the order at the head of its level."""
    ladder, before = book.side(order.side), order.hold
    level: Level = ladder.levels[order.price * ladder.sign]
    order.remaining -= size
    level.size -= size
    if not order.remaining and order.hidden:
        level.queue.popleft()
        fresh = show_more(book, order, level)
        return Less(before - order.hold, 0, fresh)
    if order.remaining:
        order.hold = hold_of(order.side, order.price, order.remaining, order.terms.taker_bps)
        if order.hidden:
            left = order.remaining + order.hidden
            order.hold = hold_of(order.side, order.price, left, order.terms.taker_bps)
        return Less(before - order.hold, order.remaining, 0)
    order.done, order.hold = reason, 0
    ladder.remove(order)
    book.orders.remove(order)
    return Less(before, 0, 0)
