"""What the database and the invariants say about bulk orders that were carried out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests.support.bulk_executions import Company, ask_for, carried_out, company_make, offer
from tests.support.engines import broken_invariants, run_engine
from tests.support.filling import triggers_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    return company_make()


def test_the_database_itself_refuses_what_goes_around_the_services(company: Company) -> None:
    offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3})
    refuses("UPDATE orderbook_bulkorder SET state = 'running'")
    ask_for(order, company.trader)
    asked = ("total_max = 999999999", "keep = 'hold'", "needs_second = true", "over_s = 9999")
    for change in asked:
        refuses(f"UPDATE orderbook_bulkexecution SET {change}")
    carried_out(order)
    refuses("UPDATE orderbook_bulkstep SET filled = filled - 1")
    refuses("UPDATE orderbook_bulkpart SET retirement_id = NULL")
    refuses("UPDATE orderbook_bulkpart SET grams = grams + 1")
    for table in ("execution", "step", "draw", "part", "certificate"):
        refuses(f"DELETE FROM orderbook_bulk{table}")


def refuses(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("forgery", "found"),
    [
        ("UPDATE orderbook_bulkstep SET filled = filled + 1, size = size + 1", "its order came to"),
        ("UPDATE orderbook_bulkdraw SET grams = grams + 1", "what its lines got"),
        ("UPDATE orderbook_bulkpart SET grams = grams + 1", "got more than it asked for"),
        ("UPDATE orderbook_bulkpart SET grams = grams - 1", "not the sum of its lines"),
        ("UPDATE orderbook_bulkcertificate SET grams = 1", "not what was retired"),
        ("UPDATE orderbook_bulkexecution SET total_max = 1", "not as it was let"),
        ("UPDATE orderbook_bulkpart SET retirement_id = NULL", "not as it was let"),
    ],
)
def test_what_is_forged_is_found(company: Company, forgery: str, found: str) -> None:
    offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3})
    ask_for(order, company.trader)
    carried_out(order)
    assert broken_invariants() == []
    with transaction.atomic():
        with triggers_off(), connection.cursor() as cursor:
            cursor.execute(forgery)
        assert any(found in line for line in broken_invariants())
        transaction.set_rollback(True)
