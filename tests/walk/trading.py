"""Finding a market and buying in it."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from playwright.sync_api import Page, expect

from ccmarket.demo.client import ApiClient
from tests.walk.site import Site, check

MICRO = 1_000_000
PATIENCE_S = 60
BOOKS_PATIENCE_S = 180
ENOUGH_TONNES = 5
PAGE_TONNES = Decimal("2.25")
API_TONNES = Decimal("0.5")


@dataclass(frozen=True)
class Product:
    """One market: its page, its name in the API, its base currency there."""

    code: str
    id: str
    base: str
    base_code: str


def look_around(page: Page, site: Site) -> Product:
    """From the first page to a market that offers enough, without signing in."""
    page.goto(site.base_url)
    expect(page.locator("h1")).to_be_visible()
    page.goto(f"{site.base_url}/projects")
    expect(page.get_by_text("REDD").filter(visible=True).first).to_be_visible()
    api = ApiClient(site.base_url, "", "", "")
    product = _product_on_offer(api)
    page.goto(f"{site.base_url}/markets/{product.code}")
    expect(page.locator("[data-part=asks] tr").first).not_to_have_class("empty-row")
    print(f"  ok  market {product.code} shows its book")
    return product


def _product_on_offer(api: ApiClient) -> Product:
    """The first market with enough in its book; the market makers may still be filling it."""
    deadline = time.monotonic() + BOOKS_PATIENCE_S
    while time.monotonic() < deadline:
        for product in _products(api):
            if _offered(api, product.id) > ENOUGH_TONNES:
                return product
        time.sleep(1)
    raise AssertionError("no market offers enough to buy")


def _products(api: ApiClient) -> list[Product]:
    rows = api.call("GET", "/products", signed=False)
    return [
        Product(
            code=row["id"].replace("_", "-"),
            id=row["id"],
            base=row["base_currency"],
            base_code=row["base_currency"].replace("_", "-"),
        )
        for row in rows
        if row["quote_currency"] == "USDC" and row["base_currency"] != "CC"
    ]


def _offered(api: ApiClient, product_id: str) -> Decimal:
    book = api.call("GET", f"/products/{product_id}/book?level=2", signed=False)
    return sum((Decimal(size) for _price, size, _orders in book["asks"]), Decimal(0))


def buy(page: Page, api: ApiClient, product: Product) -> int:
    """A market order on the page and a limit order over the API; returns the grams bought."""
    page.goto(f"/markets/{product.code}")
    page.locator("label[for=type-market]").click()
    page.locator("#id_size").fill(str(PAGE_TONNES))
    page.locator("#id_unit").select_option("t")
    page.locator("#order-form button.for-buy[type=submit]").click()
    expect(page.locator("#order-form [role=status]")).to_be_visible()
    on_page = int(PAGE_TONNES * MICRO)
    balance_awaited(api, product.base, on_page)

    order = _limit_order(api, product)
    check("the API's order is", order["status"], "done")
    bought = on_page + int(API_TONNES * MICRO)
    balance_awaited(api, product.base, bought)
    fills = api.call("GET", f"/fills?product_id={product.id}")
    filled = sum(int(Decimal(fill["size"]) * MICRO) for fill in fills)
    check("fills add up to the balance", filled, bought)
    spent = sum(
        int(Decimal(fill["size"]) * Decimal(fill["price"]) * MICRO)
        + int(Decimal(fill["fee"]) * MICRO)
        for fill in fills
    )
    check("money spent is the fills and their fees", 500 * MICRO - balance(api, "USDC"), spent)
    return bought


def _limit_order(api: ApiClient, product: Product) -> dict[str, Any]:
    """Buys at a price that every offer near the top meets; sent twice, it is one order."""
    ticker = api.call("GET", f"/products/{product.id}/ticker", signed=False)
    body = {
        "client_oid": str(uuid.uuid4()),
        "product_id": product.id,
        "side": "buy",
        "type": "limit",
        "price": str((Decimal(ticker["ask"]) * Decimal("1.05")).quantize(Decimal("0.001"))),
        "size": str(API_TONNES),
    }
    first, second = (api.call("POST", "/orders", body) for _ in range(2))
    check("the same client_oid is the same order", second["id"], first["id"])
    order: dict[str, Any] = api.call("GET", f"/orders/{first['id']}")
    return order


def balance(api: ApiClient, currency: str) -> int:
    """Available and held together, in micro-units."""
    for row in api.call("GET", "/accounts"):
        if row["currency"] == currency:
            return int(Decimal(row["balance"]) * MICRO)
    return 0


def balance_awaited(api: ApiClient, currency: str, wanted: int) -> None:
    """Waits until the balance is what it should be, and checks that."""
    deadline = time.monotonic() + PATIENCE_S
    while balance(api, currency) != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    check(f"balance of {currency}", balance(api, currency), wanted)
