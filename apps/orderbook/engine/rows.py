"""What a batch decided, as rows of text: those that COPY takes.

A cell is what PostgreSQL reads as its column's type, and `\\N` where there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from apps.orderbook.engine.book import Order
from apps.orderbook.engine.command import Command
from apps.orderbook.engine.decide import Decisions, Placed
from apps.orderbook.engine.session import time_of
from apps.orderbook.ids import id_first

OPEN, DONE, REJECTED = 1, 2, 3

# What COPY's text format wants escaped.
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_NULL: Final = r"\N"
_ASKS_NOTHING: Final = "\t".join([*[_NULL] * 4, "f", _NULL, _NULL, "0"])


def _text(value: str | None) -> str:
    return _NULL if value is None else value.translate(_ESCAPES)


def _time(us: int | None) -> str:
    return _NULL if us is None else time_of(us)


def _number(value: int | None) -> int | str:
    return _NULL if value is None else value


def order_lines(decisions: Decisions, at: str) -> Iterable[str]:
    """The batch's own orders as they stand at its end."""
    product = decisions.market.id
    for placed in decisions.placed.values():
        c, o = placed.command, placed.order
        terms, status = o.terms, status_of(placed)
        size = o.size if c.size is not None else _NULL
        done, done_at = (_NULL, _NULL) if status == OPEN else (o.done, at)
        yield (
            f"{c.id}\t{product}\t{c.owner}\t{_text(c.client_oid)}\t{o.side}\t{terms.kind}\t"
            f"{o.price or _NULL}\t{size}\t{_number(c.funds)}\t{terms.time_in_force}\t"
            f"{terms.post_only}\t{terms.self_trade}\t{terms.maker_bps}\t{terms.taker_bps}\t"
            f"{o.filled_size}\t{o.filled_notional}\t{o.fees}\t{o.hold}\t{o.priority}\t{status}\t"
            f"{done}\t{c.created_at}\t{done_at}\t{_rare(c, o)}\n"
        )


def _rare(c: Command, o: Order) -> str:
    """The last columns of an order: what few orders ask for."""
    if o.terms.is_plain and c.entity is None:
        return _ASKS_NOTHING
    return (
        f"{_number(c.entity)}\t{_number(c.stop)}\t{_number(c.stop_price)}\t"
        f"{_time(c.expires_us)}\t{o.parked}\t{_number(c.display_size)}\t"
        f"{_number(c.slippage_bps)}\t{o.hidden}"
    )


def status_of(placed: Placed) -> int:
    if placed.refused:
        return REJECTED
    return DONE if placed.order.done else OPEN


def fill_lines(decisions: Decisions, at: str) -> Iterable[str]:
    product = decisions.market.id
    first = id_first(product)
    for _, trade, taker, maker, price, size, notional, taker_fee, maker_fee, *_ in decisions.fills:
        yield (
            f"{first + trade}\t{product}\t{maker.id}\t{taker.id}\t{maker.owner}\t{taker.owner}\t"
            f"{taker.side}\t{price}\t{size}\t{notional}\t{maker_fee}\t{taker_fee}\t{at}\n"
        )


def transfer_lines(decisions: Decisions, number: int) -> Iterable[str]:
    first = id_first(decisions.market.id)
    for source, target, amount, kind, trade in decisions.movements:
        yield f"{source}\t{target}\t{amount}\t{kind}\t{first + trade}\t{number}\n"


def event_lines(decisions: Decisions) -> Iterable[str]:
    first = id_first(decisions.market.id)
    for event in decisions.events:
        body = event.body.replace("\\", r"\\") if "\\" in event.body else event.body
        yield (
            f"{first + event.number}\t{event.command}\t{event.sequence}\t{body}\t"
            f"\\\\x{event.hash.hex()}\n"
        )
