"""A company's file from upload to certificate in a real browser, by somebody who is new to it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.orderbook.models import BulkCertificate, BulkOrder
from apps.registry.models import Retirement
from tests.browser.test_pages_accessibility import AXE, RULES, RUN
from tests.support.bulk_executions import Company, ask_for, company_make, offer
from tests.support.bulk_orders import worked
from tests.support.engines import run_engine
from tests.support.factories import TONNE
from tests.support.site import engine_running, sign_in, site_running, watch_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

State = BulkOrder.State
# What a person does, from their portfolio to the certificates: clicks, and fields that are filled.
STEPS = 7
LINES = 10


@pytest.fixture
def company(transactional_db: None) -> Company:
    found = company_make()
    offer(1, 2019, (1, 4))
    offer(2_000, 2022, (2, 50))
    run_engine()
    return found


@pytest.fixture
def site(company: Company, page: Page, settings: Any, tmp_path: Path) -> Iterator[str]:
    settings.MEDIA_ROOT = tmp_path / "media"
    with site_running() as address, engine_running(), watch_errors(page):
        settings.BASE_URL = address
        yield address


@pytest.fixture(params=["light", "dark"])
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    """axe is a script from outside: only here may the policy be set aside."""
    return browser_context_args | {"color_scheme": request.param, "bypass_csp": True}


def acting_for(page: Page, site: str, company: Company, user: Any) -> None:
    """Signed in, and switched to the company on the account's page."""
    sign_in(page, site, user)
    page.goto(f"{site}/account/")
    page.get_by_label(company.organisation.name).check()
    page.get_by_role("button", name="Switch").click()


def filled_in(template: Path) -> Path:
    """The template with a line for each of ten departments."""
    with template.open(encoding="utf-8-sig") as file:
        [header, *_example] = csv.reader(file)
    lines = template.with_name("departments.csv")
    with lines.open("w") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        for number in range(1, LINES + 1):
            name = f"Department {number % 3 + 1}"
            writer.writerow({"quantity": "0.75", "unit": "t", "beneficiary": name})
    return lines


def only_order() -> BulkOrder:
    return BulkOrder.objects.latest("pk")


def faults(page: Page) -> list[str]:
    """What axe-core says against the page as it stands."""
    page.add_script_tag(path=AXE)
    found: list[str] = page.evaluate(RUN, RULES)
    return found


def test_a_first_file_is_uploaded_planned_carried_out_and_certified_in_a_few_steps(
    site: str, page: Page, company: Company, tmp_path: Path
) -> None:
    acting_for(page, site, company, company.trader)
    page.goto(f"{site}/portfolio")
    done: list[str] = []

    def step(what: str, do: Any) -> None:
        done.append(what)
        do()

    step("the tab", page.get_by_role("link", name="Bulk orders").click)
    step("a new one", page.get_by_role("link", name="Upload a file").click)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the template").click()
    download.value.save_as(tmp_path / "template.csv")
    lines = filled_in(tmp_path / "template.csv")
    step("its name", lambda: page.get_by_label("Name").fill("Travel in autumn"))
    step("its file", lambda: page.locator("input[type=file]").set_input_files(lines))
    assert faults(page) == []
    step("upload", page.get_by_role("button", name="Upload and check").click)
    state = page.locator("#bulk-order")
    expect(state).to_contain_text("Waiting to be read")

    worked(only_order())
    expect(state).to_contain_text("Carry out this plan")
    expect(state).to_contain_text("7.5 t")
    assert faults(page) == []
    step("carry out", page.get_by_role("button", name="Carry out this plan").click)
    expect(state).to_contain_text("Being carried out")

    worked(only_order())
    expect(state).to_contain_text("Carried out")
    expect(state).to_contain_text("of 7.5 t")
    assert faults(page) == []
    step("certificates", page.get_by_role("link", name="Certificates").click)
    assert len(done) == STEPS, done

    expect(page.locator("tbody tr")).to_have_count(4)
    assert faults(page) == []
    whole = BulkCertificate.objects.get(beneficiary="")
    page.get_by_role("link", name=whole.number, exact=True).click()
    expect(page.locator(".certificate-amount")).to_contain_text("7.5 t")
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    assert sum(Retirement.objects.values_list("amount_grams", flat=True)) == 7_500_000


def test_another_member_is_asked_to_approve_and_sees_what_and_how_much(
    site: str, page: Page, company: Company
) -> None:
    acting_for(page, site, company, company.boss)
    page.goto(f"{site}/account/spending/")
    assert faults(page) == []
    page.get_by_label("Two people above").last.fill("1")
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("#messages")).to_contain_text("Saved")
    order = company.order({"tonnes": 3})
    ask_for(order, company.trader)
    page.context.clear_cookies()

    acting_for(page, site, company, company.approver)
    page.goto(f"{site}/bulk-orders")
    page.get_by_role("status").get_by_role("link", name="Travel").click()
    assert faults(page) == []
    page.get_by_role("button", name="Approve up to").click()
    expect(page.locator("#bulk-order")).to_contain_text("Being carried out")
    worked(order)
    expect(page.locator("#bulk-order")).to_contain_text("Approved by")
    assert order.state == State.DONE
    assert order.executions.get().decided_by == company.approver
    assert Retirement.objects.get().amount_grams == 3 * TONNE


def test_an_order_waits_in_the_books_for_sellers_at_a_limit(
    site: str, page: Page, company: Company
) -> None:
    acting_for(page, site, company, company.trader)
    order = company.order({"tonnes": 6})
    page.goto(f"{site}/bulk-orders/{order.public_id}")
    page.get_by_text("Wait in the order books").click()
    assert faults(page) == []
    page.get_by_label("Wait for sellers").select_option("For one day")
    page.get_by_label("Limit per tonne").fill("1")
    page.get_by_label("Others see").select_option("A quarter of it at a time")
    page.get_by_role("button", name="Carry out this plan").click()
    state = page.locator("#bulk-order")
    expect(state).to_contain_text("Being carried out")
    worked(order)
    expect(state).to_contain_text("4 t of 6 t")
    expect(state).to_contain_text("Waits in the book")
    assert faults(page) == []
    page.get_by_role("button", name="Cancel what is left").click()
    expect(state).to_contain_text("Being ended")
    assert order.executions.get().visible_bps == 2_500
