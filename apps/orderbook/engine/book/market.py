"""Market orders: by size, or by an amount of quote money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apps.orderbook.engine.book.breaker import last_key, trip
from apps.orderbook.engine.book.ladder import LAST_LEVEL, Ladder
from apps.orderbook.engine.book.matching import take
from apps.orderbook.engine.book.money import BPS
from apps.orderbook.engine.book.order import SIZE_MAX, Order, Step
from apps.orderbook.engine.book.purse import Purse
from apps.orderbook.engine.book.rules import band_key
from apps.orderbook.engine.book.words import (
    BUY,
    FILLED,
    INSUFFICIENT_FUNDS,
    INVALID,
    NOT_FILLABLE,
)

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book


def limit_key_of(book: Book, ladder: Ladder, order: Order) -> int:
    """How far the order may slip from the best price, rounded towards it, and how far the market's
    band lets it go."""
    bps, best = order.terms.slippage_bps, ladder.best
    limit_key = LAST_LEVEL
    if bps is not None and best is not None:
        away = BPS + bps if order.side == BUY else bps - BPS
        limit_key = -(best * away // BPS)
    band = band_key(book, order.side)
    return limit_key if band is None else max(limit_key, band)


def place_market(book: Book, order: Order, available: int) -> Sequence[Step]:
    """Trade a market order. Nothing of it rests."""
    if order.funds is None:
        return place_by_size(book, order, available)
    return place_by_funds(book, order, available, order.funds)


def take_all(
    book: Book, order: Order, ladder: Ladder, purse: Purse | None = None
) -> Sequence[Step]:
    """Trade as far as the order, the band and the breaker let it."""
    limit_key = within = limit_key_of(book, ladder, order)
    if book.rules.breaker_bps:
        within = max(limit_key, last_key(book, ladder))
    steps = take(book, order, ladder, within, purse)
    if not order.done and within > limit_key and ladder.keys and ladder.keys[-1] >= limit_key:
        best = ladder.best or 0
        if purse is None or purse.size_at(best):
            trip(book)
    return steps


def place_by_size(book: Book, order: Order, available: int) -> Sequence[Step]:
    """Trade `order.size` at any price. A buy may spend all its owner has on it."""
    increment = book.size_increment
    if order.size <= 0 or order.size % increment:
        order.done = INVALID
        return ()
    if available < (1 if order.side == BUY else order.size):
        order.done = INSUFFICIENT_FUNDS
        return ()
    if order.side == BUY:
        purse = Purse(available, order.terms.taker_bps, increment, by_funds=False)
        steps = take_all(book, order, book.asks, purse)
    else:
        steps = take_all(book, order, book.bids)
    order.done = order.done or NOT_FILLABLE
    return steps


def place_by_funds(book: Book, order: Order, available: int, funds: int) -> Sequence[Step]:
    """Trade until `funds` are spent, fees included, by a buy, or earned, before fees, by a sell.

    The order gets the size that bounds it: none to speak of for a buy, all its owner has for a
    sell.
    """
    buys, increment = order.side == BUY, book.size_increment
    if funds <= 0:
        order.done = INVALID
        return ()
    if available < (funds if buys else increment):
        order.done = INSUFFICIENT_FUNDS
        return ()
    bound = SIZE_MAX if buys else available
    order.size = order.remaining = bound - bound % increment
    purse = Purse(funds, order.terms.taker_bps if buys else 0, increment, by_funds=True)
    steps = take_all(book, order, book.asks if buys else book.bids, purse)
    if order.done == FILLED:
        order.done = INSUFFICIENT_FUNDS  # its owner had no more to sell
    elif order.done == INSUFFICIENT_FUNDS or not (order.done or purse.money):
        order.done = FILLED if order.filled_notional else NOT_FILLABLE
    order.done = order.done or NOT_FILLABLE
    return steps
