"""A request for quotes in a real browser, from the plan without it to the certificates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.ledger.models import Owner
from apps.orderbook.models import BulkOrder, Quote, QuoteRequest
from apps.registry.models import Retirement
from tests.browser.test_pages_bulk import acting_for, faults
from tests.support.bulk_executions import Company, company_make, offer
from tests.support.bulk_orders import cash, worked
from tests.support.engines import run_engine
from tests.support.markets import product_make
from tests.support.quotes import opened, seller_make
from tests.support.site import engine_running, sign_in, site_running, watch_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def company(transactional_db: None) -> Company:
    offer(1, 2019, (5, 50))
    run_engine()
    return company_make()


@pytest.fixture
def seller(transactional_db: None) -> Owner:
    found, credit_class = seller_make(7_000, 2022)
    product_make(credit_class.code, quote=cash().code, taker_bps=100)
    return found


@pytest.fixture
def site(company: Company, page: Page, settings: Any, tmp_path: Path) -> Iterator[str]:
    settings.MEDIA_ROOT = tmp_path / "media"
    with site_running() as address, engine_running(), watch_errors(page):
        settings.BASE_URL = address
        yield address


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """axe is a script from outside: only here may the policy be set aside."""
    return browser_context_args | {"bypass_csp": True}


def test_quotes_are_asked_for_answered_in_secret_chosen_and_retired(
    site: str, page: Page, company: Company, seller: Owner
) -> None:
    order = company.order({"tonnes": 8, "beneficiary": "A"}, {"tonnes": "1.5"})
    acting_for(page, site, company, company.trader)
    page.goto(f"{site}/bulk-orders/{order.public_id}")
    page.get_by_label("Sellers may answer within").select_option(label="four hours")
    page.get_by_role("button", name="Ask for quotes").click()
    expect(page.locator("main")).to_contain_text("Answers are sealed")
    assert faults(page) == []
    request = QuoteRequest.objects.get()
    page.context.clear_cookies()

    sign_in(page, site, seller.user)
    page.goto(f"{site}/quotes")
    assert faults(page) == []
    page.get_by_role("row").nth(1).get_by_role("link").click()
    line = page.get_by_role("group", name="Line 1")
    line.get_by_label("Credits").select_option(index=1)
    line.get_by_label("Tonnes").fill("20")
    line.get_by_label("Price per tonne").fill("3.5")
    line.get_by_label("May be taken in part").check()
    assert faults(page) == []
    page.get_by_role("button", name="Give this firm quote").click()
    expect(page.locator("main")).to_contain_text("Your quote")
    assert faults(page) == []
    page.context.clear_cookies()

    opened(request)
    acting_for(page, site, company, company.trader)
    page.goto(f"{site}/quotes/{request.public_id}")
    expect(page.locator("main")).to_contain_text("Quotes against the books")
    expect(page.locator("main")).to_contain_text("The books alone")
    assert faults(page) == []
    page.get_by_role("textbox", name="to take").fill("9.5")
    page.get_by_role("button", name="Plan with what I take").click()
    expect(page.locator("#bulk-order")).to_contain_text("by quote")
    page.get_by_role("button", name="Carry out this plan").click()
    expect(page.locator("#bulk-order")).to_contain_text("Being carried out")
    worked(BulkOrder.objects.get())
    expect(page.locator("#bulk-order")).to_contain_text("Certificates")
    assert faults(page) == []
    assert sum(Retirement.objects.values_list("amount_grams", flat=True)) == 9_500_000
    assert Quote.objects.get().state == Quote.State.TAKEN
