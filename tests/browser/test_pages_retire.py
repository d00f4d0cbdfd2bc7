"""From signing up to a certificate, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Owner, User
from apps.registry.models import CreditClass, Retirement
from tests.support.registry import block_make, holder_make
from tests.support.site import sign_in, site_running, watch_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 360, "height": 740}
PUBLIC = ["/", "/markets", "/projects", "/serials", "/transparency", "/accounts/signup/"]


@pytest.fixture
def site(transactional_db: None, page: Page, settings: Any) -> Iterator[str]:
    with site_running() as address, watch_errors(page):
        settings.BASE_URL = address
        yield address


@pytest.fixture
def holder(transactional_db: None) -> tuple[Owner, CreditClass]:
    """Somebody with two tonnes of one class."""
    return holder_make(block_make(first=501, tonnes=2))


def test_signing_up_leads_to_an_empty_portfolio(site: str, page: Page, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    page.goto(site)
    page.get_by_role("link", name="Create account").first.click()
    page.get_by_label("Email").fill("individual-nine@example.com")
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_label("Password (again)").fill("correct horse battery staple")
    page.get_by_role("button", name="Sign Up").click()
    expect(page).to_have_url(f"{site}/portfolio")
    expect(page.get_by_role("heading", name="Your portfolio is empty")).to_be_visible()
    assert User.objects.get(email="individual-nine@example.com").owner.pk


def test_retiring_ends_at_a_certificate_that_everybody_can_check(
    site: str, page: Page, holder: tuple[Owner, CreditClass]
) -> None:
    sign_in(page, site, holder[0].user)
    page.goto(f"{site}/portfolio")
    page.locator("table").get_by_role("link", name="Retire", exact=True).click()
    page.get_by_label("Amount").fill("12.5")
    page.get_by_label("Beneficiary").fill("A neighbour")
    page.get_by_label("Message").fill("For heating")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("2 t → 1.9875 t")
    page.get_by_role("button", name="Retire for good").click()
    expect(page).to_have_url(re.compile(r"/certificates/CCM-\d{4}-\d{7}$"))
    made = Retirement.objects.get()

    page.context.clear_cookies()
    page.goto(f"{site}/certificates/{made.number}")
    certificate = page.locator("article")
    for expected in ("12.5 kg CO₂e", "A neighbour", "For heating", "1 – 12,500"):
        expect(certificate).to_contain_text(expected)
    expect(certificate.get_by_role("img", name="QR code")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    assert download.value.suggested_filename == f"{made.number}.pdf"

    certificate.locator(".citation").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Where these grams are now")).to_be_visible()
    page.get_by_role("link", name=f"Certificate {made.number}").click()
    expect(page).to_have_url(f"{site}/certificates/{made.number}")


def test_pressing_confirm_twice_at_once_retires_once(
    site: str, page: Page, holder: tuple[Owner, CreditClass]
) -> None:
    sign_in(page, site, holder[0].user)
    page.goto(f"{site}/retire?class={holder[1].code}")
    page.get_by_label("Amount").fill("1")
    page.get_by_label("Beneficiary").fill("A neighbour")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Retire for good").dblclick()
    expect(page).to_have_url(re.compile("/certificates/"))
    assert Retirement.objects.get().amount_grams == 1_000


@pytest.mark.parametrize("path", PUBLIC)
def test_nothing_is_wider_than_a_small_phone(
    site: str, page: Page, path: str, holder: tuple[Owner, CreditClass]
) -> None:
    assert holder
    page.set_viewport_size(PHONE)
    page.goto(site + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_language_is_switched_and_kept(site: str, page: Page) -> None:
    page.goto(f"{site}/markets")
    page.get_by_role("button", name="简体中文").click()
    expect(page).to_have_url(f"{site}/markets")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.goto(site)
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")


def test_the_theme_follows_the_system_and_paper_is_light(site: str, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(site)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="dark", media="print")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.emulate_media(color_scheme="dark", media="screen")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
