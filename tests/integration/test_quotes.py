"""Requests for quotes: asked, answered in secret, opened, taken and exchanged, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

from apps.accounts.errors import Conflict, InsufficientFunds, NotPermitted, ServiceError
from apps.accounts.invoicing import bills_of
from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.statements import Month
from apps.orderbook.models import (
    BulkCertificate,
    BulkOrder,
    BulkStep,
    Product,
    Quote,
    QuotePermit,
    QuoteRequest,
    QuoteScore,
)
from apps.orderbook.sealing import digest_of
from apps.orderbook.selectors.quotes import own_lines, scored_of
from apps.orderbook.services.bulk_approvals import bulk_execution_decide
from apps.orderbook.services.bulk_orders import bulk_order_cancel, bulk_order_plan
from apps.orderbook.services.quote_planning import quotes_choose
from apps.orderbook.services.quote_requests import quote_request_end, quotes_sweep
from apps.orderbook.services.quotes import quote_withdraw
from apps.registry.models import Retirement
from tests.support.bulk_executions import Company, ask_for, carried_out, company_make, offer
from tests.support.bulk_orders import UNIT, cash, file_of, planned, worked
from tests.support.engines import broken_invariants, run_engine
from tests.support.factories import TONNE, organisation_make, user_make
from tests.support.markets import product_make
from tests.support.quotes import (
    answered,
    asked,
    deadline_passes,
    opened,
    permit,
    seller_make,
    validity_passes,
)

pytestmark = pytest.mark.django_db(transaction=True)

State = QuoteRequest.State


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    return company_make()


@pytest.fixture
def seller() -> Owner:
    return seller_make(7_000, 2022)[0]


@pytest.fixture
def market(seller: Owner) -> Product:
    """Of what the seller has: 1% for takers, half of it back to makers."""
    code = seller.balances.get().asset.code
    return product_make(code, quote=cash().code, taker_bps=100, maker_bps=-50)


def held(owner: Owner, asset: Asset) -> tuple[int, int]:
    """Tonnes available and held."""
    balance = Balance.objects.get(owner=owner, asset=asset)
    return balance.available // TONNE, balance.held // TONNE


def test_a_firm_quote_is_held_opened_at_its_deadline_exchanged_and_retired(
    company: Company, seller: Owner, market: Product
) -> None:
    order = company.order({"tonnes": 8, "beneficiary": "A"}, {"tonnes": "1.5"})
    request = asked(order, company.trader)
    quote = answered(request, seller, (market, 3, 20, 1))
    assert held(seller, market.base) == (480, 20)
    quotes_sweep()
    assert (scored_of(request), QuoteRequest.objects.get().state) == ([], State.OPEN)
    opened(request)
    order.refresh_from_db()
    buy = order.plans.latest("pk").buys.get()
    assert (buy.quote_line, buy.size, buy.price_limit) == (quote.lines.get(), 9_500_000, 3 * UNIT)
    ask_for(order, company.trader)
    assert held(seller, market.base) == (490, 0)
    assert carried_out(order).state == BulkOrder.State.DONE
    step = BulkStep.objects.get()
    assert (step.filled, step.notional, step.fees) == (9_500_000, 28_500_000, 285_000)
    seller_got = Balance.objects.get(owner=seller, asset=cash()).total
    assert seller_got == 28_500_000 + 142_500
    by_quote, fee = Transfer.Kind.QUOTE, Transfer.Kind.FEE
    # Other kinds refer to rows of other tables, which may have the step's number.
    batches = Transfer.objects.filter(reference=step.pk, kind=by_quote).values("batch").distinct()
    exchange = Transfer.objects.filter(batch=batches.get()["batch"])
    assert set(exchange.values_list("reference", flat=True)) == {step.pk}
    kinds = exchange.values_list("kind", flat=True)
    assert sorted(kinds.order_by("pk")) == [fee, fee, by_quote, by_quote]
    bills = bills_of(Month(request.asked_at.year, request.asked_at.month))
    paid = {bill.owner_id: bill.total for bill in bills}
    assert paid == {company.owner.pk: 285_000, seller.pk: -142_500}
    assert Retirement.objects.aggregate(sum=Sum("amount_grams"))["sum"] == 9_500_000
    assert BulkCertificate.objects.count() == 3
    quote.refresh_from_db()
    request.refresh_from_db()
    assert (quote.state, request.state) == (Quote.State.TAKEN, State.ACCEPTED)
    assert broken_invariants() == []


def test_the_plan_mixes_quotes_and_books_and_what_is_not_taken_is_free_again(
    company: Company, seller: Owner, market: Product
) -> None:
    offer(1, 2019, (2, 4), (9, 100))
    run_engine()
    order = company.order({"tonnes": 10})
    assert order.plans.get().cost == 62 * UNIT
    request = asked(order, company.trader)
    answered(request, seller, (market, 4, 5, 1))
    other, other_class = seller_make(20_000, 2023)
    dear = answered(request, other, (product_make(other_class.code, quote=cash().code), 50, 10))
    opened(request)
    order.refresh_from_db()
    plan = order.plans.latest("pk")
    # Four on the book at 2, five of the quote at 4 and 1%, one on the book at 9.
    assert plan.cost == (8 + 20 + 9) * UNIT + 200_000
    shown = {one.quote and one.quote.pk: one.score for one in scored_of(request)}
    assert (shown[None].filled, shown[None].cost) == (10 * TONNE, 62 * UNIT)
    assert shown[dear.pk].coverage_bps == 10_000
    assert QuoteScore.objects.count() == 3
    ask_for(order, company.trader)
    carried_out(order)
    assert sum(BulkStep.objects.values_list("filled", flat=True)) == 10 * TONNE
    assert held(other, other_class.asset) == (500, 0)
    dear.refresh_from_db()
    assert dear.state == Quote.State.NOT_TAKEN
    assert broken_invariants() == []


def test_an_asker_takes_part_of_a_quote_by_hand_where_it_allows(
    company: Company, seller: Owner, market: Product
) -> None:
    order = company.order({"tonnes": 10})
    request = asked(order, company.trader)
    quote = answered(request, seller, (market, 3, 20, 4), (market, 4, 6))
    opened(request)
    order.refresh_from_db()
    parts, whole = quote.lines.order_by("number")
    for wrong in ({parts.pk: 3 * TONNE}, {whole.pk: 5 * TONNE}, {parts.pk: 21 * TONNE}):
        with pytest.raises(ServiceError) as refused:
            quotes_choose(order=order, by=company.trader, sizes=wrong)
        assert refused.value.code == "invalid_choice"
    plan = quotes_choose(order=order, by=company.trader, sizes={parts.pk: 4 * TONNE})
    assert (plan.filled, plan.cost, plan.method) == (4 * TONNE, 12_120_000, "chosen")
    ask_for(order, company.trader)
    carried_out(order)
    assert held(seller, market.base) == (496, 0)
    assert broken_invariants() == []


def test_nobody_but_its_author_learns_what_a_sealed_quote_says(
    company: Company, seller: Owner, market: Product
) -> None:
    request = asked(company.order({"tonnes": 10}), company.trader)
    quote = answered(request, seller, (market, 3, 20))
    row = Quote.objects.values().get()
    assert b"price" not in bytes(row["sealed"])
    assert row["revealed"] == ""
    assert quote.lines.get().price is None
    assert own_lines(quote)[0].price == 3 * UNIT
    opened(request)
    quote.refresh_from_db()
    assert digest_of(quote.revealed) == quote.digest
    assert quote.lines.get().price == 3 * UNIT
    assert broken_invariants() == []


def test_who_may_answer_is_for_staff_to_say_and_never_oneself(
    company: Company, seller: Owner, market: Product
) -> None:
    request = asked(company.order({"tonnes": 10}), company.trader)
    for owner, by, code in (
        (user_make().owner, None, "quotes_not_permitted"),
        (company.owner, company.trader, "quote_to_oneself"),
        (company.trader.owner, company.trader, "quote_to_oneself"),
        (seller, user_make(), "scope_missing"),
    ):
        if code == "quote_to_oneself":
            permit(owner)
        with pytest.raises(NotPermitted) as refused:
            answered(request, owner, (market, 3, 20), by=by or owner.user)
        assert refused.value.code == code
    permit(seller, QuotePermit.Kind.NONE)
    with pytest.raises(NotPermitted):
        answered(request, seller, (market, 3, 20))
    permit(seller)
    answered(request, seller, (market, 3, 20))
    newcomer = organisation_make(by=company.trader).owner
    order = planned(file_of({"tonnes": 1}), by=company.trader, owner=newcomer)
    with pytest.raises(NotPermitted) as unverified:
        asked(order, company.trader)
    assert unverified.value.code == "organisation_not_verified"
    for asker in (company.viewer, company.approver, user_make()):
        with pytest.raises(NotPermitted):
            asked(request.order, asker)
        with pytest.raises(NotPermitted):
            quote_request_end(request=request, by=asker)
        with pytest.raises(NotPermitted):
            quotes_choose(order=request.order, by=asker, sizes={})


def test_quotes_are_what_their_market_takes_and_stand_long_enough(
    company: Company, seller: Owner, market: Product
) -> None:
    request = asked(company.order({"tonnes": 10}), company.trader)
    in_cc = product_make(market.base.code, quote="CC")
    for terms in ((market, 0, 5), (market, 3, 5, 6), (market, 3, 50_000), (in_cc, 3, 5)):
        with pytest.raises(ServiceError) as refused:
            answered(request, seller, terms)
        assert refused.value.code == "invalid_quote"
    with pytest.raises(ServiceError) as refused:
        answered(request, seller, (market, 3, 5), valid_until=request.deadline)
    assert refused.value.code == "invalid_validity"
    with pytest.raises(InsufficientFunds):
        answered(request, seller, (market, 3, 300), (market, 4, 300))
    first = answered(request, seller, (market, 3, 5))
    assert answered(request, seller, (market, 3, 5)).pk == first.pk
    with pytest.raises(Conflict):
        answered(request, seller, (market, 2, 5))
    quote_withdraw(quote=first, by=seller.user)  # type: ignore[arg-type]
    assert held(seller, market.base) == (500, 0)
    answered(request, seller, (market, 2, 5))
    assert held(seller, market.base) == (495, 5)


def test_after_the_deadline_a_quote_is_firm_until_its_time_is_over(
    company: Company, seller: Owner, market: Product
) -> None:
    request = asked(company.order({"tonnes": 10}), company.trader)
    quote = answered(request, seller, (market, 3, 20, 1))
    deadline_passes(request)
    for do in (
        lambda: quote_withdraw(quote=quote, by=seller.user),  # type: ignore[arg-type]
        lambda: answered(request, company.owner, (market, 3, 20), by=user_make()),
    ):
        with pytest.raises((Conflict, NotPermitted)):
            do()
    order = opened(request)
    validity_passes(quote)
    with pytest.raises(Conflict) as gone:
        ask_for(order, company.trader)
    assert gone.value.code == "quote_gone"
    quotes_sweep()
    quote.refresh_from_db()
    request.refresh_from_db()
    assert (quote.state, request.state) == (Quote.State.LAPSED, State.LAPSED)
    assert held(seller, market.base) == (500, 0)
    order.refresh_from_db()
    assert order.state == BulkOrder.State.PLANNED
    bulk_order_plan(order=order, by=company.trader)
    assert not worked(order).plans.latest("pk").buys.exists()
    assert broken_invariants() == []


@pytest.mark.parametrize("how", ["cancelled", "declined", "order cancelled", "without them"])
def test_however_a_request_ends_nothing_is_held_for_it(
    company: Company, seller: Owner, market: Product, how: str
) -> None:
    offer(1, 2019, (2, 50))
    run_engine()
    order = company.order({"tonnes": 10})
    request = asked(order, company.trader)
    answered(request, seller, (market, 3, 20))
    if how == "declined":
        opened(request)
    if how in ("cancelled", "declined"):
        quote_request_end(request=request, by=company.trader)
    elif how == "order cancelled":
        bulk_order_cancel(order=order, by=company.trader)
        quotes_sweep()
    else:
        ask_for(order, company.trader)
    request.refresh_from_db()
    assert request.state == (State.DECLINED if how == "declined" else State.CANCELLED)
    assert held(seller, market.base) == (500, 0)
    assert broken_invariants() == []


def test_an_unanswered_request_lapses(company: Company) -> None:
    request = asked(company.order({"tonnes": 10}), company.trader)
    opened(request)
    assert request.state == State.LAPSED
    assert asked(request.order, company.trader).pk != request.pk


def test_taking_quotes_needs_what_carrying_out_needs(
    company: Company, seller: Owner, market: Product
) -> None:
    company.bound(second_above=10)
    order = company.order({"tonnes": 10})
    request = asked(order, company.trader)
    answered(request, seller, (market, 3, 20, 1))
    opened(request)
    order.refresh_from_db()
    plan = order.plans.latest("pk")
    with pytest.raises(ServiceError) as small:
        ask_for(order, company.trader, total=plan.cost // UNIT - 21)
    assert small.value.code == "invalid_total"
    execution = ask_for(order, company.trader)
    assert execution.started_at is None
    assert held(seller, market.base) == (480, 20)
    decide = {"order": order, "execution_id": execution.pk, "approve": True}
    with pytest.raises(NotPermitted):
        bulk_execution_decide(by=company.trader, **decide)  # type: ignore[arg-type]
    bulk_execution_decide(by=company.approver, **decide)  # type: ignore[arg-type]
    assert held(seller, market.base) == (490, 0)
    carried_out(order)
    assert broken_invariants() == []


def test_without_funds_nothing_is_taken(seller: Owner, market: Product) -> None:
    company = company_make(money=UNIT)
    order = company.order({"tonnes": 10})
    request = asked(order, company.trader)
    quote = answered(request, seller, (market, 3, 20, 1))
    opened(request)
    order.refresh_from_db()
    with pytest.raises(InsufficientFunds):
        ask_for(order, company.trader)
    order.refresh_from_db()
    quote.refresh_from_db()
    assert (order.state, quote.state) == (BulkOrder.State.PLANNED, Quote.State.STANDING)
    assert not order.executions.exists()
    assert broken_invariants() == []
