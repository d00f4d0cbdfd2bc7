"""What the book's decisions do to balances: pure arithmetic over wallets.

A wallet is one balance row while the engine has it locked. A hold moves an amount from available
to held; a trade moves it from one wallet to another and is one transfer per asset and fee.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from apps.orderbook.engine.book.order import Order, Step
from apps.orderbook.engine.book.words import BUY, MATCH

# Kinds of transfer, as `Transfer.Kind` stores them.
TRADE: Final = 1
FEE: Final = 2


class Wallet:
    """One balance row: `available` and `held` micro-units of its asset."""

    __slots__ = ("available", "before", "held", "id")

    def __init__(self, id: int, available: int, held: int) -> None:
        self.id = id
        self.available = available
        self.held = held
        self.before = (available, held)

    @property
    def changed(self) -> bool:
        return self.before != (self.available, self.held)


# By owner: what it has of the product's base and of its quote.
Wallets: TypeAlias = Mapping[int, tuple[Wallet, Wallet]]

# (from wallet, to wallet, amount, kind, number of the trade)
Movement: TypeAlias = tuple[int, int, int, int, int]


def settle_order(
    order: Order, steps: Iterable[Step], wallets: Wallets, fees: Wallet
) -> list[Movement]:
    """Apply a placed order and its steps. Returns the transfers that its trades are."""
    base, quote = wallets[order.owner]
    buys = order.side == BUY
    if buys:
        quote.available -= order.filled_notional + order.fees + order.hold
        quote.held += order.hold
        base.available += order.size - order.remaining
    else:
        base.available -= order.size - order.remaining + order.hold
        base.held += order.hold
        quote.available += order.filled_notional - order.fees
    movements: list[Movement] = []
    for kind, number, _, maker, _, size, notional, taker_fee, maker_fee, released in steps:
        maker_base, maker_quote = wallets[maker.owner]
        if kind != MATCH:
            held = maker_quote if maker.side == BUY else maker_base
            held.held -= released
            held.available += released
            continue
        if buys:
            maker_base.held -= size
            maker_quote.available += notional - maker_fee
            movements.append((maker_base.id, base.id, size, TRADE, number))
            movements.append((quote.id, maker_quote.id, notional, TRADE, number))
        else:
            maker_quote.held -= released
            maker_quote.available += released - notional - maker_fee
            maker_base.available += size
            movements.append((base.id, maker_base.id, size, TRADE, number))
            movements.append((maker_quote.id, quote.id, notional, TRADE, number))
        if taker_fee:
            movements.append((quote.id, fees.id, taker_fee, FEE, number))
        if maker_fee:
            movements.append((maker_quote.id, fees.id, maker_fee, FEE, number))
        fees.available += taker_fee + maker_fee
    return movements


def settle_cancel(order: Order, wallets: Wallets) -> None:
    """Give back what a cancelled order still held."""
    base, quote = wallets[order.owner]
    held = quote if order.side == BUY else base
    held.held -= order.hold
    held.available += order.hold
