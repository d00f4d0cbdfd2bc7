"""Statements that are said and heard together, and rows that are said or copied: the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import psycopg
import pytest

from apps.accounts.ledger.models import Balance
from apps.orderbook.engine.form import COPIED, COPY_BEGINS, COPY_ENDS, RECORDS, Form, array_of
from apps.orderbook.engine.session import Connection, connect
from apps.orderbook.engine.tables import EVENTS, FILLS, ORDERS, TRANSFERS, Table
from apps.orderbook.engine.wire import Wire
from tests.support.engines import market_make, trader

pytestmark = pytest.mark.django_db(transaction=True)

AT = 820_465_445_678_901
# Of each table a row with everything and one with as little as there can be.
ROWS: dict[Table, list[list[Any]]] = {
    ORDERS: [
        [
            1, 7, 3, 0, 0, 3, True, 1, -5, 15, 4, 40, -2, 0, 1, 2, AT, False, 6, 10, 20, 30, 1, AT,
            "a.b-c~1", 9, 1, 12, AT, 8, 50,
        ],
        [2, 7, 3, 1, 1, 1, False, 0, -5, 15, 0, 0, 0, 0, 2, 1, AT, True, 0, None, None, 30,
            *[None] * 9],
    ],
    FILLS: [[1, 7, 11, 12, 3, 4, 0, 10, 20, 200, -1, 3, AT]],
    EVENTS: [[1, 2, 3, '{"a":"\\u00e9\\\\\tN\u00e9"}', b"\x00\xff\\"]],
    TRANSFERS: [["from", "to", 20, 1, 9, 1, 8]],
}  # fmt: skip


@pytest.fixture
def connection() -> Iterator[Connection]:
    with connect("wire") as connection:
        yield connection


@pytest.mark.parametrize("table", ROWS, ids=lambda table: table.name)
def test_rows_that_are_said_are_those_that_are_copied(connection: Connection, table: Table) -> None:
    product = market_make()
    one, other = trader(product), trader(product)
    ids = Balance.objects.filter(owner__in=(one, other), asset=product.base)
    names = dict(zip(("from", "to"), ids.order_by("id").values_list("id", flat=True), strict=True))
    rows = [tuple(names.get(value, value) for value in row) for row in ROWS[table]]
    wire = Wire(connection)

    def said() -> None:
        records = [packed(RECORDS, table, row) for row in rows]
        wire.say(table.insert, (array_of(records, wire.number_of(table.record)),))
        wire.hear()

    def copied() -> None:
        with connection.cursor().copy(table.copy) as copy:
            copied = [packed(COPIED, table, row) for row in rows]
            copy.write(b"".join((COPY_BEGINS, *copied, COPY_ENDS)))

    found = []
    for add in (said, copied):
        with connection.transaction(force_rollback=True):
            add()
            there = wire.say(f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY 1")
            wire.hear()
            found.append(there.rows)
    assert set(rows) <= set(found[0])
    assert found[0] == found[1]


def packed(form: Form, table: Table, row: Sequence[Any]) -> bytes:
    pack: dict[str, Callable[[Any], bytes]] = {
        "bigint": form.big_or_none,
        "smallint": form.small_or_none,
        "boolean": partial(form.cells(["boolean"]), form.flag),
        "timestamptz": form.time_or_none,
        "text": form.text_or_none,
        "bytea": partial(form.bytes_cell, "bytea"),
    }
    types = table.columns.values()
    return form.row(len(row), b"".join(pack[t](v) for t, v in zip(types, row, strict=True)))


def test_values_reach_the_server_as_they_are(connection: Connection) -> None:
    wire = Wire(connection)
    query = "SELECT %s::bigint, %s::text, %s::boolean, %s::bytea, %s::int, 7 %% 4"
    answers = [wire.say(query, (number, "a'b\\", True, b"\x00\xff", None)) for number in (1, -2)]
    wire.hear()
    assert [answer.row for answer in answers] == [
        (number, "a'b\\", True, b"\x00\xff", None, 3) for number in (1, -2)
    ]


def test_nothing_is_carried_out_after_an_error_and_the_wire_goes_on(connection: Connection) -> None:
    wire = Wire(connection)
    connection.execute("SELECT 1").fetchone()
    query, wrong = "SELECT 1 + %s::int", "SELECT 1 / %s::int"
    wire.say(query, (0,))
    wire.hear()
    wire.say("BEGIN")
    wire.say("SELECT set_config('ccmarket.said', 'before', false)")
    wire.say(wrong, (0,))
    after = wire.say("SELECT set_config('ccmarket.said', 'after', false)")
    wire.say(query, (1,))
    wire.say("COMMIT")
    with pytest.raises(psycopg.errors.DivisionByZero):
        wire.hear()
    assert not hasattr(after, "rows")
    connection.rollback()
    with pytest.raises(psycopg.errors.SyntaxError), connection.transaction():
        connection.execute("nonsense")
    answers = wire.say(wrong, (1,)), wire.say(query, (1,))
    wire.hear()
    assert [answer.row for answer in answers] == [(1,), (2,)]


def test_a_session_that_has_ended_is_an_operational_error(connection: Connection) -> None:
    wire = Wire(connection)
    with connect("saboteur") as other:
        other.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
    wire.say("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        wire.hear()
    assert connection.broken


def test_more_than_fits_into_the_buffers_of_both_sides_goes_through(connection: Connection) -> None:
    """Whoever only sent, while the server only answered, would wait for ever."""
    wire, long = Wire(connection), "x" * 300_000
    answers = [wire.say("SELECT %s::text", (long,)) for _ in range(40)]
    wire.hear()
    assert all(answer.row == (long,) for answer in answers)
