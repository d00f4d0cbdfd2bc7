"""Joining: sign-up, money that staff let in with four eyes, an API key, a wallet."""

from __future__ import annotations

import secrets

from playwright.sync_api import Page, expect

from ccmarket.demo.client import ApiClient
from tests.walk.site import Site

PASSWORD = "a-kilogram-is-enough"
APPROVE = "a[href$='/approve/']"


def sign_up(page: Page, site: Site) -> str:
    """A new account; returns its email address."""
    email = f"walker-{secrets.token_hex(4)}@demo.example"
    page.goto(f"{site.base_url}/accounts/signup/")
    page.get_by_label("Email", exact=False).first.fill(email)
    page.locator("input[name=password1]").fill(PASSWORD)
    page.locator("input[name=password2]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/portfolio")
    return email


def sign_in(page: Page, site: Site, *, email: str, password: str) -> None:
    page.goto(f"{site.base_url}/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/portfolio")


def transfer_record(page: Page, site: Site, *, email: str, dollars: int) -> str:
    """Staff record a bank transfer in the admin; returns the address of its page."""
    reference = f"WALK-{secrets.token_hex(4)}"
    page.goto(f"{site.base_url}/admin/accounts/banktransfer/add/")
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").last.fill(email)
    page.locator(".select2-results__option", has_text=email).first.click()
    page.locator("select[name=asset]").select_option(label="USDC")
    page.locator("input[name=amount]").fill(str(dollars))
    page.locator("input[name=bank_reference]").fill(reference)
    page.locator("button[name=_save], input[name=_save]").first.click()
    page.goto(f"{site.base_url}/admin/accounts/banktransfer/?q={reference}")
    link = page.get_by_role("link", name=reference).first
    address = link.get_attribute("href")
    assert address, "the recorded transfer is not in the list"
    return f"{site.base_url}{address}"


def may_approve(page: Page, address: str) -> bool:
    """Whether the page of a proposal offers its reader to approve it."""
    page.goto(address)
    expect(page.get_by_text("Proposed by").first).to_be_visible()
    return page.locator(APPROVE).count() > 0


def approve(page: Page, address: str) -> None:
    """Lets a proposal in, as the second pair of eyes."""
    page.goto(address)
    page.locator(APPROVE).first.click()
    page.locator("#modal-content").get_by_role("button", name="Approve").click()
    expect(page.locator(APPROVE)).to_have_count(0)


def api_key(page: Page, site: Site) -> ApiClient:
    """A key made on the page, as a client that signs with it."""
    page.goto(f"{site.base_url}/account/api-keys/")
    page.locator("input[name=name]").fill("Walk")
    for box in page.locator("input[name=scopes]").all():
        box.check()
    page.locator("main form button[type=submit]").last.click()
    shown = page.locator("section[aria-labelledby=new-key] dd")
    key, secret, passphrase = (text.strip() for text in shown.all_inner_texts())
    return ApiClient(site.base_url, key, secret, passphrase)


def wallet_link(page: Page, site: Site, *, address: str) -> None:
    """Signs in with Ethereum through the wallet that the page finds."""
    page.goto(f"{site.base_url}/account/wallets/")
    page.locator("#wallet-link button").click()
    expect(page.get_by_text(address).first).to_be_visible()
