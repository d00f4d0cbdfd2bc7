"""What a batch decided, as rows of four tables, with the columns that `tables` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from apps.orderbook.engine.book import Order
from apps.orderbook.engine.command import Command
from apps.orderbook.engine.decide import Decisions, Placed
from apps.orderbook.engine.form import EPOCH_US, Form
from apps.orderbook.engine.tables import EVENTS, FILLS, ORDERS, TRANSFERS, Table
from apps.orderbook.ids import id_first

OPEN, DONE, REJECTED = 1, 2, 3

Cells = Callable[..., bytes]

_ORDER_COLUMNS: Final = len(ORDERS.columns)
_EVENT_COLUMNS: Final = len(EVENTS.columns)
_HASH_BYTES: Final = 32


class Rows:
    """Makes rows of one form."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._fill_head, self._fill = form.whole_row([*FILLS.columns.values()])
        self._transfer_head, self._transfer = form.whole_row([*TRANSFERS.columns.values()])
        self._order, self._limits = self._cells(ORDERS, "hidden"), form.cells(["bigint"] * 2)
        self._event = self._cells(EVENTS, "sequence")
        self._hash = form.head("bytea", _HASH_BYTES)
        self._is_open = form.no_small + form.no_time
        self._asks_nothing = b"".join(
            (
                form.no_big, form.no_small, form.no_big, form.no_time, form.no_big, form.no_small,
            )
        )  # fmt: skip

    def _cells(self, table: Table, last: str) -> Cells:
        """Packs the first columns up to one, which always have a value."""
        names = list(table.columns)
        fixed = names[: names.index(last) + 1]
        return self._form.cells([table.columns[name] for name in fixed])

    def orders(self, decisions: Decisions, at_us: int) -> list[bytes]:
        """The batch's own orders as they stand at its end. `at_us` is its time."""
        product, at = decisions.market.id, at_us - EPOCH_US
        return [self._order_row(placed, product, at) for placed in decisions.placed.values()]

    def _order_row(self, placed: Placed, product: int, at: int) -> bytes:
        form, c, o = self._form, placed.command, placed.order
        big, small, terms, status = form.big, form.small, o.terms, status_of(placed)
        always = self._order(
            big, c.id, big, product, big, c.owner, small, o.side, small, terms.kind,
            small, terms.time_in_force, form.flag, terms.post_only, small, terms.self_trade,
            small, terms.maker_bps, small, terms.taker_bps, big, o.filled_size,
            big, o.filled_notional, big, o.fees, big, o.hold, big, o.priority, small, status,
            form.time, c.created_at, form.flag, o.parked, big, o.hidden,
        )  # fmt: skip
        if status == OPEN:
            end = self._is_open
        else:
            end = form.small_or_none(o.done) + form.time_or_none(at)
        oid = form.text_or_none(c.client_oid)
        cells = b"".join((always, self._asked(c, o), end, oid, self._rare(c, o)))
        return form.row(_ORDER_COLUMNS, cells)

    def _asked(self, c: Command, o: Order) -> bytes:
        """An order's price, size and funds."""
        form = self._form
        if o.price and c.size is not None:
            both = self._limits(form.big, o.price, form.big, o.size)
        else:
            size = None if c.size is None else o.size
            both = form.big_or_none(o.price or None) + form.big_or_none(size)
        return both + form.big_or_none(c.funds)

    def _rare(self, c: Command, o: Order) -> bytes:
        """The last columns of an order: what few orders ask for."""
        if o.terms.is_plain and c.entity is None:
            return self._asks_nothing
        form, expires_us = self._form, c.expires_us
        return b"".join(
            (
                form.big_or_none(c.entity),
                form.small_or_none(c.stop),
                form.big_or_none(c.stop_price),
                form.time_or_none(None if expires_us is None else expires_us - EPOCH_US),
                form.big_or_none(c.display_size),
                form.small_or_none(c.slippage_bps),
            )
        )

    def fills(self, decisions: Decisions, at_us: int) -> list[bytes]:
        form, product, at = self._form, decisions.market.id, at_us - EPOCH_US
        big, small, first = form.big, form.small, id_first(product)
        return [
            self._fill(
                self._fill_head, big, first + trade, big, product, big, maker.id, big, taker.id,
                big, maker.owner, big, taker.owner, small, taker.side, big, price, big, size,
                big, notional, big, maker_fee, big, taker_fee, form.time, at,
            )
            for _, trade, taker, maker, price, size, notional, taker_fee, maker_fee, *_
            in decisions.fills
        ]  # fmt: skip

    def transfers(self, decisions: Decisions, batch: int, number: int) -> list[bytes]:
        """Its movements, with the numbers from that one on."""
        form, first = self._form, id_first(decisions.market.id)
        big, small = form.big, form.small
        return [
            self._transfer(
                self._transfer_head, big, source, big, target, big, amount, small, kind,
                big, first + trade, big, batch, big, place,
            )
            for place, (source, target, amount, kind, trade) in enumerate(
                decisions.movements, number
            )
        ]  # fmt: skip

    def events(self, decisions: Decisions) -> list[bytes]:
        form, first = self._form, id_first(decisions.market.id)
        big = form.big
        rows = []
        for event in decisions.events:
            numbers = self._event(
                big, first + event.number, big, event.command, big, event.sequence
            )
            body = event.body.encode()
            head = form.head("text", len(body))
            cells = b"".join((numbers, head, body, self._hash, event.hash))
            rows.append(form.row(_EVENT_COLUMNS, cells))
        return rows


def status_of(placed: Placed) -> int:
    if placed.refused:
        return REJECTED
    return DONE if placed.order.done else OPEN
