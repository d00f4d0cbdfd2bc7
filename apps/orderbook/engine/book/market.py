"""Market orders: by size, or by an amount of quote money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.orderbook.engine.book.ladder import LAST_LEVEL, Ladder
from apps.orderbook.engine.book.matching import take
from apps.orderbook.engine.book.money import BPS
from apps.orderbook.engine.book.order import SIZE_MAX, Order, Step
from apps.orderbook.engine.book.purse import Purse
from apps.orderbook.engine.book.words import (
    BUY,
    FILLED,
    INSUFFICIENT_FUNDS,
    INVALID,
    NOT_FILLABLE,
)

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book


def limit_key_of(ladder: Ladder, order: Order) -> int:
    """How far the order may slip from the best price, rounded towards it."""
    bps, best = order.terms.slippage_bps, ladder.best
    if bps is None or best is None:
        return LAST_LEVEL
    if order.side == BUY:
        return -(best * (BPS + bps) // BPS)
    return -(best * (bps - BPS) // BPS)


def place_by_size(book: Book, order: Order, available: int) -> list[Step]:
    """Trade `order.size` at any price. A buy may spend all its owner has on it."""
    increment = book.size_increment
    if order.size <= 0 or order.size % increment:
        order.done = INVALID
        return []
    if available < (1 if order.side == BUY else order.size):
        order.done = INSUFFICIENT_FUNDS
        return []
    if order.side == BUY:
        purse = Purse(available, order.terms.taker_bps, increment, by_funds=False)
        steps = take(book, order, book.asks, limit_key_of(book.asks, order), purse)
    else:
        steps = take(book, order, book.bids, limit_key_of(book.bids, order))
    order.done = order.done or NOT_FILLABLE
    return steps


def place_by_funds(book: Book, order: Order, available: int, funds: int) -> list[Step]:
    """Trade until `funds` are spent, fees included, by a buy, or earned, before fees, by a sell.

    The order gets the size that bounds it: none to speak of for a buy, all its owner has for a
    sell.
    """
    buys, increment = order.side == BUY, book.size_increment
    if funds <= 0:
        order.done = INVALID
        return []
    if available < (funds if buys else increment):
        order.done = INSUFFICIENT_FUNDS
        return []
    bound = SIZE_MAX if buys else available
    order.size = order.remaining = bound - bound % increment
    purse = Purse(funds, order.terms.taker_bps if buys else 0, increment, by_funds=True)
    ladder = book.asks if buys else book.bids
    steps = take(book, order, ladder, limit_key_of(ladder, order), purse)
    if order.done == FILLED:
        order.done = INSUFFICIENT_FUNDS  # its owner had no more to sell
    elif order.done == INSUFFICIENT_FUNDS or not (order.done or purse.money):
        order.done = FILLED if order.filled_notional else NOT_FILLABLE
    order.done = order.done or NOT_FILLABLE
    return steps
