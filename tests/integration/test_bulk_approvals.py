"""Who may let a bulk order run: nobody goes around a bound, by page, API, admin or at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.acting import ALL_SCOPES, TRADE, VIEW
from apps.accounts.errors import Conflict, FourEyesRequired, NotPermitted, ServiceError
from apps.accounts.models import HistoryEntry, Membership, User
from apps.accounts.services.organisations import membership_remove, membership_set
from apps.orderbook.models import BulkExecution, BulkOrder, Command
from apps.orderbook.services import bulk_approvals
from apps.orderbook.services.bulk_approvals import bulk_execution_decide, bulk_order_execute
from apps.orderbook.services.bulk_orders import bulk_order_cancel
from tests.support.api import bot_of
from tests.support.bulk_executions import Company, ask_for, carried_out, company_make, offer
from tests.support.bulk_orders import UNIT, worked
from tests.support.engines import broken_invariants, run_engine
from tests.support.factories import client_of, staff_make, user_make
from tests.support.races import race

pytestmark = pytest.mark.django_db(transaction=True)

State = BulkOrder.State
ROLES = Membership.Role


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    """What it offers costs 2 a tonne; above 10 a day it takes two."""
    found = company_make()
    found.bound(second_above=10)
    offer(1, 2021, (2, 100))
    run_engine()
    return found


def decide(order: BulkOrder, by: User, *, approve: bool = True) -> BulkExecution:
    execution = order.executions.latest("pk")
    return bulk_execution_decide(order=order, execution_id=execution.pk, by=by, approve=approve)


def test_below_the_bound_it_starts_at_once_and_above_it_waits(company: Company) -> None:
    small, large = company.order({"tonnes": 5}), company.order({"tonnes": 6})
    assert ask_for(small, company.trader).started_at is not None
    assert ask_for(large, company.trader).started_at is None
    assert (small.state, large.state) == (State.RUNNING, State.ASKED)
    assert worked(large).state == State.ASKED
    assert not Command.objects.filter(owner=company.owner).exists()
    execution = decide(large, company.approver)
    assert (execution.decided_by, large.state) == (company.approver, State.RUNNING)
    carried_out(large)
    assert large.state == State.DONE
    assert broken_invariants() == []


def test_many_small_orders_of_a_day_are_one_large_one(company: Company) -> None:
    orders = [company.order({"tonnes": 2}) for _ in range(3)]
    asked = [ask_for(order, company.trader) for order in orders]
    assert [execution.needs_second for execution in asked] == [False, False, True]


def test_nobody_approves_what_they_brought_or_asked_for(company: Company) -> None:
    brought = company.order({"tonnes": 6}, by=company.boss)
    ask_for(brought, company.trader)
    asked = company.order({"tonnes": 6})
    ask_for(asked, company.boss)
    for order in (brought, asked):
        with pytest.raises(FourEyesRequired):
            decide(order, company.boss)
    for by, order in ((company.trader, brought), (company.viewer, asked)):
        with pytest.raises(NotPermitted):
            decide(order, by)
    with pytest.raises(NotPermitted):
        decide(asked, user_make())
    for order in (brought, asked):
        assert decide(order, company.approver).decision == "approved"


def test_the_database_refuses_the_maker_and_a_start_that_nobody_let(company: Company) -> None:
    order = company.order({"tonnes": 6})
    execution = ask_for(order, company.boss)
    rows = BulkExecution.objects.filter(pk=execution.pk)
    for by in (company.boss, company.trader):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(decision="approved", decided_by=by, decided_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(started_at=timezone.now())
    other = company.order({"tonnes": 7})
    with pytest.raises(DatabaseError), transaction.atomic():
        BulkExecution.objects.create(
            order=other,
            plan=other.plans.get(),
            total_max=14 * UNIT,
            keep="retire",
            brought_by=other.made_by,
            proposed_by=company.boss,
            needs_second=False,
        )


def test_a_role_spends_and_approves_no_more_than_it_may(company: Company) -> None:
    company.bound(second_above=10, trader=14, approver=13)
    with pytest.raises(NotPermitted) as refused:
        ask_for(company.order({"tonnes": 8}), company.trader)
    assert refused.value.code == "spending_limit"
    order = company.order({"tonnes": 7})
    ask_for(order, company.trader)
    with pytest.raises(NotPermitted):
        decide(order, company.approver)
    assert decide(order, company.boss).decision == "approved"


def test_an_asker_who_has_lost_the_role_is_not_approved(company: Company) -> None:
    order = company.order({"tonnes": 6})
    ask_for(order, company.trader)
    membership_set(
        organisation=company.organisation,
        user=company.trader,
        role=ROLES.VIEWER,
        by=company.boss,
    )
    with pytest.raises(NotPermitted):
        decide(order, company.approver)
    order.refresh_from_db()
    assert (order.state, order.executions.get().decision) == (State.ASKED, "pending")


def test_turned_down_it_can_be_planned_and_asked_for_again(company: Company) -> None:
    order = company.order({"tonnes": 6})
    first = ask_for(order, company.trader)
    decide(order, company.approver, approve=False)
    assert order.state == State.PLANNED
    second = ask_for(order, company.trader)
    # A page that still shows the first does not approve the second.
    with pytest.raises(Conflict):
        bulk_execution_decide(order=order, execution_id=first.pk, by=company.approver, approve=True)
    assert decide(order, company.approver).pk == second.pk


def test_only_the_plan_that_was_seen_is_asked_for_and_within_the_order_s_bounds(
    company: Company,
) -> None:
    order = company.order({"tonnes": 1})
    plan = order.plans.get()
    for total in (0, plan.cost * 2 + 1):
        with pytest.raises(ServiceError) as refused:
            bulk_order_execute(order=order, by=company.trader, plan_id=plan.pk, total_max=total)
        assert refused.value.code == "invalid_total"
    with pytest.raises(Conflict) as changed:
        bulk_order_execute(order=order, by=company.trader, plan_id=plan.pk + 1, total_max=plan.cost)
    assert changed.value.code == "plan_changed"
    first = ask_for(order, company.trader)
    assert ask_for(order, company.trader).pk == first.pk
    with pytest.raises(Conflict):
        ask_for(order, company.trader, total=1)


def test_of_many_askers_at_once_one_gets_through_and_the_bound_holds(company: Company) -> None:
    orders = [company.order({"tonnes": 4}) for _ in range(4)]
    found = race(*(lambda order=order: ask_for(order, company.trader) for order in orders))
    alone = [execution for execution in found if not execution.needs_second]  # type: ignore[attr-defined]
    assert len(alone) == 1
    twice = company.order({"tonnes": 1})
    plan = twice.plans.get()
    # Two totals for one order: one is asked for, the other finds it done.
    found = race(
        *(
            lambda total=total: bulk_order_execute(
                order=twice, by=company.trader, plan_id=plan.pk, total_max=total
            )
            for total in (plan.cost, plan.cost + 1)
        )
    )
    assert sorted(type(one).__name__ for one in found) == ["BulkExecution", "Conflict"]


def test_control_without_lock_and_trigger_two_at_once_pass_the_bound(company: Company) -> None:
    orders = [company.order({"tonnes": 4}) for _ in range(2)]
    both, takes_two = threading.Barrier(2), bulk_approvals._takes_two

    def met(order: BulkOrder, total_max: int) -> bool:
        answer = takes_two(order, total_max)
        both.wait(10)
        return answer

    with (
        trigger_off("orderbook_bulkexecution", "orderbook_bulkexecution_guard"),
        patch.object(bulk_approvals, "organisation_lock"),
        patch.object(bulk_approvals, "_takes_two", side_effect=met),
    ):
        race(*(lambda order=order: ask_for(order, company.trader) for order in orders))
    assert BulkExecution.objects.filter(needs_second=False).count() == 2


def test_the_trigger_alone_holds_the_bound_when_the_service_forgets_its_lock(
    company: Company,
) -> None:
    orders = [company.order({"tonnes": 4}) for _ in range(2)]
    both, takes_two = threading.Barrier(2), bulk_approvals._takes_two

    def met(order: BulkOrder, total_max: int) -> bool:
        answer = takes_two(order, total_max)
        both.wait(10)
        return answer

    with (
        patch.object(bulk_approvals, "organisation_lock"),
        patch.object(bulk_approvals, "_takes_two", side_effect=met),
    ):
        found = race(*(lambda order=order: ask_for(order, company.trader) for order in orders))
    assert sorted(type(one).__name__ for one in found) == ["BulkExecution", "IntegrityError"]


@contextmanager
def trigger_off(table: str, trigger: str) -> Iterator[None]:
    """The database does not look either."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


