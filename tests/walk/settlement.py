"""Retiring, taking out as NFT, bringing back; and what a stranger can verify of it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from ccmarket.demo.client import ApiClient
from tests.walk.site import Site, check
from tests.walk.trading import Product, balance
from tests.walk.wallet import Wallet

BENEFICIARY = "A reader of certificates"
FINAL_TIMEOUT_MS = 90_000


def retire(page: Page, stranger: Page, api: ApiClient, product: Product, *, kilograms: int) -> int:
    """Retires a part of the balance; returns its grams."""
    before = balance(api, product.base)
    page.goto("/retire")
    page.locator("select[name=credit_class]").select_option(product.base_code)
    page.locator("input[name=amount]").fill(str(kilograms))
    page.locator("select[name=unit]").select_option("kg")
    page.locator("[name=beneficiary]").fill(BENEFICIARY)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Retire for good").click()
    page.wait_for_url("**/certificates/*")
    grams = kilograms * 1000
    check("balance after retiring", balance(api, product.base), before - grams)
    _read_certificate(stranger, page.url, kilograms)
    return grams


def _read_certificate(stranger: Page, address: str, kilograms: int) -> None:
    stranger.goto(address)
    expect(stranger.locator(".certificate-beneficiary")).to_have_text(BENEFICIARY)
    amount = stranger.locator(".certificate-amount").inner_text()
    check(
        "amount on the certificate",
        amount.replace("\u00a0", " ").split(" CO")[0],
        f"{kilograms} kg",
    )
    first = stranger.locator(".citation dd").first.inner_text()
    check("the certificate names a serial", bool(re.fullmatch(r"\d+", first)), True)
    with stranger.expect_download() as download:
        stranger.get_by_role("link", name="Download PDF").click()
    head = download.value.path().read_bytes()[:5]
    check("its PDF", head, b"%PDF-")
    number = address.rstrip("/").rsplit("/", 1)[1]
    stranger.goto(address)
    stranger.locator(".citation a.code").first.click()
    expect(stranger.get_by_text(number).first).to_be_visible()
    print("  ok  the serial's trace names the certificate, and back")


def take_out(page: Page, stranger: Page, site: Site, product: Product, wallet: Wallet) -> int:
    """Takes one tonne out and compares page and chain; returns its token id."""
    page.goto(f"/nfts/take-out?class={product.base_code}")
    page.locator("select[name=credit_class]").select_option(product.base_code)
    page.locator("[name=tonnes]").fill("1")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/nfts/requests/*")
    page.get_by_role("link", name="Your NFTs").wait_for(timeout=FINAL_TIMEOUT_MS)
    page.goto("/nfts")
    box = page.locator("#bring-back input[name=token]").first
    token = int(box.get_attribute("value") or 0)
    link = page.locator("#bring-back td a.num").first
    serial, trace = int(link.inner_text()), link.get_attribute("href") or ""

    contract = site.credits()
    check(
        "on chain it belongs to", contract.functions.ownerOf(token).call(), wallet.account.address
    )
    on_chain = contract.functions.serialOf(token).call()
    check("its serial on chain", _number(on_chain), serial)
    stranger.goto(trace)
    expect(stranger.get_by_text("Taken out as NFT").first).to_be_visible()
    print("  ok  the public trace says that the serial is out as NFT")
    return token


def bring_back(page: Page, stranger: Page, site: Site, token: int) -> None:
    """Redeems the token from the browser's wallet."""
    page.goto("/nfts")
    trace = page.locator("#bring-back td a.num").first.get_attribute("href") or ""
    page.locator(f"#token-{token}").check()
    page.get_by_role("button", name="Bring back").click()
    expect(page.locator("#bring-back [role=alert]")).to_contain_text("0x")
    page.wait_for_timeout(FINAL_TIMEOUT_MS // 6)
    stranger.goto(trace)
    expect(stranger.get_by_text("Brought back").first).to_be_visible()
    print("  ok  the public trace says that the serial came back")


def _number(serial: object) -> int:
    """The last serial number in what the contract says of a token."""
    if isinstance(serial, int):
        return serial
    values = serial if isinstance(serial, (list, tuple)) else [serial]
    return max(int(value) for value in values if isinstance(value, int))
