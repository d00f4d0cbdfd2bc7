"""Writes what a batch decided, inside its transaction: the rows of four tables and what changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from typing import Any, Final

from psycopg import Copy

from apps.accounts.ledger.numbers import PLACES
from apps.orderbook.engine.book import Rules
from apps.orderbook.engine.candles import candles_add
from apps.orderbook.engine.decide import Decisions
from apps.orderbook.engine.form import COPIED, COPY_BEGINS, COPY_ENDS, RECORDS, array_of
from apps.orderbook.engine.journal import STATES
from apps.orderbook.engine.levels import levels_write
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.rows import Rows
from apps.orderbook.engine.session import array, time_of
from apps.orderbook.engine.settlement import Wallet
from apps.orderbook.engine.tables import EVENTS, FILLS, ORDERS, TRANSFERS, Table
from apps.orderbook.engine.wire import Wire

# Adds, because others may have changed a balance since it was read; locks row by row in the order
# of the ids. A balance that does not cover it breaks its CHECK.
_BALANCES: Final = """
UPDATE accounts_balance b SET available = b.available + v.available, held = b.held + v.held
FROM (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v (id, available, held)
    ORDER BY id
) v WHERE b.id = v.id
"""
_CHANGED: Final = """
UPDATE orderbook_order o SET size = CASE WHEN o.size IS NOT NULL THEN v.size END,
    filled_size = v.filled_size, filled_notional = v.filled_notional, fees = v.fees,
    hold = v.hold,
    status = CASE WHEN v.done = 0 THEN 1 ELSE 2 END, done_reason = NULLIF(v.done, 0),
    done_at = CASE WHEN v.done = 0 THEN NULL ELSE %s::timestamptz END
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[]) AS v (id, size, filled_size, filled_notional, fees, hold, done)
WHERE o.id = v.id
"""
_MOVED: Final = """
UPDATE orderbook_order o SET parked = v.parked, priority = v.priority, hidden = v.hidden,
    price = CASE WHEN o.order_type = 0 THEN v.price END