def test_approved_turned_down_and_cancelled_at_once_it_is_one_of_them(company: Company) -> None:
    other = user_make()
    Membership.objects.create(organisation=company.organisation, user=other, role=ROLES.APPROVER)
    for _ in range(5):
        order = company.order({"tonnes": 6})
        ask_for(order, company.trader)
        copies = [BulkOrder.objects.get(pk=order.pk) for _ in range(3)]
        race(
            lambda copies=copies: decide(copies[0], company.approver),
            lambda copies=copies: decide(copies[1], other, approve=False),
            lambda copies=copies: bulk_order_cancel(order=copies[2], by=company.trader),
        )
        order.refresh_from_db()
        execution = order.executions.get()
        ended = {
            "approved": {State.RUNNING, State.STOPPING},
            "rejected": {State.PLANNED, State.CANCELLED},
            "pending": {State.CANCELLED},
        }
        assert order.state in ended[execution.decision]
        assert (execution.started_at is not None) == (execution.decision == "approved")


def test_a_bound_that_is_lowered_and_a_member_who_leaves_meanwhile_count(company: Company) -> None:
    for _ in range(5):
        company.bound(second_above=10**6)
        order = company.order({"tonnes": 6})
        race(
            lambda order=order: ask_for(order, company.trader),
            lambda: company.bound(second_above=0),
        )
        execution = order.executions.get()
        asked = HistoryEntry.objects.get(
            table_name="orderbook_bulkexecution", row_id=str(execution.pk), operation="insert"
        )
        bound = HistoryEntry.objects.filter(table_name="accounts_spendingrule").latest("pk")
        assert execution.needs_second == (bound.pk < asked.pk)
    company.bound(second_above=0)
    order = company.order({"tonnes": 6})
    ask_for(order, company.trader)
    race(
        lambda: decide(order, company.approver),
        lambda: membership_remove(
            organisation=company.organisation, user=company.approver, by=company.boss
        ),
    )
    with pytest.raises((NotPermitted, Conflict)):
        decide(order, company.approver, approve=False)


