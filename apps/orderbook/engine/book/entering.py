"""How an order comes in, as far as most orders have no need of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apps.orderbook.engine.book.breaker import last_key, trip
from apps.orderbook.engine.book.ladder import Ladder
from apps.orderbook.engine.book.matching import fillable, take
from apps.orderbook.engine.book.money import parked_hold_of
from apps.orderbook.engine.book.order import TURN_BITS, Order, Step
from apps.orderbook.engine.book.rules import is_out_of_band, refusal_of
from apps.orderbook.engine.book.stops import is_due
from apps.orderbook.engine.book.words import (
    AUCTION,
    EXPIRED,
    FOK,
    GTC,
    GTT,
    INSUFFICIENT_FUNDS,
    INVALID,
    NOT_FILLABLE,
    OUT_OF_BAND,
    POST_ONLY,
    POSTING,
)

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book


def is_settled(book: Book, order: Order, available: int) -> bool:
    """Whether a new order need not come in: it is refused, over, or a stop that waits."""
    assert not book.stops.triggered, "the last command's stops come first"
    terms = order.terms
    if reason := refusal_of(book, order):
        order.done = reason
    elif terms.expires_us and terms.expires_us <= book.now_us:
        order.done = EXPIRED
    elif terms.stop and not is_due(order, book.last_price):
        park(book, order, available)
    return bool(order.done) or order.parked


def park(book: Book, order: Order, available: int) -> None:
    """Let a stop order wait, with everything it can come to need on hold."""
    hold = parked_hold_of(order)
    if hold is None or order.size % book.size_increment or order.price % book.price_increment:
        order.done = INVALID
        return
    if hold > available:
        order.done = INSUFFICIENT_FUNDS
        return
    order.hold, order.parked = hold, True
    order.priority = book.event_number << TURN_BITS
    book.stops.add(order)
    book.orders.add(order)
    if order.terms.expires_us:
        book.clock.end_order(order.terms.expires_us, order.id, order.owner)


def meet(book: Book, order: Order, opposite: Ladder, limit_key: int) -> Sequence[Step]:
    """Trade a limit order with the other side as far as its limit, the band and the breaker go."""
    terms, keys, is_plain, within = order.terms, opposite.keys, book.is_plain, limit_key
    if not is_plain:
        if is_out_of_band(book, order.side, order.price):
            order.done = OUT_OF_BAND
            return ()
        if book.state == AUCTION or not keys or keys[-1] < limit_key:
            return ()
        if book.state == POSTING:
            order.done = POST_ONLY
            return ()
    if terms.post_only:
        order.done = POST_ONLY
        return ()
    if not is_plain and book.rules.breaker_bps:
        within = max(limit_key, last_key(book, opposite))
    if terms.time_in_force == FOK and not fillable(order, opposite, within):
        order.done = NOT_FILLABLE
        return ()
    steps = take(book, order, opposite, within)
    if not order.done and within > limit_key and keys and keys[-1] >= limit_key:
        trip(book)
    return steps


def may_rest(book: Book, order: Order) -> bool:
    """Whether the rest of an order stays. Of an iceberg only a part does so in sight."""
    terms = order.terms
    if terms.time_in_force == GTT:
        book.clock.end_order(terms.expires_us, order.id, order.owner)
    elif terms.time_in_force != GTC:
        order.done = NOT_FILLABLE
        return False
    if terms.display and order.remaining > terms.display:
        order.hidden = order.remaining - terms.display
        order.remaining = terms.display
    return True
