"""What webhooks hear of requests for quotes: who is concerned, and nothing that a quote says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import Owner, User, WebhookEvent, WebhookMessage
from apps.accounts.webhooks.endpoints import webhook_create
from apps.orderbook.models import Product
from apps.orderbook.services.quote_requests import quote_request_end
from apps.orderbook.services.quotes import quote_withdraw
from tests.support.bulk_executions import Company, ask_for, company_make, offer
from tests.support.bulk_orders import cash
from tests.support.engines import run_engine
from tests.support.factories import owner_make
from tests.support.markets import product_make
from tests.support.quotes import answered, asked, opened, permit, seller_make

pytestmark = pytest.mark.django_db(transaction=True)

QUOTES = (
    *(WebhookEvent.QUOTES_ASKED, WebhookEvent.QUOTES_ANSWERED, WebhookEvent.QUOTES_CLOSED),
    WebhookEvent.QUOTE_AWARDED,
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    made = company_make()
    listen(made.owner, made.trader)
    return made


def listen(owner: Owner, user: User | None = None) -> None:
    by = user or owner.user
    assert by is not None
    webhook_create(owner=owner, user=by, url="https://1.1.1.1/", events=QUOTES)


def told(owner: Owner) -> list[tuple[str, str]]:
    """Events and what came of it, since the last time."""
    rows = WebhookMessage.objects.filter(endpoint__owner=owner).order_by("pk")
    return [(event, data["state"]) for event, data in rows.values_list("event", "data")]


def seller(first: int, year: int) -> tuple[Owner, Product]:
    owner, credit_class = seller_make(first, year)
    listen(owner)
    return owner, product_make(credit_class.code, quote=cash().code)


def test_each_hears_what_concerns_them_and_nobody_what_another_offers(company: Company) -> None:
    offer(9_000, 2020, (9, 5))
    run_engine()
    (first, its), (second, others) = seller(1, 2021), seller(2_000, 2022)
    stranger = owner_make()
    listen(stranger)
    permit(company.owner)
    order = company.order({"tonnes": 4})
    request = asked(order, company.trader)
    assert told(first) == told(second) == [("quote_request.asked", "open")]
    assert told(company.owner) == told(stranger) == []
    answered(request, first, (its, 3, 4))
    withdrawn = answered(request, second, (others, 8, 4))
    quote_withdraw(quote=withdrawn, by=withdrawn.answered_by)
    answered(request, second, (others, 7, 4))
    assert told(company.owner) == [("quote_request.answered", "open")] * 3
    planned = opened(request)
    ask_for(planned, company.trader)
    closed = [("quote_request.closed", "opened"), ("quote_request.closed", "accepted")]
    assert told(company.owner)[3:] == closed
    assert told(first)[1:] == [closed[0], ("quote.awarded", "taken"), closed[1]]
    assert told(second)[1:] == closed
    assert told(stranger) == []
    said = WebhookMessage.objects.exclude(endpoint__owner=company.owner)
    for data in said.values_list("data", flat=True):
        assert {"price", "lines", "bulk_order_id", "answers"}.isdisjoint(data)
        assert order.name not in json.dumps(data)
    latest = WebhookMessage.objects.filter(endpoint__owner=company.owner).latest("pk").data
    assert (latest["mine"], latest["answers"], latest["amount"]) == (True, 2, "4")


def test_a_request_that_is_cancelled_closes_for_who_answered(company: Company) -> None:
    offer(9_000, 2020, (9, 5))
    run_engine()
    (first, its), (second, _) = seller(1, 2021), seller(2_000, 2022)
    request = asked(company.order({"tonnes": 4}), company.trader)
    answered(request, first, (its, 3, 4))
    quote_request_end(request=request, by=company.trader)
    assert told(first)[1:] == [("quote_request.closed", "cancelled")]
    assert told(second)[1:] == []
    assert told(company.owner)[1:] == [("quote_request.closed", "cancelled")]
