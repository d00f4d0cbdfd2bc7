"""A bulk order carried out: bought, allotted, retired and certified once, to the gram."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.db import OperationalError
from django.db.models import Sum
from django.urls import reverse

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.models import Balance
from apps.accounts.ledger.services import RETIRED, platform_owner_get
from apps.orderbook.models import (
    BulkCertificate,
    BulkExecution,
    BulkOrder,
    BulkPart,
    BulkStep,
    Command,
    Fill,
)
from apps.orderbook.models.enums import OrderType, Side, TimeInForce
from apps.orderbook.selectors.bulk_executions import progress_of
from apps.orderbook.services import (
    bulk_allotment,
    bulk_execution,
    bulk_steps,
)
from apps.orderbook.services.bulk_orders import (
    bulk_order_cancel,
    bulk_order_pause,
    bulk_order_resume,
)
from apps.orderbook.services.bulk_work import bulk_orders_left
from apps.orderbook.services.commands import order_place
from apps.orderbook.services.products import product_change
from apps.orderbook.services.verdicts import verdict_wait
from apps.registry.models import Retirement
from tests.support.bulk_executions import (
    Company,
    ask_for,
    carried_out,
    carried_out_by_mortals,
    company_make,
    offer,
    offered,
)
from tests.support.bulk_orders import UNIT, cash, worked
from tests.support.engines import broken_invariants, buy, run_engine, running, sell
from tests.support.factories import TONNE, fund, owner_make
from tests.support.pages import breaks_of_policy, downloaded, text_of

pytestmark = pytest.mark.django_db(transaction=True)

State = BulkOrder.State
Pause = BulkExecution.Pause
Keep = BulkExecution.Keep


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    return company_make()


def got(order: BulkOrder) -> dict[int, int]:
    """Grams by line."""
    parts = BulkPart.objects.filter(line__order=order).values("line__line")
    return {row["line__line"]: row["grams"] for row in parts.annotate(grams=Sum("grams"))}


def credits_of(company: Company, code: str) -> int:
    balance = Balance.objects.filter(owner=company.owner, asset__code=code).first()
    return balance.total if balance else 0


def test_every_line_is_filled_and_retired_for_its_beneficiary(company: Company) -> None:
    old = offer(1, 2019, (1, 10))
    young = offer(2_000, 2022, (2, 10), (3, 10))
    run_engine()
    order = company.order(
        {"tonnes": "8", "beneficiary": "A"},
        {"tonnes": "5.5", "beneficiary": "B", "vintage_from": 2020},
        {"tonnes": "8", "beneficiary": "A", "message": "Travel"},
    )
    ask_for(order, company.trader)
    assert carried_out(order).state == State.DONE
    assert got(order) == {2: 8 * TONNE, 3: 5_500_000, 4: 8 * TONNE}
    assert credits_of(company, old.code) == credits_of(company, young.code) == 0
    retired = Balance.objects.filter(owner=platform_owner_get(name=RETIRED))
    assert sum(balance.total for balance in retired) == 21_500_000
    made = BulkCertificate.objects.order_by("beneficiary").values_list("beneficiary", "grams")
    assert list(made) == [("", 21_500_000), ("A", 16 * TONNE), ("B", 5_500_000)]
    progress = progress_of(order)
    assert progress is not None
    assert (progress.spent, progress.part_ppm) == (order.plans.get().cost, 1_000_000)
    assert broken_invariants() == []


def test_held_credits_stay_in_the_balance_and_nothing_is_retired(company: Company) -> None:
    found = offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3})
    ask_for(order, company.trader, keep=Keep.HOLD)
    assert carried_out(order).state == State.DONE
    assert credits_of(company, found.code) == 3 * TONNE
    assert not Retirement.objects.exists()
    assert not BulkCertificate.objects.exists()
    assert got(order) == {2: 3 * TONNE}
    assert broken_invariants() == []


def test_workers_that_die_at_any_statement_leave_every_line_done_exactly_once(
    company: Company,
) -> None:
    offer(1, 2019, (1, 2))
    offer(2_000, 2022, (2, 10))
    run_engine()
    order = company.order(
        {"tonnes": "1.25", "beneficiary": "A"},
        {"tonnes": "0.75", "beneficiary": "B"},
        {"tonnes": 1, "beneficiary": "A", "vintage_from": 2020},
    )
    ask_for(order, company.trader)
    with running():
        assert carried_out_by_mortals(order) > 100
    assert order.state == State.DONE
    assert got(order) == {2: 1_250_000, 3: 750_000, 4: TONNE}
    fills = Fill.objects.filter(taker_owner=company.owner).aggregate(sum=Sum("size"))["sum"]
    assert fills == 3 * TONNE
    assert Retirement.objects.aggregate(sum=Sum("amount_grams"))["sum"] == 3 * TONNE
    assert BulkStep.objects.count() == Command.objects.filter(owner=company.owner).count()
    assert broken_invariants() == []


def test_it_never_costs_more_than_was_let_even_when_the_cheap_credits_are_gone(
    company: Company,
) -> None:
    found = offer(1, 2021, (1, 5), (10, 5))
    run_engine()
    order = company.order({"tonnes": 10})
    ask_for(order, company.trader, total=55)
    rival = owner_make()
    fund(rival, cash(), 100 * UNIT)
    [product] = offered(found)
    with running():
        order_place(
            owner=rival,
            user=None,
            product=product,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            price=UNIT,
            size=3 * TONNE,
            time_in_force=TimeInForce.GTC,
        )
        worked(order)
    assert order.state == State.DONE
    progress = progress_of(order)
    assert progress is not None
    assert progress.spent <= 55 * UNIT
    # Two at 1; for the 53 that are left five at 10: all that the books had.
    assert progress.filled == 7 * TONNE
    assert broken_invariants() == []


def test_a_total_below_the_worst_case_buys_in_several_steps_up_to_it(company: Company) -> None:
    offer(1, 2021, (1, 5), (10, 5))
    run_engine()
    order = company.order({"tonnes": 10})
    ask_for(order, company.trader)
    carried_out(order)
    assert (got(order), BulkStep.objects.count() > 1) == ({2: 10 * TONNE}, True)
    progress = progress_of(order)
    assert progress is not None
    assert progress.spent == 55 * UNIT
    assert broken_invariants() == []


def test_fees_are_within_the_total_and_lots_beyond_the_lines_are_held(company: Company) -> None:
    found = offer(1, 2021, (2, 10), taker_bps=100, size_increment=TONNE, size_min=TONNE)
    run_engine()
    order = company.order({"tonnes": "2.5"})
    ask_for(order, company.trader)
    carried_out(order)
    progress = progress_of(order)
    assert progress is not None
    assert (progress.filled, progress.allotted, progress.surplus) == (
        3 * TONNE, 2_500_000, 500_000,
    )  # fmt: skip
    assert progress.spent <= order.plans.get().cost
    assert credits_of(company, found.code) == 500_000
    assert broken_invariants() == []


def test_paused_it_buys_nothing_and_resumed_it_goes_on(company: Company) -> None:
    offer(1, 2019, (1, 2))
    offer(2_000, 2022, (2, 2))
    run_engine()
    order = company.order({"tonnes": 4})
    ask_for(order, company.trader)
    finish = bulk_execution.step_finish

    def paused_meanwhile(**terms: Any) -> None:
        finish(**terms)
        if order.executions.get().steps.count() == 1:
            bulk_order_pause(order=BulkOrder.objects.get(), by=company.trader)

    with patch.object(bulk_execution, "step_finish", side_effect=paused_meanwhile):
        assert carried_out(order).state == State.PAUSED
    assert got(order) == {}
    assert not Retirement.objects.exists()
    assert bulk_orders_left() == []
    assert carried_out(order).state == State.PAUSED
    bulk_order_resume(order=order, by=company.trader)
    assert carried_out(order).state == State.DONE
    assert got(order) == {2: 4 * TONNE}
    with pytest.raises(Conflict):
        bulk_order_pause(order=order, by=company.trader)
    assert broken_invariants() == []


def test_what_is_left_is_cancelled_and_what_was_bought_is_retired(company: Company) -> None:
    offer(1, 2019, (1, 2))
    offer(2_000, 2022, (2, 2))
    run_engine()
    order = company.order({"tonnes": 4})
    ask_for(order, company.trader)
    finish = bulk_execution.step_finish

    def cancelled_meanwhile(**terms: Any) -> None:
        finish(**terms)
        bulk_order_cancel(order=BulkOrder.objects.get(), by=company.trader)

    with patch.object(bulk_execution, "step_finish", side_effect=cancelled_meanwhile):
        assert carried_out(order).state == State.CANCELLED
    assert Retirement.objects.get().amount_grams == 2 * TONNE
    assert BulkCertificate.objects.count() == 2
    assert BulkStep.objects.count() == 1
    assert broken_invariants() == []


def test_without_funds_it_pauses_and_says_so_and_goes_on_with_them() -> None:
    company = company_make(money=0)
    offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3})
    ask_for(order, company.trader)
    assert carried_out(order).state == State.PAUSED
    assert order.executions.get().pause == Pause.FUNDS
    page = company.client(company.viewer).get(reverse("bulk_order", args=[order.public_id]))
    assert "funds do not suffice" in text_of(page)
    fund(company.owner, cash(), 6 * UNIT)
    bulk_order_resume(order=order, by=company.trader)
    assert carried_out(order).state == State.DONE
    assert broken_invariants() == []


def test_an_order_under_a_step_s_name_is_not_taken_for_the_step(company: Company) -> None:
    found = offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3})
    [product] = offered(found)
    order_place(
        owner=company.owner,
        user=company.trader,
        client_oid=f"bulk-{order.public_id.hex}-1",
        product=product,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        price=2 * UNIT,
        size=9 * TONNE,
        time_in_force=TimeInForce.IOC,
    )
    ask_for(order, company.trader)
    assert carried_out(order).state == State.PAUSED
    assert order.executions.get().pause == Pause.NAME
    assert got(order) == {}
    bulk_order_resume(order=order, by=company.trader)
    carried_out(order)
    assert sum(got(order).values()) == TONNE
    assert broken_invariants() == []


def test_credits_that_left_the_account_are_waited_for(company: Company) -> None:
    found = offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3})
    ask_for(order, company.trader)
    [product] = offered(found)
    retire = bulk_execution.bulk_parts_retire

    def sold_before(**terms: Any) -> Any:
        placed = sell(product, company.owner, 9 * UNIT, TONNE)
        assert verdict_wait(command_ids=[placed], timeout_s=20)
        return retire(**terms)

    with patch.object(bulk_execution, "bulk_parts_retire", side_effect=sold_before):
        assert carried_out(order).state == State.PAUSED
    assert order.executions.get().pause == Pause.CREDITS
    assert not Retirement.objects.exists()
    assert broken_invariants() == []


def test_page_certificates_and_the_file_of_lines_show_what_came_of_it(company: Company) -> None:
    offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3, "beneficiary": "A"}, {"tonnes": "0.25"})
    ask_for(order, company.trader)
    client, name = company.client(company.viewer), [order.public_id]
    assert "Being carried out" in text_of(client.get(reverse("bulk_order", args=name)))
    carried_out(order)
    page = client.get(reverse("bulk_order", args=name))
    assert "Bought 3.25 t of 3.25 t" in text_of(page)
    assert not breaks_of_policy(page)
    rows = list(
        csv.DictReader(io.StringIO(downloaded(client.get(reverse("bulk_order_lines", args=name)))))
    )
    assert [row["tonnes_retired"] for row in rows] == ["3", "0.25"]
    assert "The whole order" in text_of(client.get(reverse("bulk_order_certificates", args=name)))
    whole = BulkCertificate.objects.get(beneficiary="")
    shown = client.get(reverse("bulk_certificate", args=[whole.public_id]))
    assert whole.number in text_of(shown)
    for retirement in Retirement.objects.all():
        assert retirement.number in text_of(shown)


@pytest.mark.parametrize("named", [True, False], ids=["by its name", "control: without one"])
def test_a_step_whose_worker_dies_after_placing_it_is_found(company: Company, named: bool) -> None:
    offer(1, 2021, (1, 400))
    run_engine()
    order = company.order({"tonnes": 2})
    ask_for(order, company.trader)
    died = patch.object(bulk_steps, "verdict_wait", side_effect=OperationalError("it is gone"))

    def nameless(**terms: Any) -> Command:
        return order_place(**{**terms, "client_oid": None})

    with ExitStack() as world:
        if not named:
            world.enter_context(patch.object(bulk_steps, "command_named", return_value=None))
            world.enter_context(patch.object(bulk_steps, "order_place", side_effect=nameless))
        with died, pytest.raises(OperationalError):
            worked(order)
        carried_out(order)
    assert order.state == State.DONE
    assert BulkStep.objects.count() == 1
    assert Command.objects.filter(owner=company.owner).count() == (1 if named else 2)


def test_asks_beyond_the_price_band_are_no_depth_until_trades_move_it(company: Company) -> None:
    found = offer(1, 2021, (10, 1), (11, 5), (12, 5))
    run_engine()
    [product] = offered(found)
    product_change(product=product, user=None, band_bps=1_000)
    rival = owner_make()
    fund(rival, cash(), 10 * UNIT)
    buy(product, rival, 10 * UNIT, TONNE)
    run_engine()
    order = company.order({"tonnes": 10})
    assert order.plans.get().filled == 5 * TONNE
    ask_for(order, company.trader)
    carried_out(order)
    assert got(order) == {2: 5 * TONNE}
    assert company.order({"tonnes": 10}).plans.get().filled == 5 * TONNE
    assert broken_invariants() == []


def test_lines_get_theirs_in_the_order_of_the_file_and_those_with_less_choice_too(
    company: Company,
) -> None:
    offer(2_000, 2022, (1, 3))
    offer(4_000, 2018, (2, 2))
    run_engine()
    order = company.order(
        {"tonnes": 2}, {"tonnes": "0.5", "vintage_from": 2020}, {"tonnes": 2}, {"tonnes": 2}
    )
    ask_for(order, company.trader, keep=Keep.HOLD)
    carried_out(order)
    assert got(order) == {2: 2 * TONNE, 3: 500_000, 4: 2 * TONNE, 5: 500_000}
    progress = progress_of(order)
    assert progress is not None
    assert (progress.filled, progress.lines, progress.surplus) == (5 * TONNE, 4, 0)
    assert broken_invariants() == []


def test_credits_that_lost_what_a_line_asks_for_are_kept_and_not_given_to_it(
    company: Company,
) -> None:
    found = offer(1, 2021, (2, 10))
    run_engine()
    order = company.order({"tonnes": 3, "vintage_from": 2021})
    ask_for(order, company.trader)
    with patch.object(bulk_allotment, "classes_of_demands", return_value=iter([frozenset()])):
        carried_out(order)
    assert order.state == State.DONE
    assert (got(order), credits_of(company, found.code)) == ({}, 3 * TONNE)
    assert not Retirement.objects.exists()
    assert not BulkCertificate.objects.exists()
    assert broken_invariants() == []


def test_over_time_each_part_buys_what_is_due_and_the_last_one_the_rest(company: Company) -> None:
    found = offer(1, 2021, (1, 2), (2, 6))
    run_engine()
    order = company.order({"tonnes": 8})
    ask_for(order, company.trader, over_s=3_600)
    began = order.executions.get().started_at
    assert began is not None
    bought = []
    for minutes in (1, 2, 16, 46):
        with time_machine.travel(began + timedelta(minutes=minutes)):
            carried_out(order)
        bought.append(credits_of(company, found.code) // TONNE)
        assert broken_invariants() == []
    # In the end it is retired; until then nothing is given to a line.
    assert bought == [2, 2, 4, 0]
    assert (order.state, got(order)) == (State.DONE, {2: 8 * TONNE})
    assert [step.size for step in BulkStep.objects.order_by("number")] == [
        *(2 * TONNE, 2 * TONNE, 4 * TONNE),
    ]


def test_over_time_it_can_be_cancelled_between_two_parts_and_keeps_what_it_has(
    company: Company,
) -> None:
    offer(1, 2021, (1, 8))
    run_engine()
    order = company.order({"tonnes": 8})
    ask_for(order, company.trader, over_s=3_600)
    assert carried_out(order).state == State.RUNNING
    assert order.pk in bulk_orders_left()
    bulk_order_cancel(order=order, by=company.trader)
    assert carried_out(order).state == State.CANCELLED
    assert got(order) == {2: 2 * TONNE}
    with pytest.raises(ServiceError):
        ask_for(company.order({"tonnes": 1}), company.trader, over_s=60)
    assert broken_invariants() == []
