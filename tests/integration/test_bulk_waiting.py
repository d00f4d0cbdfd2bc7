"""A bulk order that waits in the books for sellers: never too much, never too long."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.orderbook.models import (
    BulkExecution,
    BulkOrder,
    BulkPart,
    BulkStep,
    Command,
    Fill,
    Order,
)
from apps.orderbook.models.enums import CommandKind, DoneReason, OrderStatus
from apps.orderbook.selectors import market_data
from apps.orderbook.selectors.bulk_executions import Progress, progress_of
from apps.orderbook.services.bulk_approvals import bulk_execution_decide
from apps.orderbook.services.bulk_orders import (
    bulk_order_cancel,
    bulk_order_pause,
    bulk_order_resume,
)
from apps.orderbook.services.commands import order_cancel
from apps.registry.models import CreditClass, Retirement
from tests.support.bulk_executions import (
    Company,
    ask_for,
    carried_out,
    carried_out_by_mortals,
    company_make,
    offer,
    offered,
    seller_of,
)
from tests.support.bulk_orders import UNIT, cash
from tests.support.engines import broken_invariants, run_engine, running, sell
from tests.support.factories import TONNE, client_of, fund, user_make
from tests.support.filling import triggers_off
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)

State = BulkOrder.State


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    return company_make()


def wait(order: BulkOrder, company: Company, **terms: Any) -> BulkExecution:
    """Asks to have it wait for an hour."""
    fields = {"deadline": timezone.now() + timedelta(hours=1), "total": 50, **terms}
    return ask_for(order, company.trader, **fields)


def sold(credit_class: CreditClass, price: int, tonnes: float) -> None:
    """Somebody comes and sells into the book."""
    [product] = offered(credit_class)
    sell(product, seller_of(credit_class), price * UNIT, int(tonnes * TONNE))
    run_engine()


def waiting() -> list[tuple[str, int, float]]:
    """What is in the books of bulk orders: product, price and tonnes."""
    open_ = Order.objects.filter(status=OrderStatus.OPEN, client_oid__startswith="bulk-")
    return [
        (
            order.product.base.code,
            (order.price or 0) // UNIT,
            ((order.size or 0) - order.filled_size) / TONNE,
        )
        for order in open_.select_related("product__base").order_by("product", "price", "pk")
    ]


def got(order: BulkOrder) -> float:
    """Tonnes of all lines."""
    parts = BulkPart.objects.filter(line__order=order)
    return sum(parts.values_list("grams", flat=True)) / TONNE


def progress(order: BulkOrder) -> Progress:
    found = progress_of(order)
    assert found is not None
    return found


def deadlines_come() -> None:
    """All that waits was to wait until now: the next engine reads it so."""
    with transaction.atomic(), triggers_off(), connection.cursor() as cursor:
        cursor.execute("UPDATE orderbook_bulkexecution SET deadline = now()")
        cursor.execute("UPDATE orderbook_bulkstep SET expires_at = now()")
        cursor.execute("UPDATE orderbook_order SET expires_at = now() WHERE expires_at > now()")


def test_it_takes_what_is_on_offer_and_is_then_filled_by_whoever_comes(company: Company) -> None:
    found = offer(1, 2021, (2, 3), (9, 10))
    run_engine()
    order = company.order({"tonnes": 10, "beneficiary": "A"}, {"tonnes": "0.5", "max_price": 1})
    wait(order, company, limit_price=2 * UNIT, visible_bps=1_000, total=25)
    assert carried_out(order).state == State.RUNNING
    assert waiting() == [(found.code, 1, 0.5), (found.code, 2, 7)]
    [product] = offered(found)
    assert [level.size for level in market_data.book(product).bids] == [TONNE, 50_000]
    assert (progress(order).filled, progress(order).waiting) == (3 * TONNE, 7_500_000)
    page = company.client(company.viewer).get(reverse("bulk_order", args=[order.public_id]))
    assert "Waits in the books 7.5 t" in text_of(page)
    assert broken_invariants() == []

    sold(found, 2, 4)
    assert progress(order).filled == 7 * TONNE
    assert carried_out(order).state == State.RUNNING
    sold(found, 1, 5)
    assert carried_out(order).state == State.DONE
    assert (got(order), waiting()) == (10.5, [])
    assert Retirement.objects.aggregate(sum=Sum("amount_grams"))["sum"] == 10_500_000
    assert progress(order).spent == 20 * UNIT + UNIT // 2
    assert {step.product.base.code for step in BulkStep.objects.all()} == {found.code}
    assert broken_invariants() == []


def test_each_gram_waits_once_and_what_waits_in_vain_is_moved_where_sellers_are(
    company: Company,
) -> None:
    busy, quiet = offer(1, 2019, (9, 1)), offer(2_000, 2022, (9, 1))
    run_engine()
    order = company.order({"tonnes": 8, "max_price": 5}, {"tonnes": 2, "vintage_from": 2020})
    began = wait(order, company, limit_price=5 * UNIT, total=55).started_at
    assert began is not None
    carried_out(order)
    assert waiting() == [(busy.code, 5, 4), (quiet.code, 5, 6)]
    sold(busy, 5, 4)
    carried_out(order)
    assert waiting() == [(quiet.code, 5, 6)]
    with time_machine.travel(began + timedelta(minutes=16)):
        carried_out(order)
    assert waiting() == [(busy.code, 5, 2), (quiet.code, 5, 4)]
    assert broken_invariants() == []
    with time_machine.travel(began + timedelta(minutes=31)):
        carried_out(order)
    # Nothing was sold meanwhile: what waits keeps its turn.
    assert BulkStep.objects.count() == 4
    sold(busy, 5, 9)
    sold(quiet, 5, 9)
    assert carried_out(order).state == State.DONE
    assert (got(order), progress(order).spent) == (10, 50 * UNIT)
    assert broken_invariants() == []


def test_the_total_is_enough_even_if_all_that_waits_is_sold(company: Company) -> None:
    first, second = (
        offer(start, year, (9, 1), taker_bps=100, maker_bps=100)
        for start, year in ((1, 2019), (2_000, 2022))
    )
    run_engine()
    order = company.order({"tonnes": 100})
    wait(order, company, limit_price=5 * UNIT, total=40)
    carried_out(order)
    assert waiting() == [(first.code, 5, 4), (second.code, 5, 3.92)]
    for found in (first, second):
        sold(found, 4, 50)
    assert carried_out(order).state == State.RUNNING
    assert 39 * UNIT < progress(order).spent <= 40 * UNIT
    assert broken_invariants() == []


def test_nothing_waits_beyond_the_deadline_though_no_worker_is_there(company: Company) -> None:
    found = offer(1, 2021, (9, 20))
    run_engine()
    left, bought = (company.order({"tonnes": 5}, {"tonnes": 1}) for _ in range(2))
    wait(left, company, limit_price=3 * UNIT)
    wait(bought, company, limit_price=4 * UNIT, at_deadline="buy")
    for order in (left, bought):
        carried_out(order)
    sold(found, 4, 2)
    deadlines_come()
    sold(found, 3, 20)
    ended = Order.objects.filter(client_oid__startswith="bulk-")
    assert {order.done_reason for order in ended} == {DoneReason.EXPIRED}
    assert carried_out(left).state == carried_out(bought).state == State.DONE
    assert (got(left), got(bought)) == (0, 6)
    # Two were sold at 4 in time; the other four are bought at what the books ask now.
    assert progress(bought).spent == (2 * 4 + 4 * 3) * UNIT
    assert broken_invariants() == []


def test_paused_it_leaves_the_books_and_cancelled_it_keeps_what_it_has(company: Company) -> None:
    found = offer(1, 2021, (9, 1))
    run_engine()
    order = company.order({"tonnes": 5})
    wait(order, company, limit_price=5 * UNIT)
    carried_out(order)
    sold(found, 5, 1)
    bulk_order_pause(order=order, by=company.trader)
    run_engine()
    assert waiting() == []
    assert progress(order).filled == TONNE
    sold(found, 5, 1)
    assert carried_out(order).state == State.PAUSED
    assert broken_invariants() == []

    bulk_order_resume(order=order, by=company.trader)
    carried_out(order)
    assert (progress(order).filled, waiting()) == (2 * TONNE, [(found.code, 5, 3)])
    bulk_order_cancel(order=order, by=company.trader)
    assert Command.objects.filter(kind=CommandKind.CANCEL).count() == 2
    run_engine()
    assert carried_out(order).state == State.CANCELLED
    assert (got(order), waiting()) == (2, [])
    assert sum(Retirement.objects.values_list("amount_grams", flat=True)) == 2 * TONNE
    assert broken_invariants() == []


def test_what_cannot_be_paid_for_pauses_it_and_nothing_is_left_in_the_books() -> None:
    company = company_make(money=10 * UNIT)
    offer(1, 2019, (9, 1))
    offer(2_000, 2022, (9, 1))
    run_engine()
    order = company.order({"tonnes": 4})
    wait(order, company, limit_price=5 * UNIT, total=30, keep="hold")
    assert carried_out(order).state == State.PAUSED
    assert order.executions.get().pause == BulkExecution.Pause.FUNDS
    run_engine()
    assert waiting() == []
    fund(company.owner, cash(), 10 * UNIT)
    bulk_order_resume(order=order, by=company.trader)
    assert carried_out(order).state == State.RUNNING
    assert len(waiting()) == 2
    assert broken_invariants() == []


def test_workers_that_die_at_any_statement_leave_one_order_for_each_gram(
    company: Company,
) -> None:
    found = offer(1, 2019, (1, 2), (9, 1))
    offer(2_000, 2022, (9, 1))
    run_engine()
    order = company.order({"tonnes": 4}, {"tonnes": 2, "vintage_from": 2020})
    began = wait(order, company, limit_price=5 * UNIT, at_deadline="buy").started_at
    assert began is not None
    with running():
        assert carried_out_by_mortals(order, is_over=lambda _order: len(waiting()) == 2) > 10
    sold(found, 5, 1)
    with running(), time_machine.travel(began + timedelta(minutes=16)):
        carried_out_by_mortals(order, is_over=lambda _order: BulkStep.objects.count() > 2)
        carried_out(order)
    assert sum(tonnes for _code, _price, tonnes in waiting()) == 3
    bulk_order_cancel(order=order, by=company.trader)
    with running():
        carried_out_by_mortals(order)
    assert (order.state, got(order), waiting()) == (State.CANCELLED, 3, [])
    bought = Fill.objects.filter(maker_owner=company.owner).aggregate(sum=Sum("size"))["sum"]
    assert bought == TONNE
    placed = Command.objects.filter(owner=company.owner, kind=CommandKind.PLACE)
    assert BulkStep.objects.count() == placed.count()
    assert Retirement.objects.aggregate(sum=Sum("amount_grams"))["sum"] == 3 * TONNE
    assert broken_invariants() == []


def test_with_shares_it_waits_for_what_its_plan_buys_and_nothing_else(company: Company) -> None:
    in_plan, other = offer(1, 2019, (2, 5)), offer(2_000, 2022, (9, 1))
    run_engine()
    any_, bound = (company.order({"tonnes": 5}) for _ in range(2))
    BulkOrder.objects.filter(pk=bound.pk).update(project_max_bps=9_999)
    for order in (any_, bound):
        wait(order, company, limit_price=UNIT, total=10)
        carried_out(BulkOrder.objects.get(pk=order.pk))
    assert waiting() == [(in_plan.code, 1, 2.5), (in_plan.code, 1, 5), (other.code, 1, 2.5)]
    assert broken_invariants() == []


def test_two_people_let_it_wait_and_nobody_else_learns_or_changes_anything(
    company: Company,
) -> None:
    found = offer(1, 2021, (9, 1))
    run_engine()
    company.bound(second_above=10)
    order = company.order({"tonnes": 5})
    execution = wait(order, company, limit_price=5 * UNIT, total=20)
    assert (order.state, carried_out(order).state) == (State.ASKED, State.ASKED)
    assert waiting() == []
    name, asked = [order.public_id], {"execution_id": execution.pk, "approve": "yes"}
    for client in (client_of(user_make()), company.client(company.viewer)):
        client.post(reverse("bulk_order_decide", args=name), asked)
        client.post(reverse("bulk_order_pause", args=name))
    assert client_of(user_make()).get(reverse("bulk_order", args=name)).status_code == 404
    with pytest.raises(NotPermitted):
        ask_for(order, company.viewer, total=20, deadline=execution.deadline)
    with time_machine.travel(timezone.now() + timedelta(hours=2)), pytest.raises(Conflict) as late:
        bulk_execution_decide(
            order=order, execution_id=execution.pk, by=company.approver, approve=True
        )
    assert late.value.code == "deadline_over"
    bulk_execution_decide(order=order, execution_id=execution.pk, by=company.approver, approve=True)
    carried_out(order)
    assert waiting() == [(found.code, 5, 4)]
    # The same again is what was asked for already.
    again = wait(order, company, limit_price=5 * UNIT, total=20, deadline=execution.deadline)
    assert again == execution
    assert broken_invariants() == []


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"deadline": timedelta(days=31)}, "invalid_deadline"),
        ({"over_s": 3_600}, "invalid_deadline"),
        ({"deadline": None, "limit_price": 1}, "invalid_deadline"),
        ({"visible_bps": 999}, "invalid_visible"),
        ({"limit_price": 0}, "invalid_limit_price"),
        ({"total": 10**9}, "invalid_total"),
        ({}, "plan_empty"),
    ],
)
def test_what_is_asked_for_has_to_make_sense(
    company: Company, terms: dict[str, Any], code: str
) -> None:
    order = company.order({"tonnes": 5})
    fields = {"limit_price": UNIT, **terms} if terms else {"limit_price": None}
    if isinstance(fields.get("deadline"), timedelta):
        fields["deadline"] += timezone.now()
    with pytest.raises(ServiceError) as refused:
        wait(order, company, **fields)
    assert refused.value.code == code


def test_the_database_refuses_and_the_invariants_find_what_was_not_let(company: Company) -> None:
    offer(1, 2021, (9, 1))
    run_engine()
    order = company.order({"tonnes": 5})
    wait(order, company, limit_price=5 * UNIT, total=20)
    carried_out(order)
    copied = (
        "INSERT INTO orderbook_bulkstep (execution_id, number, product_id, price, size, client_oid,"
        " written_at, filled, notional, fees, surplus, maker_fees, expires_at) SELECT execution_id,"
        " 9, product_id, price, {size}, 'x', now(), 0, 0, 0, 0, 0, {until} FROM orderbook_bulkstep"
    )
    for change in (
        copied.format(size="size", until="expires_at"),
        copied.format(size=1_000, until="expires_at + interval '1 second'"),
        "UPDATE orderbook_bulkstep SET expires_at = expires_at + interval '1 second'",
        "UPDATE orderbook_bulkexecution SET deadline = deadline + interval '1 second'",
        "UPDATE orderbook_bulkexecution SET at_deadline = 'buy'",
        "UPDATE orderbook_bulkexecution SET limit_price = limit_price + 1",
        "UPDATE orderbook_bulkexecution SET visible_bps = 5000",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    for forgery, found in (
        ("UPDATE orderbook_bulkstep SET size = size + 1", "waits for something else"),
        ("UPDATE orderbook_bulkexecution SET deadline = now()", "waits for something else"),
        ("UPDATE orderbook_bulkexecution SET total_max = 1", "not as it was let"),
    ):
        with transaction.atomic():
            with triggers_off(), connection.cursor() as cursor:
                cursor.execute(forgery)
            assert any(found in line for line in broken_invariants())
            transaction.set_rollback(True)


def test_what_a_member_cancels_by_hand_is_not_placed_again_at_once(company: Company) -> None:
    found = offer(1, 2021, (9, 1))
    run_engine()
    order = company.order({"tonnes": 5})
    began = wait(order, company, limit_price=5 * UNIT).started_at
    assert began is not None
    carried_out(order)
    step = BulkStep.objects.get()
    assert step.placed_id is not None
    order_cancel(owner=company.owner, user=company.trader, order_id=step.placed_id)
    run_engine()
    carried_out(order)
    assert waiting() == []
    with time_machine.travel(began + timedelta(minutes=31)):
        carried_out(order)
    assert waiting() == [(found.code, 5, 5)]
    assert broken_invariants() == []
