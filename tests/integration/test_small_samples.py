"""ANALYZE looks at few rows of the tables that grow with every order, whichever month it is."""

from __future__ import annotations

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def samples_of(table: str) -> dict[str, int | None]:
    """The statistics target of each column; None: the server's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, attstattarget FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table],
        )
        return dict(cursor.fetchall())


@pytest.mark.parametrize(
    "table", ["orderbook_command", "orderbook_order", "orderbook_fill", "accounts_transfer"]
)
def test_few_rows_are_looked_at(table: str) -> None:
    assert set(samples_of(table).values()) == {10}


def test_nothing_is_kept_of_what_events_say_in_a_month_that_is_made_later() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT orderbook_event_month_create('2071-05-01')")
    for month in ("other", "2071_05"):
        samples = samples_of(f"orderbook_event_{month}")
        assert {name for name, rows in samples.items() if rows == 0} == {"body", "hash"}
        assert set(samples.values()) == {0, 10}
