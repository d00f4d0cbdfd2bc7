"""The real book and the reference book, given the same commands and compared after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from apps.orderbook.engine.book import Amendment, Book, Order, Rules, Step, Terms, Turn
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.book.snapshot import levels
from apps.orderbook.engine.settlement import (
    Wallet,
    Wallets,
    settle_activation,
    settle_amendment,
    settle_cancel,
    settle_crosses,
    settle_order,
)
from tests.support.reference_book import ReferenceBook, RefOrder

FEES = 0  # the owner of the fees


@dataclass
class Ask:
    """A place command as a test writes it. No price: a market order; no size: by funds."""

    owner: int
    side: int
    price: int | None = None
    size: int | None = None
    funds: int | None = None
    time_in_force: int = w.GTC
    post_only: bool = False
    self_trade: int = w.DC
    maker_bps: int = 10
    taker_bps: int = 30
    stop: int = 0
    stop_price: int = 0
    expires_us: int = 0
    display: int = 0
    slippage_bps: int | None = None
    entity: int | None = None

    def real(self, order_id: int) -> Order:
        terms = Terms(
            kind=w.MARKET if self.price is None else w.LIMIT,
            time_in_force=self.time_in_force,
            post_only=self.post_only,
            self_trade=self.self_trade,
            maker_bps=self.maker_bps,
            taker_bps=self.taker_bps,
            stop=self.stop,
            stop_price=self.stop_price,
            expires_us=self.expires_us,
            display=self.display,
            slippage_bps=self.slippage_bps,
        )
        entity = self.owner if self.entity is None else self.entity
        price, size = self.price or 0, self.size or 0
        return Order(order_id, self.owner, entity, self.side, price, size, terms, self.funds)

    def reference(self, order_id: int) -> RefOrder:
        fields: dict[str, Any] = dict(vars(self))
        fields["entity"] = self.owner if self.entity is None else self.entity
        return RefOrder(id=order_id, **fields)


def plain(steps: Iterable[Step]) -> list[tuple[int, ...]]:
    """Steps as the reference book notes them."""
    return [
        (number, maker.id, price, size, notional, taker_fee, maker_fee)
        for _, number, _, maker, price, size, notional, taker_fee, maker_fee, *_ in steps
    ]


@dataclass
class BookPair:
    """`wallets` start with `money` of either asset for each of `owners`."""

    price_increment: int = 10_000
    size_increment: int = 100_000
    owners: int = 5
    money: int = 10**9
    next_id: int = 1
    now_us: int = 1
    movements: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = Book(self.price_increment, self.size_increment)
        self.reference = ReferenceBook(self.price_increment, self.size_increment)
        self.wallets = {
            owner: (Wallet(2 * owner, self.money, 0), Wallet(2 * owner + 1, self.money, 0))
            for owner in range(1, self.owners + 1)
        }
        self.fees = Wallet(1, 0, 0)
        base, quote = ({owner: pair[n] for owner, pair in self.wallets.items()} for n in (0, 1))
        self.accounts = Wallets(base, quote, self.fees)

    def available(self, owner: int, side: int) -> int:
        base, quote = self.wallets[owner]
        return (quote if side == w.BUY else base).available

    def place(self, ask: Ask) -> Order:
        self.expire()
        order, twin = ask.real(self.next_id), ask.reference(self.next_id)
        self.next_id += 1
        available = self.available(ask.owner, ask.side)
        steps = self.book.place(order, available, self.now_us)
        self.reference.place(twin, available, self.now_us)
        self.movements += settle_order(order, steps, self.accounts)
        assert plain(steps) == self.reference.steps
        self.activate()
        assert (order.done, order.filled_size, order.filled_notional, order.fees) == (
            twin.done, twin.filled, twin.notional, twin.fees
        )  # fmt: skip
        self.check()
        return order

    def activate(self) -> None:
        """Let in the stops that were set off, as the engine does."""
        activations = []
        while self.book.may_activate:
            activation = self.book.activate_next()
            self.movements += settle_activation(activation, self.accounts)
            order, released, steps = activation
            activations.append((order.id, released, plain(steps)))
        assert activations == self.reference.activations

    def expire(self) -> list[Order]:
        """End what is due, as the engine does before each command."""
        ended = self._expire()
        while turn := self.book.turn_due(self.now_us):
            assert self.reference.turn_due(self.now_us)
            self._turned(turn)
            ended += self._expire()
        assert not self.reference.turn_due(self.now_us)
        return ended

    def _turned(self, turn: Turn) -> None:
        self.movements += settle_crosses(turn.crosses, self.accounts)
        assert [
            (c.trade, c.maker.id, c.taker.id, *c[4:9]) for c in turn.crosses
        ] == self.reference.crosses
        self.activate()

    def change(self, rules: Rules, state: int | None = None) -> Turn | None:
        """Other rules, another state, or both."""
        self.expire()
        turn = self.book.change(rules, state, self.now_us)
        self.reference.change(rules, state, self.now_us)
        if turn:
            self._turned(turn)
        self.check()
        return turn

    def _expire(self) -> list[Order]:
        orders, twins = self.book.expire(self.now_us), self.reference.expire(self.now_us)
        assert [(o.id, o.done) for o in orders] == [(twin.id, twin.done) for twin in twins]
        for order in orders:
            settle_cancel(order, self.accounts)
        return orders

    def pass_time(self, us: int) -> list[Order]:
        """Later; a command says so."""
        self.now_us += us
        ended = self.expire()
        self.book.pass_time()
        self.reference.pass_time()
        self.check()
        return ended

    def set_switch(self, owner: int, at_us: int | None) -> None:
        self.expire()
        self.book.set_switch(owner, at_us)
        self.reference.set_switch(owner, at_us)
        self.check()

    def amend(
        self, owner: int, order_id: int, price: int | None = None, size: int | None = None
    ) -> Amendment:
        self.expire()
        order = self.book.get(owner, order_id)
        available = self.available(owner, order.side) if order else 0
        change = (owner, order_id, price, size, available, self.now_us)
        found = self.book.amend(*change)
        assert found.refused == self.reference.amend(*change)
        self.movements += settle_amendment(found, self.accounts)
        if not found.refused:
            assert plain(found.steps) == self.reference.steps
            self.activate()
        self.check()
        return found

    def cancel(self, owner: int, order_id: int) -> Order | None:
        self.expire()
        order = self.book.cancel(owner, order_id)
        twin = self.reference.cancel(owner, order_id)
        assert (order and order.id) == (twin and twin.id)
        if order and order.funds is None:
            assert order.remaining + order.hidden == twin.remaining
        if order:
            settle_cancel(order, self.accounts)
        self.check()
        return order

    def cancel_all(self, owner: int) -> list[Order]:
        self.expire()
        orders, twins = self.book.cancel_all(owner), self.reference.cancel_all(owner)
        assert [order.id for order in orders] == [twin.id for twin in twins]
        for order in orders:
            settle_cancel(order, self.accounts)
        self.check()
        return orders

    # What must hold after every command

    def check(self) -> None:
        assert self.book.state_hash() == self.reference.state_hash()
        self.check_levels()
        self.check_money()

    def check_levels(self) -> None:
        for side, ladder in ((w.BUY, self.book.bids), (w.SELL, self.book.asks)):
            sizes: Counter[int] = Counter()
            counts: Counter[int] = Counter()
            for order in self.reference.open_orders():
                if order.side == side and not order.parked:
                    sizes[order.price] += order.visible
                    counts[order.price] += 1
            shown = levels(ladder)
            assert [level.price for level in shown] == sorted(sizes, reverse=side == w.BUY)
            assert {level.price: level.size for level in shown} == sizes
            assert {level.price: level.orders for level in shown} == counts
            assert ladder.best == (shown[0].price if shown else None)

    def check_money(self) -> None:
        held: Counter[int] = Counter()
        for order in self.reference.open_orders():
            base, quote = self.wallets[order.owner]
            held[(quote if order.side == w.BUY else base).id] += order.hold
        moved = Counter({self.fees.id: 0})
        for source, target, amount, _, _ in self.movements:
            assert amount > 0
            assert source != target
            assert source % 2 == target % 2, "a transfer stays within its asset"
            moved[source] -= amount
            moved[target] += amount
        for wallet in [wallet for pair in self.wallets.values() for wallet in pair]:
            assert wallet.available >= 0
            assert wallet.held == held[wallet.id]
            assert wallet.available + wallet.held == self.money + moved[wallet.id]
        assert self.fees.available == moved[self.fees.id]
        assert self.fees.available >= 0
        assert self.fees.held == 0
