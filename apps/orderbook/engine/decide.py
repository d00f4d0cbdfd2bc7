"""One command after the other: the book's decision, its money, and what is to be recorded.

Pure like the book: locked balances and the commands of a batch in, the contents of one
transaction out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from apps.orderbook.engine.book import Order, Step
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.book.money import hold_of
from apps.orderbook.engine.command import CANCEL, PLACE, Command, order_of
from apps.orderbook.engine.journal import cancel_body, chain, place_body
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.settlement import Movement, Wallets, settle_cancel, settle_order


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


@dataclass(slots=True)
class Decisions:
    """What a batch makes of one market.

    `placed` are the batch's own orders and `changed` those from before it, both by id; `fills`
    are the steps that traded; `levels` are the (side, price) whose size is not what it was.
    """

    market: Market
    wallets: Wallets
    at_us: int
    placed: dict[int, Placed] = field(default_factory=dict)
    changed: dict[int, Order] = field(default_factory=dict)
    fills: list[Step] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    levels: set[tuple[int, int]] = field(default_factory=set)
    sequence_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.sequence_before = self.market.sequence

    def decide(self, command: Command) -> None:
        """Carry out the market's next command."""
        if command.kind == PLACE:
            self._place(command)
        else:
            self._cancel(command)

    def _place(self, command: Command) -> None:
        market, book, steps = self.market, self.market.book, []
        order = order_of(command, market.maker_bps, market.taker_bps)
        cover = cover_of(order, command.funds, self.wallets.of_hold(order).available)
        if market.is_open:
            steps = book.place(order, cover, command.funds)
        else:
            book.refuse(order, w.NOT_OPEN)
        refused = order.done >= w.INSUFFICIENT_FUNDS and not steps
        self.placed[order.id] = Placed(command, order, refused)
        body = place_body(
            command, order, steps, at_us=self.at_us, available=cover, is_open=market.is_open
        )
        if refused:
            self._record(command, body, 0)
            return
        self.movements += settle_order(order, steps, self.wallets)
        messages = 2  # received, then open or done
        for step in steps:
            maker = step[3]
            self._touch(maker)
            if step[0] == w.MATCH:
                self.fills.append(step)
                messages += 2 if maker.done else 1
            elif maker.done or step[5]:
                messages += 1
        if not order.done:
            self.levels.add((order.side, order.price))
        self._record(command, body, messages)

    def _cancel(self, command: Command) -> None:
        book = self.market.book
        if command.kind == CANCEL:
            assert command.target is not None
            found = book.cancel(command.owner, command.target)
            orders = [found] if found else []
        else:
            orders = book.cancel_all(command.owner)
        self._record(command, cancel_body(command, orders, at_us=self.at_us), len(orders))
        for order in orders:
            settle_cancel(order, self.wallets)
            order.hold = 0
            self._touch(order)

    def _touch(self, order: Order) -> None:
        if order.id not in self.placed:
            self.changed[order.id] = order
        self.levels.add((order.side, order.price))

    def _record(self, command: Command, body: str, messages: int) -> None:
        market = self.market
        market.sequence += messages
        market.hash = chain(market.hash, body)
        self.events.append(
            Event(market.book.event_number, command.id, market.sequence, body, market.hash)
        )


def cover_of(order: Order, funds: int | None, available: int) -> int:
    """As much of what is available as the verdict on an order depends on, for the journal."""
    if order.terms.kind == w.LIMIT:
        needed = hold_of(order.side, order.price, order.size, order.terms.taker_bps)
    elif order.side == w.BUY:
        needed = available if funds is None else funds
    else:
        needed = order.size if funds is None else available
    return min(available, needed)
