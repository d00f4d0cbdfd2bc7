"""A market's page in a real browser, live over the WebSocket, with an engine behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Asset, Owner, User
from apps.orderbook.models import Product
from apps.orderbook.models.enums import Side
from tests.support.engines import trader
from tests.support.factories import TONNE, asset_make, fund, user_make
from tests.support.markets import limit_place, product_make
from tests.support.site import engine_running, sign_in, site_running, watch_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def product(transactional_db: None) -> Product:
    asset_make("VCS-7-2020", kind=Asset.Kind.CREDIT)
    return product_make("VCS-7-2020", quote="USDC", taker_bps=20)


@pytest.fixture
def maker(product: Product) -> Owner:
    return trader(product)


@pytest.fixture
def buyer(product: Product) -> User:
    user = user_make(name="Individual Nine")
    fund(user.owner, product.quote, 1_000 * TONNE)
    return user


@pytest.fixture
def site(product: Product, maker: Owner, page: Page) -> Iterator[str]:
    """Address of the site, with two tonnes offered at 5 and one wanted at 4."""
    with engine_running(), site_running() as address, watch_errors(page):
        limit_place(product, maker, side=Side.SELL, price=5 * TONNE, size=2 * TONNE)
        limit_place(product, maker, side=Side.BUY, price=4 * TONNE, size=TONNE)
        yield address


def test_the_book_and_the_trades_are_live(
    site: str, page: Page, product: Product, maker: Owner
) -> None:
    page.goto(f"{site}/markets/{product.code}")
    expect(page.locator("[data-part=state]")).to_have_text("live")
    asks, bids = page.locator("[data-part=asks]"), page.locator("[data-part=bids]")
    expect(asks).to_contain_text("5.00")
    expect(bids).to_contain_text("4.00")
    expect(page.locator("[data-part=spread]")).to_have_text("1.00")
    expect(page.locator("[data-part=trades]")).to_contain_text("No trade yet")

    limit_place(product, trader(product), side=Side.BUY, price=5 * TONNE, size=500_000)
    trade = page.locator("[data-part=trades] tr").first
    expect(trade).to_contain_text("5.00")
    expect(trade).to_contain_text("500 kg")
    expect(asks).to_contain_text("1.5 t")
    expect(page.locator("[data-part=last-price]")).to_have_text("5.00")


def test_without_the_socket_the_page_polls_the_same_figures(
    site: str, page: Page, product: Product
) -> None:
    page.route_web_socket("**/ws/feed", lambda socket: socket.close())
    page.goto(f"{site}/markets/{product.code}")
    expect(page.locator("[data-part=asks]")).to_contain_text("5.00")
    expect(page.locator("[data-part=state]")).to_have_text("every few seconds")
    limit_place(product, trader(product), side=Side.BUY, price=5 * TONNE, size=TONNE)
    expect(page.locator("[data-part=trades]")).to_contain_text("1 t", timeout=10_000)


def test_an_order_is_priced_from_the_book_previewed_placed_and_cancelled(
    site: str, page: Page, product: Product, buyer: User
) -> None:
    sign_in(page, site, buyer)
    page.goto(f"{site}/markets/{product.code}")
    page.get_by_role("button", name="5.00").click()
    expect(page.get_by_label("Price per tonne")).to_have_value("5.00")
    page.get_by_label("Amount").fill("250")
    expect(page.locator("[data-preview=value]")).to_have_text("1.25 USDC")
    expect(page.locator("[data-preview=fee]")).to_have_text("0.0025 USDC")
    expect(page.locator("[data-preview=total]")).to_have_text("1.2525 USDC")
    page.locator("#order-form").get_by_role("button", name="Buy", exact=True).click()
    expect(page.locator("#order-form .notice")).to_have_text(
        "Bought 250 kg at 5.00 USDC per tonne."
    )
    expect(page.locator("#mine")).to_contain_text("250 kg")
    expect(page.locator("#mine")).to_contain_text("998.7475")

    page.get_by_label("Price per tonne").fill("3")
    page.get_by_label("Amount").fill("1")
    page.get_by_label("Unit").select_option("t")
    page.locator("#order-form").get_by_role("button", name="Buy", exact=True).click()
    expect(page.locator("#order-form .notice")).to_have_text("Your order rests in the book.")
    page.locator("#mine").get_by_role("button", name="Cancel").click()
    expect(page.locator("#mine")).to_contain_text("You have no open order here.")


def test_a_market_order_is_estimated_from_the_book_and_says_what_is_missing(
    site: str, page: Page, product: Product, buyer: User
) -> None:
    sign_in(page, site, buyer)
    page.goto(f"{site}/markets/{product.code}")
    expect(page.locator("[data-part=asks]")).to_contain_text("5.00")
    page.locator("label[for=type-market]").click()
    expect(page.get_by_label("Price per tonne")).to_be_hidden()
    page.get_by_label("Amount").fill("3")
    page.get_by_label("Unit").select_option("t")
    expect(page.locator("[data-preview=total]")).to_have_text("10.02 USDC")
    expect(page.locator("[data-preview=missing]")).to_contain_text("1 t")


def test_the_form_works_by_keyboard_alone(
    site: str, page: Page, product: Product, buyer: User
) -> None:
    sign_in(page, site, buyer)
    page.goto(f"{site}/markets/{product.code}")
    page.locator("#side-buy").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#side-sell")).to_be_checked()
    page.keyboard.press("ArrowLeft")
    page.get_by_label("Price per tonne").fill("5")
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.locator("#order-form .notice")).to_contain_text("Bought 1 kg")
