"""The book of one product: what trades with what, at which price, in which order.

Pure and deterministic: the same calls give the same trades, holds and hashes, whoever makes
them. Whatever comes from outside (money available, fees, time) is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from apps.orderbook.engine.book.amending import Amendment, amend
from apps.orderbook.engine.book.clock import Clock
from apps.orderbook.engine.book.entering import is_settled, may_rest, meet
from apps.orderbook.engine.book.ladder import Ladder
from apps.orderbook.engine.book.market import place_market
from apps.orderbook.engine.book.matching import take
from apps.orderbook.engine.book.money import BPS, MICRO, hold_of, parked_hold_of
from apps.orderbook.engine.book.order import TURN_BITS, Activation, Order, Step
from apps.orderbook.engine.book.orders import OpenOrders
from apps.orderbook.engine.book.rules import NO_RULES, Rules
from apps.orderbook.engine.book.state_hash import state_hash
from apps.orderbook.engine.book.stops import Stops
from apps.orderbook.engine.book.turns import Turn, reopen, turn_to
from apps.orderbook.engine.book.words import (
    AUCTION,
    BUY,
    CANCELED,
    EXPIRED,
    INSUFFICIENT_FUNDS,
    INVALID,
    LIMIT,
    OPEN,
    SELL,
)


class Book:
    """Price-time priority over the resting orders of one product.

    Every command is one call of `place`, `amend`, `cancel`, `cancel_all`, `set_switch`, `change`
    or `pass_time`. Before it, when something is due, come `expire` and `turn_due` until there is
    no turn; after it and after each turn `activate_next` while `may_activate`. `event_number`
    counts the commands and `trade_number` the trades, both without a gap.
    """

    def __init__(self, price_increment: int, size_increment: int) -> None:
        assert price_increment > 0
        assert size_increment > 0
        assert price_increment * size_increment % MICRO == 0, "a notional would not be exact"
        self.price_increment = price_increment
        self.size_increment = size_increment
        self.bids = Ladder(BUY)
        self.asks = Ladder(SELL)
        self.stops = Stops()
        self.clock = Clock()
        self.orders = OpenOrders()
        self.event_number = 0
        self.trade_number = 0
        self.last_price = 0  # 0 before the first trade
        self.state = OPEN
        self.until_us = 0  # when the state ends by itself; 0: never
        self.rules = NO_RULES
        self.now_us = 0
        self.window_price = 0  # what the breaker measures from, until the window ends
        self.window_until_us = 0
        # Open, and without rules but for sizes: then most checks can be left out, and an order of
        # one of these sizes is let in. Otherwise there are no such sizes.
        self.is_plain = True
        self._size_min, self._size_max = NO_RULES.size_min, NO_RULES.size_max
        self._turn = 0

    def begin(self, rules: Rules, state: int) -> None:
        """What applies before the first command."""
        assert not self.event_number, "the book is in use"
        self.rules = rules
        self.set_state(state, 0)

    def set_state(self, state: int, until_us: int) -> None:
        """The state from now on. `turn_to` is what does it properly."""
        self.state, self.until_us = state, until_us
        beside_sizes = self.rules._replace(
            size_min=NO_RULES.size_min, size_max=NO_RULES.size_max, auction_s=NO_RULES.auction_s
        )
        self.is_plain = state == OPEN and beside_sizes == NO_RULES
        self._size_min = self.rules.size_min
        self._size_max = self.rules.size_max if self.is_plain else self._size_min - 1
        if until_us:
            self.clock.end_state(until_us)

    def place(
        self, order: Order, available: int, at_us: int = 0, priority: int = 0
    ) -> Sequence[Step]:
        """Match a new order and let what is left of it rest. Returns the steps in order.

        `available` is what its owner can spend: quote for a buy, base for a sell. What came of
        the order stands on it: `remaining`, `hold`, `filled_notional`, `fees`, `parked`, `done`.
        With a `priority` it is no command, but an order that comes in within one.

        Most orders are plain ones that rest or trade. What they need is spelled out here, without
        the calls: `hold_of`, `Ladder.add`, `OpenOrders.add`.
        """
        terms, side, price, size = order.terms, order.side, order.price, order.remaining
        if not priority:
            self.event_number += 1
            if not (terms.is_plain and self._size_min <= size <= self._size_max):
                self.now_us = at_us
                if is_settled(self, order, available):
                    return ()
            if self._turn:
                priority = self._turn_after_others()
        if terms.kind != LIMIT:
            return place_market(self, order, available)
        if price <= 0 or size <= 0 or price % self.price_increment or size % self.size_increment:
            order.done = INVALID
            return ()
        if side == BUY:
            own, opposite, key, limit_key = self.bids, self.asks, price, -price
            hold = price * size // MICRO
            hold += hold * terms.taker_bps // BPS
        else:
            own, opposite, key, limit_key = self.asks, self.bids, -price, price
            hold = size
        if hold > available:
            order.done = INSUFFICIENT_FUNDS
            return ()
        steps: Sequence[Step] = ()
        keys, is_plain = opposite.keys, self.is_plain
        if (keys and keys[-1] >= limit_key) or not is_plain:
            if is_plain and terms.is_plain and not terms.post_only:
                steps = take(self, order, opposite, limit_key)
            else:
                steps = meet(self, order, opposite, limit_key)
            if order.done:
                return steps
            hold = hold_of(side, price, order.remaining, terms.taker_bps)
        if not terms.is_plain and not may_rest(self, order):
            return steps
        order.hold = hold
        order.priority = priority or self.event_number << TURN_BITS
        level = own.levels.get(key) or own.open(key)
        level.queue.append(order)
        level.count += 1
        level.size += order.remaining
        self.orders.by_id[order.id] = order
        return steps

    def amend(
        self,
        owner: int,
        order_id: int,
        price: int | None,
        size: int | None,
        available: int,
        at_us: int = 0,
    ) -> Amendment:
        """Change the price or the size, or both, of an order that rests."""
        self.event_number += 1
        self.now_us = at_us
        return amend(self, self.orders.get(owner, order_id), price, size, available)

    def change(self, rules: Rules, state: int | None, at_us: int) -> Turn | None:
        """Change what the market takes, and its state if there is one. To open a market that was
        halted is to end the halt, by an auction if it has them."""
        self.event_number += 1
        self.now_us = at_us
        self.rules = rules
        if state is None:
            self.set_state(self.state, self.until_us)
            return None
        if state == OPEN:
            return reopen(self, at_us)
        return turn_to(self, state, at_us, rules.auction_s if state == AUCTION else 0)

    def cancel(self, owner: int, order_id: int) -> Order | None:
        """Cancel one order of an owner. Returns it, its `hold` being what it gives back."""
        self.event_number += 1
        order = self.orders.by_id.get(order_id)
        if order is None or order.owner != owner:
            return None
        self._withdraw(order, CANCELED)
        return order

    def cancel_all(self, owner: int) -> list[Order]:
        """Cancel all orders of an owner. Returns them by id, as `cancel` does."""
        self.event_number += 1
        return self._cancel_all(owner)

    def set_switch(self, owner: int, at_us: int | None) -> None:
        """Set the owner's dead man's switch to a time, instead of any before; None: clear it."""
        self.event_number += 1
        if at_us is None:
            self.clock.clear_switch(owner)
        else:
            self.clock.set_switch(owner, at_us)

    def pass_time(self) -> None:
        """Count a command that only says what time it is."""
        self.event_number += 1

    # Around a command

    def expire(self, at_us: int) -> list[Order]:
        """End what is due by now: orders whose time is over, and all those of fallen switches.

        They come in the order of their times; each `hold` is what it gives back. Ends before the
        market's next turn.
        """
        ended: list[Order] = []
        self._turn = max(self._turn, (self.event_number + 1) << TURN_BITS)
        while self.clock.due_us <= at_us:
            due_us, order_id, owner = self.clock.heap[0]
            if owner == 0 and due_us == self.until_us:
                break
            self.clock.pop()
            if order_id == 0:
                if self.clock.switches.get(owner) == due_us:
                    self.clock.clear_switch(owner)
                    ended += self._cancel_all(owner)
            elif (order := self.orders.get(owner, order_id)) is not None:
                self._withdraw(order, EXPIRED)
                ended.append(order)
        return ended

    def turn_due(self, at_us: int) -> Turn | None:
        """Let the market's state end if its time is over. Ask after `expire`, and then again."""
        due_us = self.until_us
        if not due_us or due_us > at_us:
            return None
        self.clock.pop()
        self.now_us = due_us
        return reopen(self, due_us)

    def next_due(self) -> int:
        """When something really is due next. Forgets what is not due any more."""
        clock = self.clock
        while clock.heap:
            due_us, order_id, owner = clock.heap[0]
            if order_id:
                is_live = self.orders.get(owner, order_id) is not None
            else:
                is_live = (clock.switches.get(owner) if owner else self.until_us) == due_us
            if is_live:
                break
            clock.pop()
        return clock.due_us

    def activate_next(self) -> Activation:
        """Let the next stop order in that was set off. Ask while `stops.triggered`."""
        order = self.stops.triggered.popleft()
        self.orders.remove(order)
        released, order.hold, order.parked, order.priority = order.hold, 0, False, 0
        return Activation(order, released, self.place(order, released, priority=self.next_turn()))

    @property
    def may_activate(self) -> bool:
        """Whether a stop order that was set off comes in next. When the market has halted they wait
        again: its opening sets off those whose price the last trade has reached."""
        if self.stops.triggered and self.state != OPEN:
            self.stops.take_back()
        return bool(self.stops.triggered)

    # Inside a command

    def next_turn(self) -> int:
        """A priority behind all that were given so far."""
        self._turn = max(self._turn, self.event_number << TURN_BITS) + 1
        return self._turn

    def _turn_after_others(self) -> int:
        """A priority behind those of the same event, 0 when it has given none."""
        if self._turn > self.event_number << TURN_BITS:
            return self.next_turn()
        self._turn = 0
        return 0

    def _cancel_all(self, owner: int) -> list[Order]:
        orders = self.orders.of(owner)
        for order in orders:
            self._withdraw(order, CANCELED)
        return orders

    def _withdraw(self, order: Order, reason: int) -> None:
        del self.orders.by_id[order.id]
        order.done = reason
        if order.parked:
            self.stops.remove(order)
        else:
            (self.bids if order.side == BUY else self.asks).remove(order)

    # What is there

    def side(self, side: int) -> Ladder:
        return self.bids if side == BUY else self.asks

    def __len__(self) -> int:
        return len(self.orders)

    def get(self, owner: int, order_id: int) -> Order | None:
        return self.orders.get(owner, order_id)

    def resting(self) -> Iterator[Order]:
        """All resting orders by priority, bids first."""
        yield from self.bids.walk()
        yield from self.asks.walk()

    def load(
        self,
        orders: Iterable[Order],
        event_number: int,
        trade_number: int,
        last_price: int = 0,
        switches: Iterable[tuple[int, int]] = (),
        state: int = OPEN,
        until_us: int = 0,
        rules: Rules = NO_RULES,
        window: tuple[int, int] = (0, 0),
    ) -> None:
        """Fill an empty book with orders that were open before, in any sequence."""
        assert not self.orders, "the book is in use"
        for order in sorted(orders, key=lambda order: order.priority):
            assert not order.done
            assert order.remaining > 0 or order.funds
            if order.parked:
                assert order.hold == parked_hold_of(order)
                self.stops.add(order)
            else:
                assert order.hold == hold_of(
                    order.side, order.price, order.remaining + order.hidden, order.terms.taker_bps
                )
                self.side(order.side).add(order)
            self.orders.add(order)
            if order.terms.expires_us:
                self.clock.end_order(order.terms.expires_us, order.id, order.owner)
        for owner, at_us in switches:
            self.clock.set_switch(owner, at_us)
        self.event_number = event_number
        self.trade_number = trade_number
        self.last_price = last_price
        self.rules = rules
        self.set_state(state, until_us)
        self.window_price, self.window_until_us = window

    def state_hash(self) -> str:
        """SHA-256 over everything that decides what comes next: equal for equal books only."""
        return state_hash(self)
