"""A slow, obviously right order book: the oracle of `apps.orderbook.engine.book`.

One flat list of orders. Whenever the best resting order is wanted, all of them are looked
through; whenever an affordable size is wanted, every size is tried; holds are worked out again
after each step. Nothing is shared with the real book but the words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor

from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.book.rules import Rules


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
    stop: int = 0
    stop_price: int = 0
    expires_us: int = 0
    display: int = 0
    slippage_bps: int | None = None
    worst: int | None = None  # the price up to which a market order may slip
    shown: int = 0  # what is left of an iceberg's part in sight
    parked: bool = False
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
    def visible(self) -> int:
        """What others can trade with before it goes to the back of the queue."""
        return min(self.shown, self.remaining) if self.display else self.remaining

    @property
    def hold(self) -> int:
        """What a resting order holds: for a buy the price of the rest and the highest fee."""
        if self.done:
            return 0
        if self.funds is not None:
            return self.funds if self.side == w.BUY else 0
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
    turn: int = 0
    event_in_progress: int = 1
    state: int = w.OPEN
    until_us: int = 0
    rules: Rules = field(default_factory=Rules)
    now_us: int = 0
    window: tuple[int, int] = (0, 0)  # the price the breaker measures from, and till when
    # (trade number or 0, maker, taker, price, size, notional, maker's fee, taker's fee)
    crosses: list[tuple[int, ...]] = field(default_factory=list)
    last_price: int | None = None
    switches: dict[int, int] = field(default_factory=dict)
    # (order, what it had held, its steps) of each stop that the last command set off
    activations: list[tuple[int, int, list[tuple[int, ...]]]] = field(default_factory=list)
    # (trade number or 0, maker id, price, size, notional, taker's fee, maker's fee)
    steps: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)

    def open_orders(self) -> list[RefOrder]:
        return [order for order in self.orders if not order.done]

    def makers_for(self, taker: RefOrder) -> list[RefOrder]:
        """Resting orders that the taker's limit reaches, the first to trade with first."""
        found = [o for o in self.open_orders() if o.side != taker.side and not o.parked]
        limit = taker.worst if taker.price is None else taker.price
        if limit is not None and taker.side == w.BUY:
            found = [maker for maker in found if maker.price <= limit]
        elif limit is not None:
            found = [maker for maker in found if maker.price >= limit]
        cheapest_first = taker.side == w.BUY
        return sorted(found, key=lambda m: (m.price if cheapest_first else -m.price, m.priority))

    # Commands

    def place(self, order: RefOrder, available: int, at_us: int = 0) -> None:
        self.event_number += 1
        self.now_us = at_us
        self.steps, self.activations = [], []
        order.done = self.not_taken(order) or self.out_of_limits(order)
        if order.done:
            return
        if order.expires_us and order.expires_us <= at_us:
            order.done = w.EXPIRED
        elif order.stop and not self.reaches(self.last_price, order):
            self.park(order, available)
        else:
            priority = self.event_number * 2**20
            self.enter(order, available, self.next_turn() if self.turn else priority)
        placed = self.steps
        self.set_off(placed)
        self.steps = placed

    def next_turn(self) -> int:
        self.turn += 1
        return self.event_in_progress * 2**20 + self.turn

    def enter(self, order: RefOrder, available: int, priority: int) -> None:
        order.done = self.refusal(order, available)
        makers = [] if self.state == w.AUCTION else self.makers_for(order)
        bound = None
        if not order.done and (order.price is None or makers):
            bound = self.breaker_bound(order.side)
            if order.time_in_force == w.FOK and makers:
                makers = self.within(makers, order.side, bound)
                order.done = 0 if self.can_fill(order, makers) else w.NOT_FILLABLE
        if order.price is None and order.slippage_bps is not None and makers:
            # Whole basis points of the best price, rounded towards it.
            slip = floor(Fraction(makers[0].price * order.slippage_bps, 10_000))
            order.worst = makers[0].price + (slip if order.side == w.BUY else -slip)
        if order.price is None and (band := self.band(order.side)) is not None:
            worst = band if order.worst is None else order.worst
            order.worst = min(worst, band) if order.side == w.BUY else max(worst, band)
        if not order.done and self.state != w.AUCTION:
            self.match(order, available, bound)
        rests = order.price is not None and order.time_in_force in (w.GTC, w.GTT)
        if not order.done and rests:
            order.priority = priority
            order.shown = order.display
            self.orders.append(order)
        elif not order.done:
            order.done = w.NOT_FILLABLE

    def park(self, order: RefOrder, available: int) -> None:
        market_buy_by_size = order.price is None and order.side == w.BUY and order.funds is None
        market_sell_by_funds = order.side == w.SELL and order.funds is not None
        if self.malformed(order) or market_buy_by_size or market_sell_by_funds:
            order.done = w.INVALID
        elif order.hold > available:
            order.done = w.INSUFFICIENT_FUNDS
        else:
            order.parked = True
            order.priority = self.event_number * 2**20
            self.orders.append(order)

    def set_off(self, steps: list[tuple[int, ...]]) -> None:
        """Let in what the trades among these steps set off, and what that sets off, and so on."""
        queue: list[RefOrder] = []
        while True:
            prices = [price for number, _, price, *_ in steps if number]
            waiting = [o for o in self.open_orders() if o.parked and o not in queue]
            reached = [o for o in waiting if any(self.reaches(price, o) for price in prices)]
            queue += sorted(reached, key=lambda o: o.priority)
            if not queue:
                return
            if self.state != w.OPEN:
                return
            order = queue.pop(0)
            released = order.hold
            self.orders.remove(order)
            order.parked, self.steps = False, []
            order.priority = 0
            self.enter(order, released, self.next_turn())
            steps = self.steps
            self.activations.append((order.id, released, steps))

    def reaches(self, price: int | None, order: RefOrder) -> bool:
        if price is None:
            return False
        return price >= order.stop_price if order.stop == w.ENTRY else price <= order.stop_price

    def expire(self, at_us: int) -> list[RefOrder]:
        """Ended orders, in the order of their times; of one time, switches come first. What is
        due when the market's state ends, or later, comes after that."""
        ended: list[RefOrder] = []
        if self.event_in_progress != self.event_number + 1:
            self.event_in_progress, self.turn = self.event_number + 1, 0
        times = [(o.expires_us, o.id, o.owner) for o in self.open_orders() if o.expires_us]
        times += [(due_us, 0, owner) for owner, due_us in self.switches.items()]
        for due_us, order_id, owner in sorted(times):
            if due_us > at_us or (self.until_us and due_us >= self.until_us):
                break
            if order_id == 0:
                del self.switches[owner]
                ended += self.cancel_owned(owner)
                continue
            for order in self.open_orders():
                if order.id == order_id:
                    order.done = w.EXPIRED
                    ended.append(order)
        return ended

    def turn_due(self, at_us: int) -> bool:
        if not self.until_us or self.until_us > at_us:
            return False
        self.now_us = self.until_us
        self.reopen()
        return True

    def change(self, rules: Rules, state: int | None, at_us: int) -> None:
        self.event_number += 1
        self.activations, self.crosses = [], []
        self.now_us, self.rules = at_us, rules
        if state == w.OPEN:
            self.reopen()
        elif state is not None:
            self.turn_to(state, rules.auction_s if state == w.AUCTION else 0)

    def reopen(self) -> None:
        if self.state == w.HALTED and self.rules.auction_s:
            self.turn_to(w.AUCTION, self.rules.auction_s)
        else:
            self.turn_to(w.OPEN, 0)

    def turn_to(self, state: int, duration_s: int) -> None:
        self.crosses, self.activations = [], []
        if state in (w.OPEN, w.POSTING):
            self.uncross()
        self.halt_for(duration_s, state)
        if state == w.OPEN:
            self.window = self.window[0], 0
            if self.last_price is not None:
                self.set_off([(1, 0, self.last_price)])

    def halt_for(self, duration_s: int, state: int) -> None:
        self.state = state
        self.until_us = self.now_us + duration_s * 10**6 if duration_s else 0

    def sides(self) -> tuple[list[RefOrder], list[RefOrder]]:
        """Bids and asks, the first to trade first."""
        live = [o for o in self.open_orders() if not o.parked]
        bids = sorted((o for o in live if o.side == w.BUY), key=lambda o: (-o.price, o.priority))
        asks = sorted((o for o in live if o.side == w.SELL), key=lambda o: (o.price, o.priority))
        return bids, asks

    def clearing_price(self) -> int | None:
        """Try every price."""
        bids, asks = self.sides()
        options = []
        for price in sorted({order.price for order in bids + asks}):
            buyers = sum(bid.remaining for bid in bids if bid.price >= price)
            sellers = sum(ask.remaining for ask in asks if ask.price <= price)
            options.append((min(buyers, sellers), buyers - sellers, price))
        most = max((size for size, _, _ in options), default=0)
        if most == 0:
            return None
        options = [option for option in options if option[0] == most]
        least = min(abs(left) for _, left, _ in options)
        options = [option for option in options if abs(option[1]) == least]
        prices = [price for _, _, price in options]
        if all(left > 0 for _, left, _ in options):
            return max(prices)
        if all(left < 0 for _, left, _ in options):
            return min(prices)
        return min(prices, key=lambda price: (abs(price - (self.last_price or 0)), price))

    def uncross(self) -> None:
        while (price := self.clearing_price()) is not None:
            while True:
                bids, asks = self.sides()
                if not bids or not asks or not bids[0].price >= price >= asks[0].price:
                    break
                self.meet(bids[0], asks[0], price)

    def meet(self, bid: RefOrder, ask: RefOrder, price: int) -> None:
        earlier, later = (bid, ask) if bid.id < ask.id else (ask, bid)
        if later.post_only and not earlier.post_only:
            earlier, later = later, earlier
        size = min(bid.visible, ask.visible)
        if bid.entity != ask.entity:
            self.trade(later, earlier, size, price)
            number, _, _, _, notional, taker_fee, maker_fee = self.steps.pop()
            if later.remaining == 0:
                later.done = w.FILLED
            self.show_more(later, size)
            fees = (maker_fee, taker_fee)
            self.crosses.append((number, earlier.id, later.id, price, size, notional, *fees))
            return
        decreased = 0
        if later.self_trade == w.DC:
            decreased = size
            for order in (earlier, later):
                order.size -= size
                if order.remaining == 0:
                    order.done = w.SELF_TRADE
                self.show_more(order, size)
        if later.self_trade in (w.CO, w.CB):
            earlier.done = w.SELF_TRADE
        if later.self_trade in (w.CN, w.CB):
            later.done = w.SELF_TRADE
        self.crosses.append((0, earlier.id, later.id, price, decreased, 0, 0, 0))

    def set_switch(self, owner: int, at_us: int | None) -> None:
        self.event_number += 1
        self.switches.pop(owner, None)
        if at_us is not None:
            self.switches[owner] = at_us

    def pass_time(self) -> None:
        self.event_number += 1

    def cancel(self, owner: int, order_id: int) -> RefOrder | None:
        self.event_number += 1
        for order in self.open_orders():
            if order.id == order_id and order.owner == owner:
                order.done = w.CANCELED
                return order
        return None

    def cancel_all(self, owner: int) -> list[RefOrder]:
        self.event_number += 1
        return self.cancel_owned(owner)

    def cancel_owned(self, owner: int) -> list[RefOrder]:
        mine = [order for order in self.open_orders() if order.owner == owner]
        for order in mine:
            order.done = w.CANCELED
        return sorted(mine, key=lambda order: order.id)

    def amend(
        self,
        owner: int,
        order_id: int,
        price: int | None,
        size: int | None,
        available: int,
        at_us: int,
    ) -> int:
        """Returns why it was refused, 0 if it was not."""
        self.event_number += 1
        self.now_us = at_us
        self.steps, self.activations = [], []
        mine = [o for o in self.open_orders() if o.id == order_id and o.owner == owner]
        if not mine:
            return w.NOT_FOUND
        if self.state not in (w.OPEN, w.POSTING, w.AUCTION):
            return w.NOT_OPEN
        (order,) = mine
        price, size = price or order.price, size or order.size
        if order.parked or price % self.price_increment or size % self.size_increment:
            return w.INVALID
        if size <= order.filled:
            return w.INVALID
        new = replace(order, price=price, size=size)
        if self.out_of_limits(new):
            return w.OUT_OF_LIMITS
        if self.out_of_band(new):
            return w.OUT_OF_BAND
        if new.hold > available + order.hold:
            return w.INSUFFICIENT_FUNDS
        if price == order.price and size <= order.size:
            out_of_sight = order.remaining - order.visible
            shown = order.visible - max(0, order.size - size - out_of_sight)
            order.size, order.shown = size, shown
            return 0
        if (order.post_only or self.state == w.POSTING) and self.makers_for(new):
            return w.POST_ONLY
        self.orders.remove(order)
        self.enter(new, available + order.hold, self.next_turn())
        changed = self.steps
        self.set_off(changed)
        self.steps = changed
        return 0

    # Rules

    def not_taken(self, order: RefOrder) -> int:
        """What the state of the market does not let in."""
        rests = order.price is not None and order.time_in_force in (w.GTC, w.GTT)
        plain = rests and not order.stop
        fine = {
            w.OPEN: True,
            w.POSTING: plain,
            w.AUCTION: plain and not order.post_only,
            w.HALTED: False,
            w.CANCELING: False,
        }
        return 0 if fine[self.state] else w.NOT_OPEN

    def out_of_limits(self, order: RefOrder) -> int:
        rules, values, sizes = self.rules, [], []
        if rules == Rules():
            return 0
        if order.funds is not None:
            values.append(order.funds)
        else:
            sizes.append(order.size)
            if order.price is not None:
                values.append(order.price * order.size // 10**6)
        for value in values:
            if value < rules.notional_min or value > rules.notional_max:
                return w.OUT_OF_LIMITS
        for size in sizes:
            if size < rules.size_min or size > rules.size_max:
                return w.OUT_OF_LIMITS
        return 0

    def band(self, side: int) -> int | None:
        """The worst price that an order may name."""
        if not self.rules.band_bps or self.last_price is None:
            return None
        return self.so_far_from(self.last_price, self.rules.band_bps, side)

    def so_far_from(self, price: int, bps: int, side: int) -> int:
        """The last price within so many basis points, upwards for a buy, downwards for a sell."""
        if side == w.BUY:
            return floor(Fraction(price * (10_000 + bps), 10_000))
        return ceil(Fraction(price * (10_000 - bps), 10_000))

    def out_of_band(self, order: RefOrder) -> bool:
        band = self.band(order.side)
        if band is None or order.price is None:
            return False
        return order.price > band if order.side == w.BUY else order.price < band

    def breaker_bound(self, side: int) -> int | None:
        """The worst price at which a trade may happen now."""
        if not self.rules.breaker_bps or self.last_price is None:
            return None
        if self.now_us >= self.window[1]:
            self.window = self.last_price, self.now_us + self.rules.breaker_window_s * 10**6
        return self.so_far_from(self.window[0], self.rules.breaker_bps, side)

    def within(self, makers: list[RefOrder], side: int, bound: int | None) -> list[RefOrder]:
        if bound is None:
            return makers
        if side == w.BUY:
            return [maker for maker in makers if maker.price <= bound]
        return [maker for maker in makers if maker.price >= bound]

    def malformed(self, order: RefOrder) -> bool:
        return (
            (order.price is not None and (order.price <= 0 or order.price % self.price_increment))
            or (order.size is not None and (order.size <= 0 or order.size % self.size_increment))
            or (order.funds is not None and order.funds <= 0)
        )

    def refusal(self, order: RefOrder, available: int) -> int:
        if self.malformed(order):
            return w.INVALID
        if available < self.needed(order):
            return w.INSUFFICIENT_FUNDS
        if self.out_of_band(order):
            return w.OUT_OF_BAND
        takes_nothing = order.post_only or self.state == w.POSTING
        if takes_nothing and self.makers_for(order):
            return w.POST_ONLY
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
        return (others if taker.self_trade == w.CO else before_self) >= taker.remaining

    def match(self, taker: RefOrder, available: int, bound: int | None) -> None:
        by_funds = taker.funds is not None
        limit = None  # on money, for market orders
        if taker.price is None and taker.side == w.BUY:
            limit = taker.funds if by_funds else available
        elif by_funds:
            limit = taker.funds
        wanted = None if taker.size is None else taker.remaining
        if wanted is None:
            wanted = 10**30 if taker.side == w.BUY else available
            wanted -= wanted % self.size_increment
        fee_bps = taker.taker_bps if taker.side == w.BUY else 0
        while wanted > 0 and (makers := self.makers_for(taker)):
            maker = makers[0]
            if not self.within(makers[:1], taker.side, bound):
                most = min(wanted, self.size_increment)
                if limit is None or self.affordable(maker.price, limit, fee_bps, most):
                    self.halt_for(self.rules.breaker_pause_s, w.HALTED)
                break
            size = min(wanted, maker.visible)
            if limit is not None:
                size = self.affordable(maker.price, limit, fee_bps, size)
                if size == 0:
                    taker.done = self.out_of_money(taker)
                    return
            if maker.entity == taker.entity:
                if taker.self_trade == w.DC and not by_funds:
                    size = min(wanted, maker.visible)
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

    def trade(self, taker: RefOrder, maker: RefOrder, size: int, price: int | None = None) -> None:
        price = price or maker.price
        self.trade_number += 1
        notional = exact_notional(price, size)
        taker_fee, maker_fee = fee(notional, taker.taker_bps), fee(notional, maker.maker_bps)
        if maker.maker_bps < 0:  # a rebate, out of what the taker pays
            maker_fee = -min(floor(Fraction(notional * -maker.maker_bps, 10_000)), taker_fee)
        for order, paid in ((taker, taker_fee), (maker, maker_fee)):
            order.filled += size
            order.notional += notional
            order.fees += paid
        if maker.remaining == 0:
            maker.done = w.FILLED
        self.show_more(maker, size)
        self.last_price = price
        self.steps.append(
            (self.trade_number, maker.id, price, size, notional, taker_fee, maker_fee)
        )

    def show_more(self, maker: RefOrder, gone: int) -> None:
        """Once nothing of an iceberg is in sight its next part comes, last in the queue."""
        maker.shown -= gone
        if maker.display and maker.shown <= 0 and maker.remaining > 0:
            maker.shown = maker.display
            maker.priority = self.next_turn()

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
            self.show_more(maker, size)
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
        bids, asks = self.sides()
        return bids + asks

    def state_hash(self) -> str:
        lines = [f"{self.event_number} {self.trade_number} {self.last_price or 0}\n"]
        parked = [o for o in self.open_orders() if o.parked]
        by_stop = sorted(parked, key=lambda o: (-o.stop, o.stop_price, o.priority))
        for o in self.resting() + by_stop:
            stop, stop_price = (o.stop, o.stop_price) if o.parked else (0, 0)
            size = o.size or 0
            left = size - o.filled
            hidden = 0 if o.parked or not o.display else left - o.visible
            slippage = -1 if o.slippage_bps is None else o.slippage_bps
            lines.append(
                f"{o.side} {o.price or 0} {o.id} {o.owner} {o.entity} {size} {left - hidden} "
                f"{hidden} {o.funds or 0} {o.hold} {o.priority} {o.notional} {o.fees} "
                f"{stop} {stop_price} {o.expires_us} "
                f"{w.MARKET if o.price is None else w.LIMIT} {o.time_in_force} "
                f"{int(o.post_only)} {o.self_trade} {o.maker_bps} {o.taker_bps} {o.display} "
                f"{slippage}\n"
            )
        lines += [f"{owner} {at_us}\n" for owner, at_us in sorted(self.switches.items())]
        now = [self.state, self.until_us, *self.window, *self.rules]
        lines.append(" ".join(map(str, now)) + "\n")
        return hashlib.sha256("".join(lines).encode()).hexdigest()
