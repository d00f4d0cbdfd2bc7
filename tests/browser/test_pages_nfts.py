"""Tonnes out to a wallet and back, in a real browser with a wallet that signs for real."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.settlement import TONNE, Settlement
from tests.support.settlement_fixtures import fresh_chain, settlement
from tests.support.site import sign_in, site_running, watch_errors

__all__ = ["fresh_chain", "settlement"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What a wallet gives a page (EIP-1193). The node signs: it knows the keys of its accounts.
WALLET = """
window.ethereum = {
  async request({ method, params }) {
    if (method === "eth_requestAccounts") return [await window.walletAddress()];
    return window.nodeAnswer(method, params ?? []);
  },
};
"""


@pytest.fixture
def site(settlement: Settlement, page: Page) -> Iterator[str]:
    with site_running() as address, watch_errors(page):
        sign_in(page, address, settlement.owner.user)
        yield address


def give_wallet(page: Page, settlement: Settlement, address: str) -> None:
    def answer(method: str, params: list[Any]) -> Any:
        return settlement.rpc(method, *params)

    page.expose_function("nodeAnswer", answer)
    page.expose_function("walletAddress", lambda: address)
    page.add_init_script(WALLET)


def take_out(page: Page, site: str, tonnes: int) -> None:
    page.goto(f"{site}/portfolio")
    page.locator("table").get_by_role("link", name="Take out").click()
    page.get_by_label("Whole tonnes").fill(str(tonnes))
    page.get_by_role("button", name="Take out").click()


def test_out_to_a_wallet_and_back_to_the_balance(
    site: str, page: Page, settlement: Settlement
) -> None:
    give_wallet(page, settlement, settlement.wallet)
    take_out(page, site, 2)
    expect(page.locator("[aria-current=step]")).to_have_text("Queued")
    settlement.work()
    expect(page.locator("[aria-current=step]")).to_have_text("Mined")
    settlement.settle()
    settlement.settle()
    # The page asks by itself, and stops when it is final.
    page.get_by_role("link", name="Your NFTs").click()

    boxes = page.locator("input[name=token]")
    expect(boxes).to_have_count(2)
    boxes.first.check()
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("alert")).to_contain_text("Sent.")
    settlement.settle()
    assert settlement.available() == 9 * TONNE
    expect(boxes).to_have_count(1, timeout=15_000)
    assert settlement.broken() == []


def test_bringing_back_says_what_is_in_the_way(
    site: str, page: Page, settlement: Settlement
) -> None:
    take_out(page, site, 1)
    settlement.settle()
    settlement.settle()
    page.goto(f"{site}/nfts")
    bring_back, alert = page.get_by_role("button", name="Bring back"), page.get_by_role("alert")
    bring_back.click()
    expect(alert).to_have_text("Choose at least one NFT.")
    page.locator("input[name=token]").check()
    bring_back.click()
    expect(alert).to_contain_text("No wallet was found in this browser")

    give_wallet(page, settlement, settlement.stranger)
    page.reload()
    page.locator("input[name=token]").check()
    bring_back.click()
    expect(alert).to_contain_text(settlement.wallet)
    assert settlement.owner_of(settlement.first_token()) == settlement.wallet
