"""Writes what a batch decided: four COPYs and three updates, inside its transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from psycopg import Copy

from apps.orderbook.engine.book import Order, Rules
from apps.orderbook.engine.candles import candles_add
from apps.orderbook.engine.command import Command
from apps.orderbook.engine.decide import Decisions, Placed
from apps.orderbook.engine.journal import STATES
from apps.orderbook.engine.levels import levels_write
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.session import Connection, array, time_of
from apps.orderbook.engine.settlement import Wallet
from apps.orderbook.ids import id_first

OPEN, DONE, REJECTED = 1, 2, 3

_ORDERS: Final = """
COPY orderbook_order (id, product_id, owner_id, client_oid, side, order_type, price, size, funds,
    time_in_force, post_only, self_trade, maker_bps, taker_bps, filled_size, filled_notional, fees,
    hold, priority, status, done_reason, created_at, done_at, entity_id, stop, stop_price,
    expires_at, parked, display_size, slippage_bps, hidden) FROM STDIN
"""
_FILLS: Final = """
COPY orderbook_fill (id, product_id, maker_order_id, taker_order_id, maker_owner_id,
    taker_owner_id, taker_side, price, size, notional, maker_fee, taker_fee, created_at) FROM STDIN
"""
_TRANSFERS: Final = """
COPY accounts_transfer (from_balance_id, to_balance_id, amount, kind, reference, batch)
FROM STDIN
"""
_EVENTS: Final = "COPY orderbook_event (id, command_id, sequence, body, hash) FROM STDIN"
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
SELECT %s, v.owner, timestamptz 'epoch' + v.falls_us * interval '1 microsecond'
FROM unnest(%s::bigint[], %s::bigint[]) AS v (owner, falls_us)
"""
_PROGRESS: Final = """
UPDATE orderbook_productlease SET cursor = %s, event_number = %s, trade_number = %s,
    sequence = %s, hash = %s, window_price = %s, window_until_us = %s
WHERE product_id = %s
"""
_MARKET: Final = f"""
UPDATE orderbook_product SET state = %s,
    state_until = timestamptz 'epoch' + nullif(%s, 0) * interval '1 microsecond',
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

# What COPY's text format wants escaped.
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_NULL: Final = r"\N"
_ASKS_NOTHING: Final = "\t".join([*[_NULL] * 4, "f", _NULL, _NULL, "0"])


class Transfers:
    """A COPY of transfers that stays open while they come about. Use it with `with`."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection = connection
        self._number = number
        self._stack = ExitStack()
        self._copy: Copy | None = None

    def __enter__(self) -> Transfers:
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def write(self, decisions: Decisions) -> None:
        """Pass on the transfers decided since the last time."""
        if lines := "".join(transfer_lines(decisions, self._number)):
            if self._copy is None:
                self._copy = self._stack.enter_context(self._connection.cursor().copy(_TRANSFERS))
            self._copy.write(lines)
            decisions.movements.clear()


def write(
    connection: Connection,
    batch: Sequence[Decisions],
    orders: str,
    wallets: Iterable[Wallet],
    *,
    at: str,
) -> None:
    """Write everything a batch decided, apart from its transfers. `orders` is of `order_rows`, and
    `at` the batch's time.

    While the server takes in one table's rows, the next table's are put together.
    """
    with _copying(connection, _ORDERS, orders):
        fills = _joined(fill_lines(d, at) for d in batch)
    with _copying(connection, _FILLS, fills):
        events = _joined(map(event_lines, batch))
    with _copying(connection, _EVENTS, events):
        touched = [wallet for wallet in wallets if wallet.is_changed]
        changed_wallets = _columns(touched, _BALANCE_COLUMNS)
        changed = [order for d in batch for order in d.changed.values()]
        changed_orders = _columns(changed, _ORDER_COLUMNS)
    with connection.pipeline():
        if changed:
            connection.execute(_CHANGED, (at, *changed_orders))
        for decisions in batch:
            market = decisions.market
            if decisions.moved:
                moved = _columns(list(decisions.moved.values()), _MOVED_COLUMNS)
                connection.execute(_MOVED, moved)
            if decisions.fills:
                candles_add(connection, market.id, decisions.fills, at_us=decisions.at_us)
            if decisions.levels:
                levels_write(connection, market.id, market.book, decisions.levels)
            if decisions.switches:
                _write_switches(connection, decisions)
            if decisions.is_other:
                connection.execute(_MARKET, _market_now(market))
            _write_progress(connection, market)
        # At the very end: from here to the commit others wait for these balances.
        connection.execute(_BALANCES, changed_wallets)


def _market_now(market: Market) -> tuple[Any, ...]:
    book, (base, tiers) = market.book, market.schedule
    return (STATES[book.state], book.until_us, *base, json.dumps(tiers), *book.rules, market.id)


def order_rows(batch: Sequence[Decisions], at: str) -> str:
    """The rows of the batch's own orders, as COPY takes them."""
    return _joined(order_lines(decisions, at) for decisions in batch)


def _joined(tables: Iterable[Iterable[str]]) -> str:
    return "".join(line for lines in tables for line in lines)


@contextmanager
def _copying(connection: Connection, statement: str, lines: str) -> Iterator[None]:
    """Hand lines to the server, and wait for it to have taken them only at the end."""
    if not lines:
        yield
        return
    with connection.cursor().copy(statement) as copy:
        copy.write(lines)
        yield


def _columns(rows: Sequence[object], names: Sequence[str]) -> list[str]:
    return [array([getattr(row, name) for row in rows]) for name in names]


def _write_switches(connection: Connection, decisions: Decisions) -> None:
    market, owners = decisions.market, decisions.switches
    connection.execute(_SWITCHES_CLEAR, (market.id, array(owners)))
    switches = market.book.clock.switches
    if falling := [owner for owner in owners if owner in switches]:
        times = array(switches[owner] for owner in falling)
        connection.execute(_SWITCHES_SET, (market.id, array(falling), times))


def _write_progress(connection: Connection, market: Market) -> None:
    book = market.book
    connection.execute(
        _PROGRESS,
        (
            market.cursor, book.event_number, book.trade_number, market.sequence, market.hash,
            book.window_price, book.window_until_us, market.id,
        ),
    )  # fmt: skip
    if market.holes_changed:
        holes = market.holes
        connection.execute(_HOLES, (array(holes), array(holes.values()), market.id))


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
