"""A bulk order from its file to its plan: whole or not at all, once, and only for its owner."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.acting import SESSION_KEY
from apps.accounts.errors import Conflict
from apps.accounts.models import HistoryEntry, User
from apps.orderbook.bulk import refusals as bulk_refusals
from apps.orderbook.invariants_bulk import (
    bulk_orders_are_their_lines,
    plans_account_for_every_gram,
)
from apps.orderbook.models import BulkLine, BulkOrder, Command
from apps.orderbook.services import bulk_reading, bulk_work
from apps.orderbook.services.bulk_orders import bulk_order_cancel, bulk_order_plan
from apps.orderbook.tasks import bulk_sweep
from tests.support.api import bot_of
from tests.support.bulk_orders import (
    UNIT,
    ask_place,
    cash,
    file_of,
    market_of,
    order_make,
    planned,
    worked,
)
from tests.support.factories import TONNE, client_of, organisation_make, user_make
from tests.support.filling import triggers_off
from tests.support.pages import breaks_of_policy, downloaded, text_of
from tests.support.workbooks import write_workbook

pytestmark = pytest.mark.django_db

State = BulkOrder.State


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


def broken() -> list[str]:
    """What is wrong with bulk orders and plans."""
    return [*bulk_orders_are_their_lines(), *plans_account_for_every_gram()]


def upload(client: Client, content: bytes, name: str = "lines.csv", **fields: str) -> Any:
    file = io.BytesIO(content)
    file.name = name
    form = {"name": "Travel", "quote": cash().code, "file": file, **fields}
    return client.post(reverse("bulk_order_new"), form)


def test_a_file_becomes_lines_demands_and_a_plan_that_the_page_shows() -> None:
    old, _ = market_of(1, 2019, (1, 10))
    young, product = market_of(2_000, 2022, (2, 10), (3, 10))
    person = user_make()
    lines = [{"tonnes": "8"}, {"tonnes": "5.5", "vintage_from": 2020}, {"tonnes": "8"}]
    answer = upload(client_of(person), file_of(*lines), total_max="100", removals_min_bps="0")
    order = worked(BulkOrder.objects.get())
    assert answer.url == reverse("bulk_order", args=[order.public_id])
    assert (order.lines_count, order.grams) == (3, 21_500_000)
    assert [(d.grams, d.constraints) for d in order.demands.order_by("number")] == [
        (16_000_000, {}),
        (5_500_000, {"year_from": 2020}),
    ]
    plan = order.plans.get()
    # The old credits go to those who may have them; 10 at 2 and 1.5 at 3 to all others.
    assert [(buy.product.base.code, buy.size) for buy in plan.buys.order_by("size")] == [
        (old.code, 10_000_000),
        (young.code, 11_500_000),
    ]
    assert (plan.cost, plan.filled) == (34_500_000, order.grams)
    page = client_of(person).get(answer.url)
    assert "Cost with fees 34.50 USDC" in text_of(page)
    assert "Average price per tonne 1.6047 USDC" in text_of(page)
    assert product.code in page.content.decode()
    assert not breaks_of_policy(page)
    part = client_of(person).get(page_of(order), headers={"HX-Target": "bulk-order"})
    assert part.status_code == 286
    assert not broken()
    assert not Command.objects.filter(owner=person.owner).exists()


def test_lines_to_correct_come_back_as_a_report_that_can_be_sent_again() -> None:
    market_of(1, 2021, (2, 100))
    person = user_make()
    lines = file_of({"message": "-5 degrees"}, {"tonnes": "=1+1", "registry": "nobody"}, {})
    order = worked(order_make(lines, by=person))
    assert (order.state, order.lines_count, order.refused_count) == (State.REFUSED, 3, 1)
    assert not order.lines.exists()
    assert "1 line to correct" in text_of(client_of(person).get(page_of(order)))
    answer = client_of(person).get(reverse("bulk_order_report", args=[order.public_id]))
    report = downloaded(answer)
    rows = list(csv.DictReader(io.StringIO(report)))
    assert [bool(row["problem"]) for row in rows] == [False, True, False]
    assert rows[1]["problem"].startswith("tonnes: This is a formula.")
    corrected = report.replace("'=1+1", "2").replace("nobody", "")
    order = planned(corrected.encode(), by=person)
    assert order.grams == 4 * TONNE
    assert order.lines.order_by("line")[0].message == "-5 degrees"


def page_of(order: BulkOrder) -> str:
    return reverse("bulk_order", args=[order.public_id])


def test_what_cannot_be_had_is_shown_with_its_reason_and_one_s_own_asks_are_not_on_offer() -> None:
    _, product = market_of(1, 2021, (2, 3))
    person = user_make()
    ask_place(product, person.owner, 1, 50)
    order = planned(file_of({"tonnes": 5}, {"vintage_from": 2024}), by=person)
    page = text_of(client_of(person).get(page_of(order)))
    assert order.plans.get().filled == 3 * TONNE
    assert "The books do not have more of these credits." in page
    assert "No credits on offer meet these constraints." in page


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 but no workbook", "file_workbook"),
        (b"\x89PNG\r\n\x00\x00", "file_binary"),
        (b"a,b\n1,2\n", "file_header"),
        (b"tonnes,beneficiary,colour\n1,A,red\n", "column_unknown"),
        (b"tonnes,beneficiary,tonnes\n1,A,1\n", "column_twice"),
        (b"tonnes;beneficiary\n1.5;A\n2,5;B\n", "marks_mixed"),
        (b"tonnes,beneficiary\n", "lines_none"),
        (b"tonnes,beneficiary\n" + b"1,A\n" * 6, "lines_many"),
        (b"tonnes,beneficiary\n" + b"\n" * 101, "lines_many"),
        (b"tonnes,beneficiary\n1,\xff\xfeA\n", "file_encoding"),
    ],
)
def test_a_hostile_file_is_refused_as_a_whole(
    content: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_reading, "LINES_MAX", 5)
    monkeypatch.setattr(bulk_reading, "BREAKS_MAX", 100)
    order = worked(order_make(content))
    assert (order.state, order.failure_code) == (State.FAILED, code)
    assert bulk_refusals.sentence_of(code, order.failure_params)
    assert not BulkLine.objects.exists()
    assert not order.refusals.exists()


def test_a_workbook_with_merged_cells_and_formulas_says_so_line_by_line(tmp_path: Path) -> None:
    sheet = [["tonnes", "beneficiary"], [0.1 + 0.2, "A"], ["=1+1", "B"], [1, None], [None, None]]
    path = write_workbook(tmp_path / "lines.xlsx", {"Sheet1": sheet, "Notes": [["Read me"]]})
    order = worked(order_make(path.read_bytes(), file_name="lines.xlsx"))
    assert order.state == State.REFUSED
    found = order.refusals.order_by("line").values_list("line", "column", "code")
    assert list(found) == [(3, "tonnes", "value_formula"), (4, "beneficiary", "value_missing")]


def test_a_worker_that_dies_leaves_nothing_and_the_next_one_reads_and_plans_once() -> None:
    market_of(1, 2021, (2, 100))
    order = order_make(file_of(*({"message": n} for n in range(30))))
    with (
        patch.object(bulk_work, "_finish", side_effect=OperationalError),
        pytest.raises(OperationalError),
    ):
        worked(order)
    order.refresh_from_db()
    assert (order.state, order.attempt) == (State.READING, 1)
    assert not order.lines.exists()
    assert bulk_work.bulk_orders_left() == [order.pk]
    with patch("apps.orderbook.tasks.bulk_order_wake") as wake:
        bulk_sweep()
    wake.assert_called_once_with(order_id=order.pk)
    assert worked(order).state == State.PLANNED
    worked(order)
    assert (order.lines.count(), order.plans.count()) == (30, 1)
    assert bulk_work.bulk_orders_left() == []


def test_a_file_that_ends_its_worker_every_time_is_given_up() -> None:
    order = order_make(file_of({}))
    BulkOrder.objects.update(attempt=bulk_work.ATTEMPTS_MAX)
    assert worked(order).failure_code == "worker_lost"


def test_cancelled_while_a_worker_is_at_it_nothing_of_it_counts() -> None:
    person = user_make()
    order = order_make(file_of({}), by=person)
    read = bulk_work.bulk_file_read

    def cancelled_meanwhile(**terms: Any) -> dict[str, int]:
        bulk_order_cancel(order=BulkOrder.objects.get(), by=person)
        return read(**terms)

    with patch.object(bulk_work, "bulk_file_read", side_effect=cancelled_meanwhile):
        bulk_work.bulk_work(order_id=order.pk)
    assert not BulkLine.objects.exists()
    assert not order.plans.exists()


def test_planning_again_makes_another_plan_and_the_history_says_who_asked() -> None:
    _, product = market_of(1, 2021, (2, 3))
    person = user_make()
    order = planned(file_of({"tonnes": 3}), by=person)
    ask_place(product, user_make().owner, 1, 3)
    assert (
        client_of(person).post(reverse("bulk_order_plan", args=[order.public_id])).status_code
        == 302
    )
    assert worked(order).state == State.PLANNED
    assert [plan.cost for plan in order.plans.order_by("pk")] == [6 * UNIT, 3 * UNIT]
    asked = HistoryEntry.objects.filter(table_name="orderbook_bulkorder", actor=person)
    assert {"state": "queued"} in [entry.after for entry in asked]
    bulk_order_cancel(order=order, by=person)
    with pytest.raises(Conflict):
        bulk_order_plan(order=order, by=person)


def test_members_who_may_not_trade_look_and_change_nothing_and_strangers_see_nothing() -> None:
    trader, viewer, approver = user_make(), user_make(), user_make()
    company = organisation_make(trader=trader, viewer=viewer, approver=approver)
    order = planned_for(company.owner, trader)

    def acting_for_company(user: User) -> Client:
        client = client_of(user)
        session = client.session
        session[SESSION_KEY] = company.pk
        session.save()
        return client

    for user in (viewer, approver):
        client = acting_for_company(user)
        assert client.get(page_of(order)).status_code == 200
        assert client.get(reverse("bulk_order_new")).status_code == 403
        assert upload(client, file_of({})).status_code == 403
        for step in ("bulk_order_plan", "bulk_order_cancel"):
            assert client.post(reverse(step, args=[order.public_id])).status_code == 403
    assert acting_for_company(trader).get(reverse("bulk_order_new")).status_code == 200
    # Nor does the trader in their own name, or somebody else.
    for client in (client_of(trader), client_of(user_make())):
        assert client.get(page_of(order)).status_code == 404
        assert order.name not in text_of(client.get(reverse("bulk_orders")))
        for step in ("bulk_order_plan", "bulk_order_cancel"):
            assert client.post(reverse(step, args=[order.public_id])).status_code == 404
    order.refresh_from_db()
    assert (order.state, BulkOrder.objects.count()) == (State.PLANNED, 1)


def planned_for(owner: Any, by: User) -> BulkOrder:
    return planned(file_of({}), by=by, owner=owner)


def test_lines_and_plans_stay_as_written_and_a_forged_one_is_found() -> None:
    market_of(1, 2021, (2, 3))
    order = planned(file_of({}, {}))
    for table in ("bulkline", "bulkdemand", "bulkplan", "bulkbuy"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE orderbook_{table} SET id = id + 1000")
    with triggers_off():
        order.lines.filter(line=2).update(grams=2 * TONNE)
        order.plans.update(cost=1)
    demand, plan = order.demands.get(), order.plans.get()
    assert broken() == [
        f"bulk order {order.pk}: is not the sum of its lines",
        f"demand {demand.pk} of a bulk order: is not the sum of its lines",
        f"plan {plan.pk} of a bulk order: does not add up",
    ]


def test_a_request_that_is_repeated_with_its_key_makes_one_order_and_keeps_one_file(
    tmp_path: Path,
) -> None:
    bot, key = bot_of(user_make()), {"Idempotency-Key": "travel"}
    cash()
    body = {"name": "Travel", "quote": "USDC", "lines": [{"tonnes": "1", "beneficiary": "A"}]}
    first, again = (bot.post("/bulk-orders", body, **key) for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())
    other = bot.post("/bulk-orders", body | {"name": "Else"}, **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    order = BulkOrder.objects.get()
    kept = [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [Path(order.file.name).name]