FROM unnest(%s::bigint[], %s::boolean[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS v (id, parked, priority, hidden, price)
WHERE o.id = v.id
"""
_SWITCHES_CLEAR: Final = """
DELETE FROM orderbook_switch WHERE product_id = %s AND owner_id = ANY(%s::bigint[])
"""
_SWITCHES_SET: Final = """
INSERT INTO orderbook_switch (product_id, owner_id, falls_at)
SELECT %s::bigint, v.owner, timestamptz 'epoch' + v.falls_us * interval '1 microsecond'
FROM unnest(%s::bigint[], %s::bigint[]) AS v (owner, falls_us)
"""
_PROGRESS: Final = """
UPDATE orderbook_productlease SET cursor = %s, event_number = %s, trade_number = %s,
    sequence = %s, hash = %s, window_price = %s, window_until_us = %s
WHERE product_id = %s
"""
_MARKET: Final = f"""
UPDATE orderbook_product SET state = %s,
    state_until = timestamptz 'epoch' + nullif(%s::bigint, 0) * interval '1 microsecond',
    maker_bps = %s, taker_bps = %s, fee_tiers = %s,
    {", ".join(f"{name} = %s" for name in Rules._fields)}
WHERE id = %s
"""  # noqa: S608
_HOLES: Final = """
UPDATE orderbook_productlease SET holes = %s::bigint[], holes_xmax = %s::bigint[]
WHERE product_id = %s
"""

_MOVED_COLUMNS: Final = ("id", "parked", "priority", "hidden", "price")
_BALANCE_COLUMNS: Final = ("id", "more_available", "more_held")
_ORDER_COLUMNS: Final = (
    "id", "size", "filled_size", "filled_notional", "fees", "hold", "done"
)  # fmt: skip
_copied: Final = Rows(COPIED)
_records: Final = Rows(RECORDS)


class Transfers:
    """The transfers of a batch, passed on while they come about. Use it with `with`.

    `number` is that of the batch and of its first transfer. With `is_long` they are a COPY that
    stays open; otherwise they are said along with all else.
    """

    def __init__(self, wire: Wire, number: int, *, is_long: bool) -> None:
        self._wire = wire
        self._batch = number
        self._next = number
        self._is_long = is_long
        self._records: list[bytes] = []
        self._stack = ExitStack()
        self._copy: Copy | None = None

    def __enter__(self) -> Transfers:
        return self

    def __exit__(self, *error: Any) -> None:
        if self._copy is not None and error[0] is None:
            self._copy.write(COPY_ENDS)
        self._stack.__exit__(*error)
        if error[0] is None:
            _say(self._wire, TRANSFERS, self._records)

    def write(self, decisions: Decisions) -> None:
        """Pass on the transfers decided since the last time."""
        make = (_copied if self._is_long else _records).transfers
        rows = make(decisions, self._batch, self._next)
        self._next += len(rows)
        assert self._next <= self._batch + PLACES, "a batch has room for its transfers"
        if self._is_long:
            self._pass_on(rows)
        else:
            self._records += rows
        decisions.movements.clear()

    def _pass_on(self, rows: Sequence[bytes]) -> None:
        if rows and self._copy is None:
            cursor = self._wire.connection.cursor()
            self._copy = self._stack.enter_context(cursor.copy(TRANSFERS.copy))
            self._copy.write(COPY_BEGINS)
        if rows and self._copy is not None:
            self._copy.write(b"".join(rows))


def write(
    wire: Wire,
    batch: Sequence[Decisions],
    orders: Sequence[bytes],
    wallets: Iterable[Wallet],
    *,
    at_us: int,
    is_long: bool,
) -> list[Wallet]:
    """Write everything a batch decided, apart from its transfers. `orders` is of `order_rows`, and
    `at_us` the batch's time. Returns those of the wallets that have changed.

    What is not copied is said, and written when it is heard. While the server takes in one table's
    rows, the next table's are put together.
    """
    rows, add = (_copied, _copying) if is_long else (_records, _saying)
    with add(wire, ORDERS, orders):
        fills = _joined(rows.fills(decisions, at_us) for decisions in batch)
    with add(wire, FILLS, fills):
        events = _joined(map(rows.events, batch))
    with add(wire, EVENTS, events):
        touched = [wallet for wallet in wallets if wallet.is_changed]
        changed_wallets = _columns(touched, _BALANCE_COLUMNS)
        changed = [order for d in batch for order in d.changed.values()]
        changed_orders = _columns(changed, _ORDER_COLUMNS)
    if changed:
        wire.say(_CHANGED, (time_of(at_us), *changed_orders))
    for decisions in batch:
        _write_market(wire, decisions)
    # At the very end: from here to the commit others wait for these balances.
    wire.say(_BALANCES, changed_wallets)
    return touched


def _write_market(wire: Wire, decisions: Decisions) -> None:
    market = decisions.market
    if decisions.moved:
        wire.say(_MOVED, _columns(list(decisions.moved.values()), _MOVED_COLUMNS))
    if decisions.fills:
        candles_add(wire, market.id, decisions.fills, at_us=decisions.at_us)
    if decisions.levels:
        levels_write(wire, market.id, market.book, decisions.levels)
    if decisions.switches:
        _write_switches(wire, decisions)
    if decisions.is_other:
        wire.say(_MARKET, _market_now(market))
    _write_progress(wire, market)


def _market_now(market: Market) -> tuple[Any, ...]:
    book, (base, tiers) = market.book, market.schedule
    return (STATES[book.state], book.until_us, *base, json.dumps(tiers), *book.rules, market.id)


def order_rows(batch: Sequence[Decisions], at_us: int, *, is_long: bool) -> list[bytes]:
    """The rows of the batch's own orders, as `write` takes them."""
    rows = _copied if is_long else _records
    return _joined(rows.orders(decisions, at_us) for decisions in batch)


def _joined(tables: Iterable[Iterable[bytes]]) -> list[bytes]:
    return [row for rows in tables for row in rows]


@contextmanager
def _copying(wire: Wire, table: Table, rows: Sequence[bytes]) -> Iterator[None]:
    """Hand rows to the server, and wait for it to have taken them only at the end."""
    if not rows:
        yield
        return
    with wire.connection.cursor().copy(table.copy) as copy:
        copy.write(b"".join((COPY_BEGINS, *rows, COPY_ENDS)))
        yield


@contextmanager
def _saying(wire: Wire, table: Table, records: Sequence[bytes]) -> Iterator[None]:
    _say(wire, table, records)
    yield


def _say(wire: Wire, table: Table, records: Sequence[bytes]) -> None:
    """Say rows along with all else."""
    if records:
        wire.say(table.insert, (array_of(records, wire.number_of(table.record)),))


def _columns(rows: Sequence[object], names: Sequence[str]) -> list[str]:
    columns = zip(*map(attrgetter(*names), rows), strict=True) if rows else [()] * len(names)
    return [array(column) for column in columns]


def _write_switches(wire: Wire, decisions: Decisions) -> None:
    market, owners = decisions.market, decisions.switches
    wire.say(_SWITCHES_CLEAR, (market.id, array(owners)))
    switches = market.book.clock.switches
    if falling := [owner for owner in owners if owner in switches]:
        times = array(switches[owner] for owner in falling)
        wire.say(_SWITCHES_SET, (market.id, array(falling), times))


def _write_progress(wire: Wire, market: Market) -> None:
    book = market.book
    wire.say(
        _PROGRESS,
        (
            market.cursor, book.event_number, book.trade_number, market.sequence, market.hash,
            book.window_price, book.window_until_us, market.id,
        ),
    )  # fmt: skip
    if market.holes_changed:
        holes = market.holes
        wire.say(_HOLES, (array(holes), array(holes.values()), market.id))
        market.holes_changed = False
