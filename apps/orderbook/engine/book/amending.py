"""Changing an order that rests: less of it keeps its place, anything else costs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from apps.orderbook.engine.book.money import hold_of
from apps.orderbook.engine.book.order import Order, Step
from apps.orderbook.engine.book.rules import is_out_of_band, limits_refusal_of
from apps.orderbook.engine.book.words import (
    AUCTION,
    CANCELED,
    INSUFFICIENT_FUNDS,
    INVALID,
    LIMIT,
    NOT_FOUND,
    NOT_OPEN,
    OPEN,
    OUT_OF_BAND,
    POST_ONLY,
    POSTING,
)

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book


class Amendment(NamedTuple):
    """What an order was and what it became; `refused` is a reason if it stays as it was.

    An order that lost its place is another object with the same id. It met the book anew, with
    `steps` as from `place`.
    """

    before: Order | None
    order: Order | None
    refused: int
    kept_place: bool
    released: int
    old_price: int
    old_remaining: int
    steps: Sequence[Step]


def amend(
    book: Book, order: Order | None, price: int | None, size: int | None, available: int
) -> Amendment:
    """`size` is that of the whole order, what is filled included; None leaves a thing as it is.

    `available` is what its owner has beside what the order holds.
    """
    if order is None:
        return refused(None, NOT_FOUND)
    if book.state not in (OPEN, POSTING, AUCTION):
        return refused(order, NOT_OPEN)
    price, size = price or order.price, size or order.size
    left = size - order.filled_size
    if order.parked or left <= 0 or price % book.price_increment or size % book.size_increment:
        return refused(order, INVALID)
    if reason := limits_refusal_of(book.rules, LIMIT, price, size, None):
        return refused(order, reason)
    if is_out_of_band(book, order.side, price):
        return refused(order, OUT_OF_BAND)
    hold = hold_of(order.side, price, left, order.terms.taker_bps)
    if hold > available + order.hold:
        return refused(order, INSUFFICIENT_FUNDS)
    if price == order.price and size <= order.size:
        return _shrink(book, order, size, hold)
    ladder = book.side(1 - order.side)
    limit_key = price * ladder.sign
    takes_nothing = order.terms.post_only or book.state == POSTING
    if takes_nothing and ladder.keys and ladder.keys[-1] >= limit_key:
        return refused(order, POST_ONLY)
    return _replace(book, order, price, size, available)


def refused(order: Order | None, reason: int) -> Amendment:
    """The order, if there is one, stays as it was."""
    return Amendment(order, order, reason, True, 0, 0, 0, ())


def _shrink(book: Book, order: Order, size: int, hold: int) -> Amendment:
    """What is out of sight goes first."""
    result = Amendment(order, order, 0, True, order.hold, order.price, order.remaining, ())
    gone = order.size - size
    of_hidden = min(order.hidden, gone)
    order.hidden -= of_hidden
    order.remaining -= gone - of_hidden
    order.size, order.hold = size, hold
    ladder = book.side(order.side)
    ladder.levels[order.price * ladder.sign].size -= gone - of_hidden
    return result


def _replace(book: Book, old: Order, price: int, size: int, available: int) -> Amendment:
    new = Order(old.id, old.owner, old.entity, old.side, price, size, old.terms, old.funds)
    new.remaining = size - old.filled_size
    new.filled_notional, new.fees = old.filled_notional, old.fees
    old.done = CANCELED
    book.side(old.side).remove(old)
    book.orders.remove(old)
    released, old.hold = old.hold, 0
    steps = book.place(new, available + released, priority=book.next_turn())
    assert new.done not in (INVALID, INSUFFICIENT_FUNDS, POST_ONLY)
    return Amendment(old, new, 0, False, released, old.price, old.remaining, steps)
