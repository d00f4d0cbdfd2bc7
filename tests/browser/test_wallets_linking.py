"""A person links a wallet in a real browser; the wallet is a script with a real key."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import Wallet
from tests.support.factories import client_of, user_make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What a wallet gives a page (EIP-1193), with the key held by the test.
WALLET = """
window.ethereum = {
  async request({ method, params }) {
    if (method === "eth_requestAccounts") return [await window.walletAddress()];
    if (method === "personal_sign") return window.walletSign(params[0]);
    throw new Error("unsupported: " + method);
  },
};
"""


@pytest.fixture
def account() -> LocalAccount:
    return Account.create()


@pytest.fixture
def signed_in(page: Page, live_server: LiveServer, settings: Settings) -> Iterator[Page]:
    """The wallets page of a new person, failing on any error in the browser's console."""
    settings.BASE_URL = live_server.url
    cookie = client_of(user_make()).cookies[django_settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Security" in line.text else None)
    yield page
    assert errors == []


def test_signing_the_message_links_the_wallet(
    signed_in: Page, live_server: LiveServer, account: LocalAccount
) -> None:
    seen: list[str] = []

    def sign(message: str) -> str:
        seen.append(bytes.fromhex(message.removeprefix("0x")).decode())
        return str(account.sign_message(encode_defunct(hexstr=message)).signature.to_0x_hex())

    signed_in.expose_function("walletAddress", lambda: account.address.lower())
    signed_in.expose_function("walletSign", sign)
    signed_in.add_init_script(WALLET)
    signed_in.goto(f"{live_server.url}/account/wallets/")
    signed_in.get_by_role("button", name="Link a wallet").click()
    expect(signed_in.get_by_text("The wallet is linked.")).to_be_visible()
    expect(signed_in.get_by_role("cell", name=account.address)).to_be_visible()
    assert re.match(r"localhost:\d+ wants you to sign in", seen[0])
    assert Wallet.objects.get().address == account.address

    signed_in.get_by_role("button", name="Unlink").click()
    expect(signed_in.get_by_text("No wallet is linked yet.")).to_be_visible()


def test_a_wallet_that_refuses_leaves_a_sentence_and_a_button_that_works_again(
    signed_in: Page, live_server: LiveServer, account: LocalAccount
) -> None:
    signed_in.expose_function("walletAddress", lambda: account.address)
    signed_in.add_init_script(WALLET)  # Without walletSign: asking for a signature throws.
    signed_in.goto(f"{live_server.url}/account/wallets/")
    button = signed_in.get_by_role("button", name="Link a wallet")
    button.click()
    expect(signed_in.get_by_role("alert")).to_have_text(
        "The wallet did not sign. Nothing was changed."
    )
    expect(button).to_be_enabled()
    assert not Wallet.objects.exists()


def test_a_browser_without_a_wallet_is_told_so(signed_in: Page, live_server: LiveServer) -> None:
    signed_in.goto(f"{live_server.url}/account/wallets/")
    signed_in.get_by_role("button", name="Link a wallet").click()
    expect(signed_in.get_by_role("alert")).to_contain_text("No wallet was found")
