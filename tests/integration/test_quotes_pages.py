"""Who sees what of requests for quotes: pages, the admin, the API and mails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.urls import reverse

from apps.accounts.ledger.models import Owner
from apps.accounts.models import User
from apps.orderbook.models import BulkOrder, Product, Quote, QuotePermit
from apps.orderbook.services.quote_notices import quote_notices_send
from apps.orderbook.services.quotes import may_quote
from ccmarket.demo.people import PEOPLE, owner_of, people_ensure
from ccmarket.demo.permits import MAKERS, permits_ensure
from tests.support.api import bot_of
from tests.support.bulk_executions import Company, ask_for, company_make
from tests.support.bulk_orders import cash
from tests.support.factories import client_of, owner_make, staff_make, user_make
from tests.support.markets import product_make
from tests.support.pages import breaks_of_policy, text_of
from tests.support.quotes import answered, asked, opened, permit, seller_make

pytestmark = pytest.mark.django_db(transaction=True)

# A price that no page has by chance.
PRICE = 1_234_567


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    return company_make(money=10**15)


@pytest.fixture
def seller() -> Owner:
    return seller_make(7_000, 2022)[0]


@pytest.fixture
def market(seller: Owner) -> Product:
    return product_make(seller.balances.get().asset.code, quote=cash().code)


def superviser() -> User:
    """Staff with every permission."""
    staff = staff_make()
    staff.user_permissions.set(Permission.objects.all())
    return User.objects.get(pk=staff.pk)


def test_a_seller_answers_on_the_page_and_only_the_asker_sees_it_after_the_deadline(
    company: Company, seller: Owner, market: Product
) -> None:
    assert seller.user is not None
    other = owner_make()
    permit(other)
    assert other.user is not None
    order = company.order({"tonnes": 10, "beneficiary": "Secret Ltd", "max_price": 2_000_000})
    trader = company.client(company.trader)
    answer = trader.post(reverse("bulk_order_quotes", args=[order.public_id]), {"within_s": "3600"})
    request = order.quote_requests.get()
    page = reverse("quote_request", args=[request.public_id])
    assert answer.headers["Location"] == page
    selling = client_of(seller.user)
    assert "10 t" in text_of(selling.get(reverse("quotes")))
    shown = text_of(selling.get(page))
    for secret in ("Secret", order.name, str(company.organisation), "2,000,000"):
        assert secret not in shown
    form = {"line1-product": market.code, "line1-size": "20", "stands_s": "86400"}
    assert "Fill in credits" in text_of(selling.post(page, form))
    form |= {"line1-price": str(PRICE), "line1-in_part": "on"}
    assert selling.post(page, form).status_code == 302
    assert f"{PRICE:,}" in text_of(selling.get(page))
    sealed_to = [trader, client_of(other.user), client_of(superviser())]
    admin_page = reverse("admin:orderbook_quote_change", args=[Quote.objects.get().pk])
    for client in sealed_to:
        for address in (page, reverse("quotes"), admin_page):
            said = client.get(address).content.decode()
            assert f"{PRICE:,}" not in said
            assert str(PRICE) not in said
    assert "Answers 1" in text_of(trader.get(page))
    opened(request)
    said = trader.get(page)
    assert f"{PRICE:,}" in text_of(said)
    assert not breaks_of_policy(said)
    assert client_of(other.user).get(page).status_code == 404
    assert str(PRICE) in client_of(superviser()).get(admin_page).content.decode()
    line = Quote.objects.get().lines.get()
    chosen = trader.post(
        reverse("quotes_choose", args=[request.public_id]), {f"line-{line.pk}": "4"}
    )
    assert chosen.status_code == 302
    order.refresh_from_db()
    assert "by quote" in text_of(trader.get(reverse("bulk_order", args=[order.public_id])))
    ask_for(order, company.trader)
    assert "Taken" in text_of(selling.get(page))


def test_viewers_strangers_and_sellers_without_a_permit_do_nothing(
    company: Company, seller: Owner, market: Product
) -> None:
    order = company.order({"tonnes": 10})
    viewer = company.client(company.viewer)
    ask = reverse("bulk_order_quotes", args=[order.public_id])
    assert viewer.post(ask, {"within_s": "3600"}).status_code == 403
    request = asked(order, company.trader)
    quote = answered(request, seller, (market, 3, 20))
    name = [request.public_id]
    page = reverse("quote_request", args=name)
    assert viewer.get(page).status_code == 200
    stranger = client_of(user_make())
    assert stranger.get(page).status_code == 404
    assert stranger.post(reverse("quote_withdraw", args=[quote.public_id])).status_code == 404
    assert stranger.post(ask, {"within_s": "3600"}).status_code == 404
    for step in ("quotes_choose", "quote_request_end"):
        assert viewer.post(reverse(step, args=name)).status_code == 403
        assert stranger.post(reverse(step, args=name)).status_code == 404
    assert seller.user is not None
    looks = bot_of(seller.user, scopes=["view"])
    assert looks.get(f"/quotes/{quote.public_id}").json()["lines"][0]["price"] == "3"
    assert looks.delete(f"/quotes/{quote.public_id}").status_code == 403
    asker = bot_of(company.trader, owner=company.owner, scopes=["view", "trade"])
    assert asker.get(f"/quote-requests/{request.public_id}").json()["answers"] == 1
    assert asker.get(f"/quote-requests/{request.public_id}/quotes").json() == []
    assert asker.get(f"/quotes/{quote.public_id}").status_code == 404


def test_two_of_staff_let_an_owner_answer(seller: Owner) -> None:
    owner = owner_make()
    first = staff_make(("add", QuotePermit), ("view", QuotePermit))
    second = staff_make(("change", QuotePermit), ("view", QuotePermit))
    form = {"owner": owner.pk, "kind": "developer"}
    client_of(first).post(reverse("admin:orderbook_quotepermit_add"), form)
    proposal = QuotePermit.objects.get(owner=owner)
    assert not may_quote(owner)
    approve = reverse("admin:orderbook_quotepermit_approve", args=[proposal.pk])
    client_of(first).post(approve, {"_form_submitted": "on", "note": ""})
    assert not may_quote(owner)
    client_of(second).post(approve, {"_form_submitted": "on", "note": ""})
    assert may_quote(owner)


def test_the_demo_s_market_makers_may_answer() -> None:
    for _time in range(2):
        users = people_ensure()
        owners = {person.key: owner_of(person, users[person.key]) for person in PEOPLE}
        permits_ensure(owners=owners, staff=(users["staff_one"], users["staff_two"]))
    assert [may_quote(owners[key]) for key in MAKERS] == [True, True]
    assert QuotePermit.objects.count() == 2


def test_sellers_asker_and_answerer_are_mailed_once_and_no_mail_has_a_price(
    company: Company, seller: Owner, market: Product
) -> None:
    assert seller.user is not None
    gone = seller_make(20_000, 2023)[0]
    permit(gone, QuotePermit.Kind.NONE)
    order = company.order({"tonnes": 10})
    request = asked(order, company.trader)
    assert told() == [seller.user.email]
    assert told() == []
    answered(request, seller, (market, PRICE, 20, 1))
    opened(request)
    assert told() == [company.trader.email]
    order = BulkOrder.objects.get()
    ask_for(order, company.trader)
    assert told() == [seller.user.email]
    assert told() == []


def told() -> list[str]:
    """Who is mailed by a sweep."""
    mail.outbox.clear()
    quote_notices_send()
    for sent in mail.outbox:
        assert str(PRICE) not in sent.body + sent.subject
        assert "/quotes/" in sent.body
    return sorted(to for sent in mail.outbox for to in sent.to)
