"""The circuit breaker: prices that run too far too fast halt the market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apps.orderbook.engine.book.ladder import LAST_LEVEL, Ladder
from apps.orderbook.engine.book.money import BPS
from apps.orderbook.engine.book.words import HALTED

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book

SECOND_US: Final = 1_000_000


def last_key(book: Book, ladder: Ladder) -> int:
    """The worst level of the ladder that may trade now, as a key; beyond it the breaker trips.

    A window begins with the first order that meets the other side after the last one ended; what
    counts in it is the price of the last trade before it. Without one there is no window.
    """
    rules = book.rules
    if not book.last_price:
        return LAST_LEVEL
    if book.now_us >= book.window_until_us:
        book.window_price = book.last_price
        book.window_until_us = book.now_us + rules.breaker_window_s * SECOND_US
    if ladder.sign < 0:
        return -(book.window_price * (BPS + rules.breaker_bps) // BPS)
    return -(book.window_price * (rules.breaker_bps - BPS) // BPS)


def trip(book: Book) -> None:
    """Halt the market. What is left of the order that got here may rest in the crossed book."""
    pause_s = book.rules.breaker_pause_s
    book.set_state(HALTED, book.now_us + pause_s * SECOND_US if pause_s else 0)
