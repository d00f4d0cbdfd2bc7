"""A book's state as one number."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from apps.orderbook.engine.book.order import Order

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book


def state_hash(book: Book) -> str:
    """SHA-256 over everything that decides what comes next: equal for equal books only."""
    counted = (book.event_number, book.trade_number, book.last_price)
    lines = [_line(counted), *map(_order_line, (*book.resting(), *book.stops))]
    lines += map(_line, sorted(book.clock.switches.items()))
    window = (book.window_price, book.window_until_us)
    lines.append(_line((book.state, book.until_us, *window, *book.rules)))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _line(numbers: tuple[int, ...]) -> str:
    return " ".join(map(str, numbers)) + "\n"


def _order_line(o: Order) -> str:
    terms = o.terms
    slippage = -1 if terms.slippage_bps is None else terms.slippage_bps
    return _line(
        (
            o.side, o.price, o.id, o.owner, o.entity, o.size, o.remaining, o.hidden, o.funds or 0,
            o.hold, o.priority, o.filled_notional, o.fees, o.parked * terms.stop,
            o.parked * terms.stop_price, terms.expires_us, terms.kind, terms.time_in_force,
            int(terms.post_only), terms.self_trade, terms.maker_bps, terms.taker_bps,
            terms.display, slippage,
        )
    )  # fmt: skip
