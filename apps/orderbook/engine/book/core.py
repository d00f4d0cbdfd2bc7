"""The book of one product: what trades with what, at which price, in which order.

Pure and deterministic: the same calls give the same trades, holds and hashes, whoever makes
them. Whatever comes from outside (money available, fees, time) is an argument.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from apps.orderbook.engine.book.ladder import Ladder
from apps.orderbook.engine.book.market import place_by_funds, place_by_size
from apps.orderbook.engine.book.matching import fillable, take
from apps.orderbook.engine.book.money import BPS, MICRO, hold_of
from apps.orderbook.engine.book.order import Order, Step
from apps.orderbook.engine.book.words import (
    BUY,
    CANCELED,
    FOK,
    GTC,
    INSUFFICIENT_FUNDS,
    INVALID,
    LIMIT,
    NOT_FILLABLE,
    POST_ONLY,
    SELL,
)


class Book:
    """Price-time priority over the resting orders of one product.

    Every command is one call of `place`, `refuse`, `cancel` or `cancel_all`. `event_number`
    counts them and `trade_number` the trades, both without a gap.
    """

    def __init__(self, price_increment: int, size_increment: int) -> None:
        assert price_increment > 0
        assert size_increment > 0
        assert price_increment * size_increment % MICRO == 0, "a notional would not be exact"
        self.price_increment = price_increment
        self.size_increment = size_increment
        self.bids = Ladder(BUY)
        self.asks = Ladder(SELL)
        self.orders: dict[int, dict[int, Order]] = {}  # by owner, then by id
        self.event_number = 0
        self.trade_number = 0

    def place(self, order: Order, available: int, funds: int | None = None) -> list[Step]:
        """Match a new order and let what is left of it rest. Returns the steps in order.

        `available` is what its owner can spend: quote for a buy, base for a sell; `funds` is the
        quote amount of a market order that names one. What came of the order stands on it:
        `remaining`, `hold`, `filled_notional`, `fees` and `done`.
        """
        self.event_number += 1
        terms, side, price, size = order.terms, order.side, order.price, order.size
        if terms.kind != LIMIT:
            if funds is None:
                return place_by_size(self, order, available)
            return place_by_funds(self, order, available, funds)
        if price <= 0 or size <= 0 or price % self.price_increment or size % self.size_increment:
            order.done = INVALID
            return []
        # From here on calls are spelled out, `hold_of` first: most orders do just this.
        if side == BUY:
            own, opposite, limit_key = self.bids, self.asks, -price
            hold = price * size // MICRO
            hold += hold * terms.taker_bps // BPS
        else:
            own, opposite, limit_key = self.asks, self.bids, price
            hold = size
        if hold > available:
            order.done = INSUFFICIENT_FUNDS
            return []
        keys, steps = opposite.keys, []
        if keys and keys[-1] >= limit_key:
            if terms.post_only:
                order.done = POST_ONLY
                return []
            if terms.time_in_force == FOK and not fillable(order, opposite, limit_key):
                order.done = NOT_FILLABLE
                return []
            steps = take(self, order, opposite, limit_key)
            if order.done:
                return steps
            hold = hold_of(side, price, order.remaining, terms.taker_bps)
        if terms.time_in_force != GTC:
            order.done = NOT_FILLABLE
            return steps
        order.hold = hold
        order.priority = self.event_number
        level = own.levels.get(-limit_key)
        if level is None:
            level = own.open(-limit_key)
        level.queue.append(order)
        level.count += 1
        level.size += order.remaining
        owned = self.orders.get(order.owner)
        if owned is None:
            owned = self.orders[order.owner] = {}
        owned[order.id] = order
        return steps

    def refuse(self, order: Order, reason: int) -> None:
        """Count an order that is refused for a reason outside the book."""
        self.event_number += 1
        order.done = reason

    def cancel(self, owner: int, order_id: int) -> Order | None:
        """Cancel one order of an owner. Returns it, its `hold` being what it gives back."""
        self.event_number += 1
        order = self.orders.get(owner, {}).pop(order_id, None)
        if order is not None:
            self._withdraw(order)
        return order

    def cancel_all(self, owner: int) -> list[Order]:
        """Cancel all orders of an owner. Returns them by id, as `cancel` does."""
        self.event_number += 1
        orders = sorted(self.orders.pop(owner, {}).values(), key=lambda order: order.id)
        for order in orders:
            self._withdraw(order)
        return orders

    def _withdraw(self, order: Order) -> None:
        order.done = CANCELED
        self.side(order.side).remove(order)

    # What is there

    def side(self, side: int) -> Ladder:
        return self.bids if side == BUY else self.asks

    def __len__(self) -> int:
        return sum(map(len, self.orders.values()))

    def get(self, owner: int, order_id: int) -> Order | None:
        return self.orders.get(owner, {}).get(order_id)

    def resting(self) -> Iterator[Order]:
        """All resting orders by priority, bids first."""
        yield from self.bids.walk()
        yield from self.asks.walk()

    def load(self, orders: Iterable[Order], event_number: int, trade_number: int) -> None:
        """Fill an empty book with orders that rested before, in any sequence."""
        assert not self.orders, "the book is in use"
        for order in sorted(orders, key=lambda order: order.priority):
            assert not order.done
            assert order.remaining > 0
            assert order.hold == hold_of(
                order.side, order.price, order.remaining, order.terms.taker_bps
            )
            self.side(order.side).add(order)
            self.orders.setdefault(order.owner, {})[order.id] = order
        self.event_number = event_number
        self.trade_number = trade_number

    def state_hash(self) -> str:
        """SHA-256 over the counters and the resting orders: equal for equal books only."""
        digest = hashlib.sha256(b"%d %d\n" % (self.event_number, self.trade_number))
        for o in self.resting():
            digest.update(
                b"%d %d %d %d %d %d %d %d %d %d\n"
                % (o.side, o.price, o.id, o.owner, o.size, o.remaining, o.hold, o.priority,
                   o.filled_notional, o.fees)
            )  # fmt: skip
        return digest.hexdigest()
