"""Statements that are said and heard together, and rows that are said or copied: the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from apps.accounts.ledger.models import Balance
from apps.orderbook.engine.session import Connection, connect
from apps.orderbook.engine.tables import EVENTS, FILLS, ORDERS, TRANSFERS, Table
from apps.orderbook.engine.wire import Wire
from tests.support.engines import market_make, trader

pytestmark = pytest.mark.django_db(transaction=True)

AT = "2026-01-02T03:04:05.678901+00:00"
NULL = r"\N"
# Of each table a row with everything and one with as little as there can be.
ROWS = {
    ORDERS: [
        f"1 7 3 a.b-c~1 0 0 10 20 30 3 t 1 5 15 4 40 2 0 1 2 1 {AT} {AT} 9 1 12 {AT} f 8 50 6",
        f"2 7 3 N 1 1 N N 30 1 f 0 -5 15 0 0 0 0 2 1 N {AT} N N N N N t N N 0",
    ],
    FILLS: [f"1 7 11 12 3 4 0 10 20 200 -1 3 {AT}"],
    EVENTS: [r'1 2 3 {"a":"\\u00e9\\\\N"} ' + r"\\x00ff5c"],
    TRANSFERS: ["{from} {to} 20 1 9 1"],
}


@pytest.fixture
def connection() -> Iterator[Connection]:
    with connect("wire") as connection:
        yield connection


@pytest.mark.parametrize("table", ROWS, ids=lambda table: table.name)
def test_rows_that_are_said_are_those_that_are_copied(connection: Connection, table: Table) -> None:
    product = market_make()
    one, other = trader(product), trader(product)
    ids = Balance.objects.filter(owner__in=(one, other), asset=product.base)
    source, target = ids.order_by("id").values_list("id", flat=True)
    names = {"{from}": str(source), "{to}": str(target), "N": NULL}
    lines = "".join(
        "\t".join(names.get(cell, cell) for cell in row.split(" ")) + "\n" for row in ROWS[table]
    )
    wire = Wire(connection)

    def said() -> None:
        wire.say(table.insert, (lines[:-1],))
        wire.hear()

    def copied() -> None:
        with connection.cursor().copy(table.copy) as copy:
            copy.write(lines)

    found = []
    for add in (said, copied):
        with connection.transaction(force_rollback=True):
            add()
            query = f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY 1"
            found.append(connection.execute(query).fetchall())
    assert len(found[0]) >= len(ROWS[table])
    assert found[0] == found[1]


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