def test_pages_and_keys_do_no_more_than_their_people(company: Company) -> None:
    order = company.order({"tonnes": 6})
    plan = order.plans.get()
    form = {"plan_id": plan.pk, "total_max": "12", "keep": "retire"}
    name = [order.public_id]
    for user in (company.viewer, company.approver):
        client = company.client(user)
        for step in ("execute", "pause", "resume"):
            address = reverse(f"bulk_order_{step}", args=name)
            assert client.post(address, form).status_code == 403
    stranger = client_of(user_make())
    for step in ("execute", "decide", "pause", "resume"):
        assert stranger.post(reverse(f"bulk_order_{step}", args=name), form).status_code in (
            400, 404,
        )  # fmt: skip
    assert stranger.get(reverse("bulk_order_lines", args=name)).status_code == 404
    client = company.client(company.trader)
    assert client.post(reverse("bulk_order_execute", args=name), form).status_code == 302
    verdict = {"execution_id": order.executions.get().pk, "approve": "yes", "note": ""}
    for user, status in (
        (company.trader, 403),
        (company.viewer, 403),
        (company.approver, 302),
    ):
        answer = company.client(user).post(reverse("bulk_order_decide", args=name), verdict)
        assert answer.status_code == status
    order.refresh_from_db()
    assert order.state == State.RUNNING
    who = HistoryEntry.objects.filter(table_name="orderbook_bulkexecution", actor=company.approver)
    assert who.exists()


def test_a_key_asks_but_never_approves_and_retires_only_with_that_scope(company: Company) -> None:
    order = company.order({"tonnes": 6})
    path = f"/bulk-orders/{order.public_id}/execution"
    body = {"plan_id": order.plans.get().pk, "total_max": "12", "keep": "retire"}
    trades = bot_of(company.trader, owner=company.owner, scopes=[VIEW, TRADE])
    assert trades.post(path, body).status_code == 403
    looks = bot_of(company.approver, owner=company.owner, scopes=[VIEW])
    assert looks.post(path, body).status_code == 403
    assert looks.post(f"/bulk-orders/{order.public_id}/decide", {}).status_code == 404
    assert trades.post(path, body | {"keep": "hold"}).status_code == 202
    order.refresh_from_db()
    assert order.state == State.ASKED
    everything = bot_of(company.boss, owner=company.owner, scopes=sorted(ALL_SCOPES))
    assert everything.get(path).json()["decision"] == "pending"
    assert bot_of(user_make()).get(path).status_code == 404


def test_staff_with_every_permission_change_nothing_in_the_admin(company: Company) -> None:
    order = company.order({"tonnes": 6})
    execution = ask_for(order, company.trader)
    staff = staff_make()
    staff.user_permissions.set(Permission.objects.all())
    client = client_of(User.objects.get(pk=staff.pk))
    for model, row in (
        ("orderbook_bulkexecution", execution.pk),
        ("orderbook_bulkorder", order.pk),
        ("accounts_spendingrule", company.organisation.spending_rules.get().pk),
    ):
        address = reverse(f"admin:{model}_change", args=[row])
        assert client.get(address).status_code == 200
        assert client.post(address, {"decision": "approved", "state": "running"}).status_code == 403
        assert client.post(reverse(f"admin:{model}_add"), {}).status_code == 403
        assert client.post(reverse(f"admin:{model}_delete", args=[row])).status_code == 403
    order.refresh_from_db()
    assert order.state == State.ASKED
