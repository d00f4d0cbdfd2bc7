"""What the book's decisions do to balances: pure arithmetic over wallets.

A wallet is one balance row while the engine has it locked. A hold moves an amount from available
to held; a trade moves it from one wallet to another and is one transfer per asset and fee.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from apps.orderbook.engine.book.amending import Amendment
from apps.orderbook.engine.book.auction import Cross
from apps.orderbook.engine.book.order import Activation, Order, Step
from apps.orderbook.engine.book.words import BUY, MATCH

# Kinds of transfer, as `Transfer.Kind` stores them.
TRADE: Final = 1
FEE: Final = 2


class Wallet:
    """One balance row: `available` and `held` micro-units of its asset, as they were read or
    written and as the batch has made them. What is written is the difference."""

    __slots__ = ("available", "available_before", "held", "held_before", "id")

    def __init__(self, id: int, available: int, held: int) -> None:
        self.id = id
        self.reset(available, held)

    def reset(self, available: int, held: int) -> None:
        """This is what the row says."""
        self.available = self.available_before = available
        self.held = self.held_before = held

    @property
    def is_changed(self) -> bool:
        return self.available != self.available_before or self.held != self.held_before

    @property
    def more_available(self) -> int:
        return self.available - self.available_before

    @property
    def more_held(self) -> int:
        return self.held - self.held_before


class Wallets:
    """The locked balances that a market's batch can touch, by owner."""

    __slots__ = ("base", "fees", "quote")

    def __init__(self, base: dict[int, Wallet], quote: dict[int, Wallet], fees: Wallet) -> None:
        self.base = base
        self.quote = quote
        self.fees = fees

    def of_hold(self, order: Order) -> Wallet:
        """Where an order holds: what it would spend."""
        return (self.quote if order.side == BUY else self.base)[order.owner]


# (from wallet, to wallet, amount, kind, number of the trade)
Movement: TypeAlias = tuple[int, int, int, int, int]


def settle_order(order: Order, steps: Sequence[Step], wallets: Wallets) -> list[Movement]:
    """Apply a placed order and its steps. Returns the transfers that its trades are."""
    holding = wallets.of_hold(order)
    holding.available -= order.hold
    holding.held += order.hold
    movements: list[Movement] = []
    for step in steps:
        if step[0] == MATCH:
            _settle_match(order, step, wallets, movements)
        else:
            maker, released = step[3], step[9]
            holding = wallets.of_hold(maker)
            holding.held -= released
            holding.available += released
    return movements


def settle_activation(activation: Activation, wallets: Wallets) -> list[Movement]:
    """Apply a stop order that was set off: what it had held first, then as a placed one."""
    order, released, steps = activation
    holding = wallets.of_hold(order)
    holding.held -= released
    holding.available += released
    return settle_order(order, steps, wallets)


def settle_amendment(amendment: Amendment, wallets: Wallets) -> list[Movement]:
    """Apply a changed order: what it had held first, then as a placed one."""
    order = amendment.order
    if amendment.refused or order is None:
        return []
    holding = wallets.of_hold(order)
    holding.held -= amendment.released
    holding.available += amendment.released
    return settle_order(order, amendment.steps, wallets)


def settle_crosses(crosses: Sequence[Cross], wallets: Wallets) -> list[Movement]:
    """Apply what an auction came to: both orders had held what they give."""
    movements: list[Movement] = []
    for c in crosses:
        for order, less in ((c.maker, c.of_maker), (c.taker, c.of_taker)):
            holding = wallets.of_hold(order)
            holding.held -= less.released
            holding.available += less.released
        if c.kind == MATCH:
            _settle_cross(c, wallets, movements)
    return movements


def _settle_cross(c: Cross, wallets: Wallets, movements: list[Movement]) -> None:
    base, quote, fees = wallets.base, wallets.quote, wallets.fees
    buyer, seller = (c.maker, c.taker) if c.maker.side == BUY else (c.taker, c.maker)
    for order, fee in ((c.maker, c.maker_fee), (c.taker, c.taker_fee)):
        quote[order.owner].available -= fee
        fees.available += fee
    base[seller.owner].available -= c.size
    base[buyer.owner].available += c.size
    quote[buyer.owner].available -= c.notional
    quote[seller.owner].available += c.notional
    sold = (base[seller.owner].id, base[buyer.owner].id, c.size)
    paid = (quote[buyer.owner].id, quote[seller.owner].id, c.notional)
    movements += [(*sold, TRADE, c.trade), (*paid, TRADE, c.trade)]
    for order, fee in ((c.taker, c.taker_fee), (c.maker, c.maker_fee)):
        if fee > 0:
            movements.append((quote[order.owner].id, fees.id, fee, FEE, c.trade))
        elif fee:
            movements.append((fees.id, quote[order.owner].id, -fee, FEE, c.trade))


def _settle_match(order: Order, step: Step, wallets: Wallets, movements: list[Movement]) -> None:
    _, trade, _, maker, _, size, notional, taker_fee, maker_fee, released, *_ = step
    base, quote, fees = wallets.base, wallets.quote, wallets.fees
    maker_base, maker_quote = base[maker.owner], quote[maker.owner]
    taker_base, taker_quote = base[order.owner], quote[order.owner]
    if order.side == BUY:
        maker_base.held -= released
        maker_quote.available += notional - maker_fee
        taker_base.available += size
        taker_quote.available -= notional + taker_fee
        movements.append((maker_base.id, taker_base.id, size, TRADE, trade))
        movements.append((taker_quote.id, maker_quote.id, notional, TRADE, trade))
    else:
        maker_quote.held -= released
        maker_quote.available += released - notional - maker_fee
        maker_base.available += size
        taker_base.available -= size
        taker_quote.available += notional - taker_fee
        movements.append((taker_base.id, maker_base.id, size, TRADE, trade))
        movements.append((maker_quote.id, taker_quote.id, notional, TRADE, trade))
    if taker_fee:
        movements.append((taker_quote.id, fees.id, taker_fee, FEE, trade))
    if maker_fee > 0:
        movements.append((maker_quote.id, fees.id, maker_fee, FEE, trade))
    elif maker_fee:  # a rebate
        movements.append((fees.id, maker_quote.id, -maker_fee, FEE, trade))
    fees.available += taker_fee + maker_fee


def settle_cancel(order: Order, wallets: Wallets) -> None:
    """Give back what a cancelled order still held."""
    holding = wallets.of_hold(order)
    holding.held -= order.hold
    holding.available += order.hold
