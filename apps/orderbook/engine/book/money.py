"""What a trade costs and what an order holds: the only place where these are computed.

Prices are quote micro-units per whole base unit, sizes base micro-units, everything else quote
micro-units. A market's `price_increment * size_increment` is a multiple of 10^6, so a notional is
exact. Only fees and rebates are rounded: both down, towards nothing paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apps.orderbook.engine.book.words import BUY, LIMIT

if TYPE_CHECKING:
    from apps.orderbook.engine.book.order import Order

MICRO: Final = 1_000_000
BPS: Final = 10_000


def notional_of(price: int, size: int) -> int:
    """What `size` is worth at `price`. Exact for whole increments."""
    return price * size // MICRO


def fee_of(notional: int, bps: int) -> int:
    """The fee on a trade, rounded down, paid in quote by either side."""
    return notional * bps // BPS


def maker_fee_of(notional: int, bps: int, taker_fee: int) -> int:
    """What the maker of a trade pays; below 0 it is a rebate, never more than the taker pays.

    So no trade takes from the fee account more than it brings.
    """
    if bps >= 0:
        return notional * bps // BPS
    return -min(notional * -bps // BPS, taker_fee)


def hold_of(side: int, price: int, remaining: int, taker_bps: int) -> int:
    """What a limit order holds: quote with the taker's fee for a buy, base for a sell.

    A hold covers every way the order can still be filled: a buy trades at its price or lower, a
    maker never pays more than a taker, and the floors of parts never exceed the floor of the sum.
    """
    if side == BUY:
        notional = price * remaining // MICRO
        return notional + notional * taker_bps // BPS
    return remaining


def parked_hold_of(order: Order) -> int | None:
    """What a stop order holds while it waits: all it can come to need. None: that has no bound.

    A market order has one when it sells a size or spends funds, fees included.
    """
    if order.terms.kind == LIMIT:
        hold = hold_of(order.side, order.price, order.size, order.terms.taker_bps)
    elif order.side == BUY:
        hold = order.funds or 0
    else:
        hold = order.size if order.funds is None else 0
    return hold if hold > 0 else None


def affordable_size(price: int, money: int, fee_bps: int, size_increment: int) -> int:
    """The largest size whose notional and fee together come to no more than `money`.

    `n + floor(n * bps / 10^4) <= money` exactly when `n * (10^4 + bps) < (money + 1) * 10^4`.
    """
    notional = ((money + 1) * BPS - 1) // (BPS + fee_bps)
    size = notional * MICRO // price
    return size - size % size_increment
