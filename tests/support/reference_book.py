"""A slow, obviously right order book: the oracle of `apps.orderbook.engine.book`.

One flat list of orders. Whenever the best resting order is wanted, all of them are looked
through; whenever an affordable size is wanted, every size is tried; holds are worked out again
after each step. Nothing is shared with the real book but the words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from apps.orderbook.engine.book import words as w


@dataclass
class RefOrder:
    id: int
    owner: int
    entity: int
    side: int
    price: int | None  # None: any price
    size: int | None  # None: as much as the funds are good for
    funds: int | None = None
    time_in_force: int = w.GTC
    post_only: bool = False
    self_trade: int = w.DC
    maker_bps: int = 0
    taker_bps: int = 0
    filled: int = 0
    notional: int = 0
    fees: int = 0
    priority: int = 0
    done: int = 0

    @property
    def remaining(self) -> int:
        assert self.size is not None
        return self.size - self.filled

    @property
    def hold(self) -> int:
        """What a resting order holds: for a buy the price of the rest and the highest fee."""
        if self.done:
            return 0
        if self.side == w.SELL:
            return self.remaining
        notional = exact_notional(self.price, self.remaining)
        return notional + fee(notional, self.taker_bps)


def exact_notional(price: int, size: int) -> int:
    notional, rest = divmod(price * size, 1_000_000)
    assert rest == 0, "prices and sizes are whole increments"
    return notional


def fee(notional: int, bps: int) -> int:
    return notional * bps // 10_000


@dataclass
class ReferenceBook:
    price_increment: int
    size_increment: int
    orders: list[RefOrder] = field(default_factory=list)
    event_number: int = 0
    trade_number: int = 0
    # (trade number or 0, maker id, price, size, notional, taker's fee, maker's fee)
    steps: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)

    def open_orders(self) -> list[RefOrder]:
        return [order for order in self.orders if not order.done]

    def makers_for(self, taker: RefOrder) -> list[RefOrder]:
        """Resting orders that the taker's limit reaches, the first to trade with first."""
        found = [maker for maker in self.open_orders() if maker.side != taker.side]
        if taker.price is not None:
            found = [
                maker
                for maker in found
                if (
                    maker.price <= taker.price
                    if taker.side == w.BUY
                    else maker.price >= taker.price
                )
            ]
        cheapest_first = taker.side == w.BUY
        return sorted(found, key=lambda m: (m.price if cheapest_first else -m.price, m.priority))

    # Commands

    def place(self, order: RefOrder, available: int) -> None:
        self.event_number += 1
        self.steps = []
        order.done = self.refusal(order, available)
        if not order.done:
            self.match(order, available)
        if not order.done and order.price is not None and order.time_in_force == w.GTC:
            order.priority = self.event_number
            self.orders.append(order)
        elif not order.done:
            order.done = w.NOT_FILLABLE

    def cancel(self, owner: int, order_id: int) -> RefOrder | None:
        self.event_number += 1
        for order in self.open_orders():
            if order.id == order_id and order.owner == owner:
                order.done = w.CANCELED
                return order
        return None

    def cancel_all(self, owner: int) -> list[RefOrder]:
        self.event_number += 1
        mine = [order for order in self.open_orders() if order.owner == owner]
        for order in mine:
            order.done = w.CANCELED
        return sorted(mine, key=lambda order: order.id)

    # Rules

    def refusal(self, order: RefOrder, available: int) -> int:
        if order.price is not None and (order.price <= 0 or order.price % self.price_increment):
            return w.INVALID
        if order.size is not None and (order.size <= 0 or order.size % self.size_increment):
            return w.INVALID
        if order.funds is not None and order.funds <= 0:
            return w.INVALID
        if available < self.needed(order):
            return w.INSUFFICIENT_FUNDS
        makers = self.makers_for(order)
        if order.post_only and makers:
            return w.POST_ONLY
        if order.time_in_force == w.FOK and makers and not self.can_fill(order, makers):
            return w.NOT_FILLABLE
        return 0

    def needed(self, order: RefOrder) -> int:
        if order.price is not None:
            return order.hold
        if order.side == w.BUY:
            return 1 if order.funds is None else order.funds
        return self.size_increment if order.size is None else order.size

    def can_fill(self, taker: RefOrder, makers: list[RefOrder]) -> bool:
        before_self, others = 0, 0
        met_self = False
        for maker in makers:
            if maker.entity == taker.entity:
                met_self = True
                continue
            others += maker.remaining
            if not met_self:
                before_self += maker.remaining
        return (others if taker.self_trade == w.CO else before_self) >= taker.size

    def match(self, taker: RefOrder, available: int) -> None:
        by_funds = taker.funds is not None
        limit = None  # on money, for market orders
        if taker.price is None and taker.side == w.BUY:
            limit = taker.funds if by_funds else available
        elif by_funds:
            limit = taker.funds
        wanted = taker.size
        if wanted is None:
            wanted = 10**30 if taker.side == w.BUY else available
            wanted -= wanted % self.size_increment
        fee_bps = taker.taker_bps if taker.side == w.BUY else 0
        while wanted > 0 and (makers := self.makers_for(taker)):
            maker = makers[0]
            size = min(wanted, maker.remaining)
            if limit is not None:
                size = self.affordable(maker.price, limit, fee_bps, size)
                if size == 0:
                    taker.done = self.out_of_money(taker)
                    return
            if maker.entity == taker.entity:
                if taker.self_trade == w.DC and not by_funds:
                    size = min(wanted, maker.remaining)
                wanted, spent = self.self_trade(taker, maker, size, wanted, fee_bps)
                if by_funds:
                    limit -= spent
                if taker.done:
                    return
                continue
            self.trade(taker, maker, size)
            wanted -= size
            if limit is not None:
                notional = exact_notional(maker.price, size)
                limit -= notional + fee(notional, fee_bps)
        if wanted <= 0:
            sold_all = by_funds and taker.side == w.SELL
            taker.done = w.INSUFFICIENT_FUNDS if sold_all else w.FILLED
        elif limit == 0:
            taker.done = self.out_of_money(taker)

    def affordable(self, price: int, money: int, fee_bps: int, most: int) -> int:
        best = 0
        for size in range(0, most + 1, self.size_increment):
            notional = exact_notional(price, size)
            if notional + fee(notional, fee_bps) <= money:
                best = size
        return best

    def out_of_money(self, taker: RefOrder) -> int:
        if taker.funds is None:
            return w.INSUFFICIENT_FUNDS
        return w.FILLED if taker.filled else w.NOT_FILLABLE

    def trade(self, taker: RefOrder, maker: RefOrder, size: int) -> None:
        self.trade_number += 1
        notional = exact_notional(maker.price, size)
        taker_fee, maker_fee = fee(notional, taker.taker_bps), fee(notional, maker.maker_bps)
        for order, paid in ((taker, taker_fee), (maker, maker_fee)):
            order.filled += size
            order.notional += notional
            order.fees += paid
        if maker.remaining == 0:
            maker.done = w.FILLED
        self.steps.append(
            (self.trade_number, maker.id, maker.price, size, notional, taker_fee, maker_fee)
        )

    def self_trade(
        self, taker: RefOrder, maker: RefOrder, size: int, wanted: int, fee_bps: int
    ) -> tuple[int, int]:
        """Returns what is wanted after it and the money that it used up."""
        decreased = spent = 0
        if taker.self_trade == w.DC:
            decreased = size
            notional = exact_notional(maker.price, size)
            spent = notional + fee(notional, fee_bps)
            maker.size -= size
            if taker.size is not None:
                taker.size -= size
            if maker.remaining == 0:
                maker.done = w.SELF_TRADE
            if wanted == size:
                taker.done = w.SELF_TRADE
        if taker.self_trade in (w.CO, w.CB):
            maker.done = w.SELF_TRADE
        if taker.self_trade in (w.CN, w.CB):
            taker.done = w.SELF_TRADE
        self.steps.append((0, maker.id, maker.price, decreased, 0, 0, 0))
        return wanted - decreased, spent

    # The same text as the real book hashes, from this book's own state

    def resting(self) -> list[RefOrder]:
        bids = [o for o in self.open_orders() if o.side == w.BUY]
        asks = [o for o in self.open_orders() if o.side == w.SELL]
        return sorted(bids, key=lambda o: (-o.price, o.priority)) + sorted(
            asks, key=lambda o: (o.price, o.priority)
        )

    def state_hash(self) -> str:
        lines = [f"{self.event_number} {self.trade_number}\n"]
        for o in self.resting():
            lines.append(
                f"{o.side} {o.price} {o.id} {o.owner} {o.size} {o.remaining} {o.hold} "
                f"{o.priority} {o.notional} {o.fees}\n"
            )
        return hashlib.sha256("".join(lines).encode()).hexdigest()
