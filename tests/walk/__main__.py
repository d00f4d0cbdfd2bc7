"""`python -m tests.walk`: the main job, end to end, on the running demo."""

from __future__ import annotations

import sys

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.services import installed_browser
from tests.walk import account, settlement, trading
from tests.walk.site import Site, check
from tests.walk.wallet import Wallet

DOLLARS = 500
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> int:
    site = Site.read()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_browser(), args=ARGUMENTS)
        walk(browser, site)
        browser.close()
    print("\nEvery figure agrees.")
    return 0


def walk(browser: Browser, site: Site) -> None:
    wallet = Wallet(site.rpc_url)
    context = browser.new_context(base_url=site.base_url)
    wallet.install(context)
    page = context.new_page()

    print("\nLook around, join, and pay in")
    product = trading.look_around(page, site)
    email = account.sign_up(page, site)
    transfer = record_money(browser, site, email)
    api = account.api_key(page, site)
    check("no money before the second pair of eyes", trading.balance(api, "USDC"), 0)
    let_money_in(browser, site, transfer)
    check("USDC paid in", trading.balance(api, "USDC"), DOLLARS * 1_000_000)

    print("\nBuy on the order book, on the page and over the API")
    bought = trading.buy(page, api, product)

    print("\nRetire a part, and read the certificate as a stranger")
    stranger = browser.new_page(base_url=site.base_url)
    retired = settlement.retire(page, stranger, api, product, kilograms=250)

    print("\nTake a whole tonne out, and bring it back")
    account.wallet_link(page, site, address=wallet.account.address)
    token = settlement.take_out(page, stranger, site, product, wallet)
    left = bought - retired - 1_000_000
    check("balance while the tonne is out", trading.balance(api, product.base), left)
    settlement.bring_back(page, stranger, site, token)
    trading.balance_awaited(api, product.base, bought - retired)
    context.close()


def record_money(browser: Browser, site: Site, email: str) -> str:
    """The first member of staff records the transfer and cannot let it in."""
    page = staff_page(browser, site, "staff_one")
    transfer = account.transfer_record(page, site, email=email, dollars=DOLLARS)
    check("its proposer may approve it", account.may_approve(page, transfer), False)
    page.context.close()
    return transfer


def let_money_in(browser: Browser, site: Site, transfer: str) -> None:
    page = staff_page(browser, site, "staff_two")
    account.approve(page, transfer)
    page.context.close()


def staff_page(browser: Browser, site: Site, name: str) -> Page:
    page = browser.new_context(base_url=site.base_url).new_page()
    user = site.users[name]
    account.sign_in(page, site, email=user["email"], password=user["password"])
    return page


if __name__ == "__main__":
    sys.exit(main())
