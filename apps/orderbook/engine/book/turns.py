"""How a market goes from one state to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apps.orderbook.engine.book.auction import Cross, uncross
from apps.orderbook.engine.book.breaker import SECOND_US
from apps.orderbook.engine.book.words import AUCTION, HALTED, OPEN, POSTING

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book


class Turn(NamedTuple):
    """The state that a market has from now on, until a time if that is not 0.

    `crosses` are what traded because an auction ended, or because orders of a halt could meet.
    """

    state: int
    until_us: int
    crosses: list[Cross]


def turn_to(book: Book, state: int, at_us: int, duration_s: int = 0) -> Turn:
    """Give the market another state. Where orders may meet, those that can do so first."""
    crosses = uncross(book) if state in (OPEN, POSTING) else []
    book.set_state(state, at_us + duration_s * SECOND_US if duration_s else 0)
    if state == OPEN:
        book.window_until_us = 0  # the breaker looks anew
        if book.stops and book.last_price:
            book.stops.trigger(book.last_price, book.last_price)
    return Turn(state, book.until_us, crosses)


def reopen(book: Book, at_us: int) -> Turn:
    """End a halt: by an auction if the market has them."""
    if book.state == HALTED and book.rules.auction_s:
        return turn_to(book, AUCTION, at_us, book.rules.auction_s)
    return turn_to(book, OPEN, at_us)
