"""Copies of a book as market data knows it: by price level (L2) and by order (L3)."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from apps.orderbook.engine.book.core import Book
from apps.orderbook.engine.book.ladder import Ladder


class PriceLevel(NamedTuple):
    """`size` base micro-units in so many `orders` at `price`."""

    price: int
    size: int
    orders: int


class RestingOrder(NamedTuple):
    price: int
    size: int
    order_id: int


def levels(ladder: Ladder, limit: int | None = None) -> list[PriceLevel]:
    """The best `limit` levels of one side, best first; all of them without a limit."""
    best_first = (ladder.levels[key] for key in islice(reversed(ladder.keys), limit))
    return [PriceLevel(level.price, level.size, level.count) for level in best_first]


def resting_orders(ladder: Ladder) -> list[RestingOrder]:
    """Every order of one side by priority."""
    return [RestingOrder(order.price, order.remaining, order.id) for order in ladder.walk()]


def level_size(book: Book, side: int, price: int) -> int:
    """What is left at one price, 0 when nothing is."""
    ladder = book.side(side)
    level = ladder.levels.get(price * ladder.sign)
    return level.size if level else 0
