"""One command after the other: the book's decision, its money, and what is to be recorded.

Pure like the book: locked balances and the commands of a batch in, the contents of one
transaction out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from apps.orderbook.engine import journal
from apps.orderbook.engine.book import Order, Step, Turn
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.book.money import hold_of, parked_hold_of
from apps.orderbook.engine.command import (
    AMEND,
    CANCEL,
    CHANGE,
    PLACE,
    SET_SWITCH,
    STATE,
    TIME,
    Command,
    order_of,
)
from apps.orderbook.engine.feed import turn_messages
from apps.orderbook.engine.fees import Schedule
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.settlement import (
    Movement,
    Wallets,
    settle_activation,
    settle_amendment,
    settle_cancel,
    settle_crosses,
    settle_order,
)

SECOND_US: Final = 1_000_000


@dataclass(slots=True)
class Event:
    """The event of one command. `sequence` is that of its last market data message."""

    number: int
    command: int
    sequence: int
    body: str
    hash: bytes


@dataclass(slots=True)
class Placed:
    """An order of this batch with the command that asked for it."""

    command: Command
    order: Order
    refused: bool

    @property
    def rests_as_asked(self) -> bool:
        """Is it in the book as its command says, and has nothing happened to it?"""
        order, asked = self.order, self.command
        if order.done or order.parked or order.filled_notional:
            return False
        return order.remaining + order.hidden == asked.size and order.price == asked.price


@dataclass(slots=True)
class Decisions:
    """What a batch makes of one market.

    `placed` are the batch's own orders and `changed` those from before it, both by id; `moved`
    are those of `changed` that have another place. `fills` are the steps that traded; `levels`
    are the (side, price) whose size is not what it was; `switches` are the owners whose dead
    man's switch is not what it was. `is_other` is whether the market's state, rules or fees are
    others.
    """

    market: Market
    wallets: Wallets
    at_us: int
    placed: dict[int, Placed] = field(default_factory=dict)
    changed: dict[int, Order] = field(default_factory=dict)
    moved: dict[int, Order] = field(default_factory=dict)
    fills: list[Step] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    levels: set[tuple[int, int]] = field(default_factory=set)
    switches: set[int] = field(default_factory=set)
    is_other: bool = False
    sequence_before: int = field(init=False)
    _messages: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.sequence_before = self.market.sequence

    def decide(self, command: Command) -> None:
        """Carry out the market's next command, after what was due before it."""
        book = self.market.book
        is_due = book.clock.due_us <= self.at_us or not book.event_number
        due, state = self._before() if is_due else "", book.state
        if command.kind == PLACE:
            body = self._place(command, due)
        elif command.kind == AMEND:
            body = self._amend(command, due)
        elif command.kind == SET_SWITCH:
            body = self._set_switch(command, due)
        elif command.kind == CHANGE:
            body = self._change(command, due)
        elif command.kind == TIME:
            book.pass_time()
            body = journal.time_body(command, due, at_us=self.at_us)
        elif command.kind == STATE:
            book.pass_time()
            body = journal.state_body(command, due, at_us=self.at_us, state=book.state_hash())
        else:
            body = self._cancel(command, due)
        self.is_other |= book.state != state
        self._record(command, body)

    def _before(self) -> str:
        """What comes before the command, as the event has it."""
        book = self.market.book
        parts = [] if book.event_number else [journal.beginning_text(book)]
        parts.append(self._expire())
        while turn := book.turn_due(self.at_us):
            parts += self._turned(turn), self._expire()
        return ",".join(filter(None, parts))

    def _turned(self, turn: Turn) -> str:
        """Settle what an auction came to. Returns the turn as the event has it."""
        self.is_other = True
        text = journal.turn_text(turn)
        self.movements += settle_crosses(turn.crosses, self.wallets)
        for c in turn.crosses:
            self._touch(c.maker)
            self._touch(c.taker)
            if c.trade:
                self.fills.append(
                    (w.MATCH, c.trade, c.taker, c.maker, c.price, c.size, c.notional,
                     c.taker_fee, c.maker_fee, c.of_maker.released, c.of_maker.left,
                     c.of_maker.fresh)
                )  # fmt: skip
        self._messages += len(turn_messages(json.loads(text)))
        return self._set_off(text)

    def _change(self, command: Command, due: str) -> str:
        book = self.market.book
        rules, state, fees = journal.changed(book.rules, command.rules or "{}")
        turn = book.change(rules, state, self.at_us)
        self.is_other = True
        if fees:
            self.market.schedule = Schedule.of_change(fees)
        text = self._turned(turn) if turn else ""
        return journal.change_body(command, text, due, at_us=self.at_us)

    def _expire(self) -> str:
        """End what is due. Returns it as the event has it."""
        switches = self.market.book.clock.switches
        before = set(switches)
        ended = self.market.book.expire(self.at_us)
        self.switches |= before - switches.keys()
        return self._ended(ended)

    def _place(self, command: Command, due: str) -> str:
        market, book = self.market, self.market.book
        order = order_of(command, *market.rates_of(command.owner))
        cover = cover_of(order, self.wallets.of_hold(order).available)
        steps = book.place(order, cover, self.at_us)
        refused = order.done >= w.INSUFFICIENT_FUNDS and not steps
        self.placed[order.id] = Placed(command, order, refused)
        body = journal.place_body(command, order, steps, due, at_us=self.at_us, available=cover)
        if refused:
            return body
        self.movements += settle_order(order, steps, self.wallets)
        if not order.parked:
            self._tell(order, steps)
        return self._set_off(body) if book.stops.triggered else body

    def _set_off(self, body: str) -> str:
        """Let in the stop orders that were set off. Returns the event, or the turn, with them."""
        book, then = self.market.book, []
        while book.may_activate:
            activation = book.activate_next()
            then.append(journal.activation_text(activation))
            self.movements += settle_activation(activation, self.wallets)
            self._tell(activation.order, activation.steps)
            if activation.order.id not in self.placed:
                self.changed[activation.order.id] = activation.order
                self.moved[activation.order.id] = activation.order
        return journal.with_activations(body, then) if then else body

    def _tell(self, order: Order, steps: Sequence[Step]) -> None:
        """Count the messages of an order that came in, and note what it touched."""
        self._messages += 2  # received, then open or done
        for step in steps:
            maker = step[3]
            self._touch(maker)
            if step[0] == w.MATCH:
                self.fills.append(step)
                self._messages += 1 if step[10] else 2  # match, then open or done
            elif step[0] == w.SELF_CANCEL:
                self._messages += 1
            elif step[5]:
                self._messages += 2 if step[11] else 1  # change, then open
        if not order.done:
            self.levels.add((order.side, order.price))

    def _amend(self, command: Command, due: str) -> str:
        book = self.market.book
        assert command.target is not None
        before = book.get(command.owner, command.target)
        cover = amend_cover_of(before, command, self.wallets) if before else 0
        found = book.amend(
            command.owner, command.target, command.price, command.size, cover, self.at_us
        )
        body = journal.amend_body(command, found, due, at_us=self.at_us, available=cover)
        if found.refused:
            return body
        order = found.order
        assert order is not None
        self.movements += settle_amendment(found, self.wallets)
        self._messages += 1  # change
        if found.steps or order.done:
            self._messages -= 1  # counted with what is told of an order that comes in
            self._tell(order, found.steps)
        self.levels |= {(order.side, found.old_price), (order.side, order.price)}
        if order.id in self.placed:
            self.placed[order.id].order = order
        else:
            self.changed[order.id] = self.moved[order.id] = order
        return self._set_off(body) if book.stops.triggered else body

    def _cancel(self, command: Command, due: str) -> str:
        book = self.market.book
        if command.kind == CANCEL:
            assert command.target is not None
            found = book.cancel(command.owner, command.target)
            orders = [found] if found else []
        else:
            orders = book.cancel_all(command.owner)
        return journal.cancel_body(command, due, self._ended(orders), at_us=self.at_us)

    def _set_switch(self, command: Command, due: str) -> str:
        timeout_s = command.timeout_s or 0
        falls_us = self.at_us + timeout_s * SECOND_US if timeout_s else None
        self.market.book.set_switch(command.owner, falls_us)
        self.switches.add(command.owner)
        return journal.switch_body(command, due, at_us=self.at_us, falls_us=falls_us)

    def _ended(self, orders: Sequence[Order]) -> str:
        """Give back what these orders held. Returns them as the event has them."""
        text = journal.orders_text(orders)
        for order in orders:
            settle_cancel(order, self.wallets)
            order.hold = 0
            if order.id not in self.placed:
                self.changed[order.id] = order
            if not order.parked:
                self.levels.add((order.side, order.price))
                self._messages += 1
        return text

    def _touch(self, order: Order) -> None:
        if order.id not in self.placed:
            self.changed[order.id] = order
            if order.terms.display:
                self.moved[order.id] = order
        self.levels.add((order.side, order.price))

    def _record(self, command: Command, body: str) -> None:
        market = self.market
        market.sequence += self._messages
        self._messages = 0
        market.hash = journal.chain(market.hash, body)
        self.events.append(
            Event(market.book.event_number, command.id, market.sequence, body, market.hash)
        )


def amend_cover_of(order: Order, command: Command, wallets: Wallets) -> int:
    """As much of what is available as the verdict on a change depends on."""
    price, size = command.price or order.price, command.size or order.size
    left = max(size - order.filled_size, 0)
    more = hold_of(order.side, price, left, order.terms.taker_bps) - order.hold
    return max(min(wallets.of_hold(order).available, more), 0)


def cover_of(order: Order, available: int) -> int:
    """As much of what is available as the verdict on an order depends on, for the journal."""
    if order.terms.kind == w.LIMIT:
        needed = hold_of(order.side, order.price, order.size, order.terms.taker_bps)
    elif order.terms.stop and (hold := parked_hold_of(order)) is not None:
        needed = hold
    elif order.side == w.BUY:
        needed = available if order.funds is None else order.funds
    else:
        needed = order.size if order.funds is None else available
    return min(available, needed)
