"""What developers use in a browser: the readable description, and the pages for keys and apps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from drf_spectacular.generators import SchemaGenerator
from playwright.sync_api import Page, expect

from tests.support.factories import user_make
from tests.support.site import sign_in, site_running, watch_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCHEMA: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    with site_running() as address:
        yield address


@pytest.fixture
def asked(page: Page) -> set[str]:
    """Which hosts the browser has asked for anything."""
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    return hosts


def test_the_description_is_readable_and_comes_from_nowhere_else(
    site: str, page: Page, asked: set[str]
) -> None:
    with watch_errors(page):
        page.goto(f"{site}/api/docs")
        operations = page.locator(".opblock")
        expect(operations).to_have_count(sum(len(path) for path in SCHEMA["paths"].values()))
        placing = page.locator("#operations-orders-orders_create, .opblock-post").filter(
            has_text="/api/v1/orders"
        )
        placing.first.locator(".opblock-summary").click()
        expect(placing.first.locator(".opblock-body")).to_contain_text("client_oid")
    assert asked == {urlsplit(site).netloc}


def test_keys_apps_and_webhooks_are_made_by_keyboard_and_shown_once(
    site: str, page: Page, asked: set[str]
) -> None:
    sign_in(page, site, user_make())
    with watch_errors(page):
        page.goto(f"{site}/account/api-keys/")
        page.get_by_label("Name").fill("Robot")
        page.get_by_label("Trade").check()
        page.get_by_label("Name").press("Enter")
        expect(page.locator("#new-passphrase")).to_be_visible()
        page.goto(f"{site}/account/api-keys/")
        expect(page.locator("#new-passphrase")).to_have_count(0)
        expect(page.get_by_text("Robot")).to_be_visible()

        page.goto(f"{site}/account/apps/")
        page.get_by_label("Name").fill("Tracker")
        page.get_by_label("Addresses").fill("https://app.example/callback")
        page.get_by_label("Name").press("Enter")
        expect(page.locator("#new-secret")).to_be_visible()

        page.goto(f"{site}/account/webhooks/")
        page.get_by_label("Address").fill("https://1.1.1.1/hook")
        page.locator("input[name=events]").first.check()
        page.get_by_label("Address").press("Enter")
        expect(page.locator("#new-secret")).to_contain_text("whsec_")
        for path in ("apps", "webhooks"):
            page.goto(f"{site}/account/{path}/")
            expect(page.locator("#new-secret")).to_have_count(0)
    assert asked == {urlsplit(site).netloc}
