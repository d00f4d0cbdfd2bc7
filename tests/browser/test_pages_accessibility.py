"""Every page against axe-core's rules, by day and by night (WCAG 2.1 A and AA)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from apps.accounts.models import Asset, Owner
from apps.accounts.services.invitations import invitation_create, invitation_link
from apps.accounts.services.sub_accounts import sub_account_open
from apps.registry.models import CreditClass, Retirement, SerialBlock
from apps.registry.services.retirements import retirement_create
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.factories import (
    TONNE,
    asset_make,
    fund,
    organisation_make,
    user_make,
    wallet_make,
)
from tests.support.markets import fill_write, order_rest, product_make
from tests.support.registry import block_make, holder_make
from tests.support.site import sign_in, site_running

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
RUN = """async (rules) => {
    const { violations } = await axe.run(document, { runOnly: { type: "tag", values: rules } });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html}`);
}"""

PUBLIC = [
    "/",
    "/markets",
    "/markets?effect=reduction",
    "/projects",
    "/projects/VCS-1987",
    "/serials",
    "/transparency",
    "/pool",
]
OWN = [
    "/portfolio",
    "/retire",
    "/bulk-orders",
    "/bulk-orders/new",
    "/quotes",
    "/nfts",
    "/nfts/take-out",
    "/pool/pledge",
    "/pool/redeem",
    "/markets/VCS-1987-2023-USDC",
    "/account/",
    "/account/gifts/",
    "/account/wallets/",
    "/account/api-keys/",
    "/account/apps/",
    "/account/webhooks/",
    "/account/deposit/",
    "/account/history/",
    "/account/statements/",
    "/account/invoices/",
]
OF_AN_ORGANISATION = [
    "/account/members/",
    "/account/sub-accounts/",
    "/account/sub-accounts/move/",
    "/account/spending/",
    "/account/verification/",
]


@pytest.fixture
def retirement(transactional_db: None) -> Retirement:
    """A certificate, and a market with a trade in the same credits, which have labels."""
    taxonomy_load()
    block = block_make(first=501, tonnes=5)
    SerialBlock.objects.update(certifications=["ICVCM CCP", "SDG 13"])
    owner, credit_class = holder_make(block)
    wallet_make(owner, "0x" + "15" * 20)
    _market_make(owner, credit_class)
    return retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=1_250_000,
        beneficiary="A neighbour",
        idempotency_key="key",
    )


def _market_make(owner: Owner, credit_class: CreditClass) -> None:
    cash = asset_make("USDC", kind=Asset.Kind.CASH)
    fund(owner, cash, 100 * TONNE)
    product = product_make(credit_class.code, quote=cash.code)
    fill_write(order_rest(product, side=1), order_rest(product), size=TONNE // 2, number=1)
    order_rest(product, owner, price=TONNE // 2)


@pytest.fixture
def site(retirement: Retirement) -> Iterator[str]:
    with site_running() as address:
        yield address


def faults(page: Page, address: str) -> list[str]:
    page.goto(address, wait_until="load")
    page.add_script_tag(path=AXE)
    found: list[str] = page.evaluate(RUN, RULES)
    return found


@pytest.fixture(params=["light", "dark"])
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    """axe is a script from outside: only here may the policy be set aside."""
    return browser_context_args | {"color_scheme": request.param, "bypass_csp": True}


def test_no_public_page_has_a_fault(site: str, page: Page, retirement: Retirement) -> None:
    paths = [
        *PUBLIC,
        f"/certificates/{retirement.number}",
        f"/serials/{retirement.spans.get().block.serial}",
        "/serials?q=hello",
        "/accounts/login/",
        "/accounts/signup/",
        "/nowhere",
    ]
    assert {path: found for path in paths if (found := faults(page, site + path))} == {}


def test_no_page_of_a_signed_in_person_has_a_fault(
    site: str, page: Page, retirement: Retirement
) -> None:
    sign_in(page, site, retirement.owner.user)
    assert {path: found for path in OWN if (found := faults(page, site + path))} == {}


def test_no_page_of_an_organisation_has_a_fault(
    site: str, page: Page, retirement: Retirement
) -> None:
    boss = retirement.owner.user
    assert boss is not None
    viewer = user_make()
    company = organisation_make(by=boss, viewer=viewer)
    fleet = sub_account_open(organisation=company, name="Fleet", by=boss)
    fund(fleet, asset_make("USDC", kind=Asset.Kind.CASH), TONNE)
    invitation = invitation_create(
        organisation=company, email="friend@example.org", role="viewer", by=boss, accounts=[fleet]
    )
    sign_in(page, site, boss)
    page.goto(f"{site}/account/")
    page.get_by_role("radio", name=str(fleet)).check()
    page.get_by_role("button", name="Switch").click()
    paths = [
        *OF_AN_ORGANISATION,
        f"/account/members/{viewer.public_id}/accounts/",
        f"/invitations/{invitation_link(invitation).split('/')[4]}/",
    ]
    assert {path: found for path in paths if (found := faults(page, site + path))} == {}
