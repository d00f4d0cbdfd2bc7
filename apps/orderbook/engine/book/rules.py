"""What a market takes: its state, its limits on orders, and its price band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from apps.orderbook.engine.book.money import BPS, notional_of
from apps.orderbook.engine.book.order import SIZE_MAX, Order
from apps.orderbook.engine.book.words import (
    AUCTION,
    BUY,
    GTC,
    GTT,
    LIMIT,
    NOT_OPEN,
    OPEN,
    OUT_OF_LIMITS,
    POSTING,
)

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book


class Rules(NamedTuple):
    """Limits in micro-units, distances from a price in basis points, times in seconds.

    With `band_bps` a buy may ask no more, and a sell no less, than so far from the last trade.
    With `breaker_bps` trades further than that from the price at the beginning of the window halt
    the market for `breaker_pause_s` (0: until somebody opens it). A halt ends in an auction of
    `auction_s`. 0 turns each of these off.
    """

    size_min: int = 0
    size_max: int = SIZE_MAX
    notional_min: int = 0
    notional_max: int = SIZE_MAX
    band_bps: int = 0
    breaker_bps: int = 0
    breaker_window_s: int = 0
    breaker_pause_s: int = 0
    auction_s: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether there is an order within the limits. Two changes may be fine one by one only."""
        return self.size_min <= self.size_max and self.notional_min <= self.notional_max


NO_RULES: Final = Rules()


def refusal_of(book: Book, order: Order) -> int:
    """Why the market does not take a new order as it stands, 0 if it does."""
    terms = order.terms
    if book.state != OPEN:
        if book.state not in (POSTING, AUCTION) or terms.kind != LIMIT or terms.stop:
            return NOT_OPEN
        if terms.time_in_force not in (GTC, GTT):
            return NOT_OPEN
        if terms.post_only and book.state == AUCTION:
            return NOT_OPEN
    return limits_refusal_of(book.rules, terms.kind, order.price, order.size, order.funds)


def limits_refusal_of(rules: Rules, kind: int, price: int, size: int, funds: int | None) -> int:
    """OUT_OF_LIMITS for a size or a value that the market does not take, else 0."""
    if rules == NO_RULES:
        return 0
    if funds is not None:
        is_within = rules.notional_min <= funds <= rules.notional_max
    else:
        is_within = rules.size_min <= size <= rules.size_max
        if is_within and kind == LIMIT:
            is_within = rules.notional_min <= notional_of(price, size) <= rules.notional_max
    return 0 if is_within else OUT_OF_LIMITS


def is_out_of_band(book: Book, side: int, price: int) -> bool:
    """Whether an order at this price goes further from the last trade than the band allows."""
    bps, last = book.rules.band_bps, book.last_price
    if not bps or not last:
        return False
    if side == BUY:
        return price * BPS > last * (BPS + bps)
    return price * BPS < last * (BPS - bps)


def band_key(book: Book, side: int) -> int | None:
    """The worst level, as a key of the other side's ladder, that a market order may take."""
    bps, last = book.rules.band_bps, book.last_price
    if not bps or not last:
        return None
    if side == BUY:
        return -(last * (BPS + bps) // BPS)
    return -(last * (bps - BPS) // BPS)
