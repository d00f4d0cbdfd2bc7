"""A person's own pages: what they show, to whom, and for whom one acts."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from apps.accounts.models import ApiKey, Membership, Organisation, Owner, Transfer, Wallet
from apps.accounts.references import owner_of_reference, reference_of
from apps.accounts.selectors import TRANSFERS_PAGE
from apps.orderbook.models import Product
from tests.support.factories import (
    TONNE,
    api_key_make,
    asset_make,
    client_of,
    fund,
    organisation_make,
    owner_make,
    user_make,
    wallet_make,
)
from tests.support.markets import product_make

pytestmark = pytest.mark.django_db

PAGES = ["", "api-keys/", "wallets/", "deposit/", "history/"]


def acting_client(user: object, organisation: Organisation) -> Client:
    client = client_of(user)  # type: ignore[arg-type]
    answer = client.post("/account/acting/", {"organisation": organisation.pk})
    assert answer.status_code == 302
    return client


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_sent_to_sign_in(page: str) -> None:
    answer = Client().get(f"/account/{page}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_for_a_new_person(page: str) -> None:
    assert client_of(user_make()).get(f"/account/{page}").status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_a_script_that_the_security_policy_forbids(page: str) -> None:
    text = client_of(user_make()).get(f"/account/{page}").content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text)
    assert not re.search(r"\son[a-z]+=", text)


def test_the_profile_stores_a_name() -> None:
    user = user_make()
    assert client_of(user).post("/account/", {"name": " Individual Nine "}).status_code == 302
    user.refresh_from_db()
    assert user.name == "Individual Nine"


# --- acting for an organisation ----------------------------------------------------------------


def test_creating_an_organisation_makes_its_owner_account_and_acts_for_it() -> None:
    user = user_make()
    client = client_of(user)
    form = {"name": "Green Works", "country": "DE"}
    assert client.post("/account/organisations/", form).status_code == 302
    organisation = Organisation.objects.get(name="Green Works")
    assert organisation.owner.pk
    assert Membership.objects.get(user=user).role == Membership.Role.OWNER
    assert "You act for Green Works." in client.get("/account/").content.decode()


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "x" * 201}, {"name": "A", "country": "?"}])
def test_an_organisation_that_cannot_be_is_shown_at_its_field(form: dict[str, str]) -> None:
    assert client_of(user_make()).post("/account/organisations/", form).status_code == 400
    assert not Organisation.objects.exists()


def test_whom_one_acts_for_decides_what_every_page_shows() -> None:
    trader = user_make()
    organisation = organisation_make(trader=trader)
    fund(trader.owner, asset_make("PRIVATE"), TONNE)
    fund(organisation.owner, asset_make("COMPANY"), TONNE)
    wallet_make(organisation.owner, "0x" + "Ab" * 20, user=trader)

    mine = client_of(trader)
    assert "PRIVATE" in mine.get("/account/history/").content.decode()
    assert "0xAbAb" not in mine.get("/account/wallets/").content.decode()

    theirs = acting_client(trader, organisation)
    text = theirs.get("/account/history/").content.decode()
    assert "COMPANY" in text
    assert "PRIVATE" not in text
    assert "0xAbAb" in theirs.get("/account/wallets/").content.decode()
    assert reference_of(organisation.owner) in theirs.get("/account/deposit/").content.decode()

    theirs.post("/account/acting/", {"organisation": ""})
    assert "PRIVATE" in theirs.get("/account/history/").content.decode()


def test_every_page_says_for_whom_one_acts_until_that_ends() -> None:
    trader = user_make()
    organisation = organisation_make(trader=trader)
    said = f"You act for {organisation.name}"
    client = acting_client(trader, organisation)
    assert said in client.get("/projects").content.decode()
    Membership.objects.filter(user=trader).delete()
    assert said not in client.get("/projects").content.decode()
    assert client.get("/account/history/").status_code == 403, "the header took the refusal away"


@pytest.mark.parametrize("organisation", ["999999", "abc", "-1", "9" * 30])
def test_nobody_acts_for_an_organisation_that_is_not_theirs(organisation: str) -> None:
    client = client_of(user_make())
    answer = client.post("/account/acting/", {"organisation": organisation})
    assert answer.status_code in (400, 403)
    assert client.get("/account/").status_code == 200


def test_a_stranger_does_not_act_for_an_existing_organisation() -> None:
    organisation = organisation_make()
    client = client_of(user_make())
    assert client.post("/account/acting/", {"organisation": organisation.pk}).status_code == 403
    assert organisation.name not in client.get("/account/").content.decode()


def test_a_membership_that_ended_refuses_one_request_and_acts_for_oneself_again() -> None:
    trader = user_make()
    organisation = organisation_make(trader=trader)
    client = acting_client(trader, organisation)
    Membership.objects.filter(user=trader).delete()
    refused = client.get("/account/history/")
    assert refused.status_code == 403
    assert "no longer a member" in refused.content.decode()
    assert f"You act for {trader}." in client.get("/account/").content.decode()


# --- API keys ------------------------------------------------------------------------------------


def test_a_new_keys_secret_is_on_one_page_once_and_is_not_cached() -> None:
    client = client_of(user_make())
    answer = client.post("/account/api-keys/", {"name": "Bot", "scopes": ["view", "trade"]})
    text = answer.content.decode()
    found = re.search(r'id="new-secret">([^<]+)<', text)
    assert found
    assert "no-store" in answer["Cache-Control"]
    key = ApiKey.objects.get()
    assert (key.name, key.scopes) == ("Bot", ["trade", "view"])
    again = client.get("/account/api-keys/").content.decode()
    assert key.key in again
    assert found[1] not in again


def test_a_viewer_cannot_make_a_key_that_trades() -> None:
    viewer = user_make()
    client = acting_client(viewer, organisation_make(viewer=viewer))
    form = {"name": "Bot", "scopes": ["trade"]}
    assert client.post("/account/api-keys/", form).status_code == 400
    assert not ApiKey.objects.exists()
    form = {"name": "Bot", "scopes": ["view"]}
    assert client.post("/account/api-keys/", form).status_code == 200
    assert ApiKey.objects.get().scopes == ["view"]


def test_a_key_is_revoked_by_its_person_and_not_by_a_stranger() -> None:
    user = user_make()
    key = api_key_make(user).api_key
    url = f"/account/api-keys/{key.key}/revoke/"
    assert client_of(user_make()).post(url).status_code == 404
    assert client_of(user).get(url).status_code == 405
    key.refresh_from_db()
    assert key.revoked_at is None
    assert client_of(user).post(url).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None


# --- deposit and history -------------------------------------------------------------------------


def test_the_deposit_page_gives_the_account_and_a_reference_that_is_theirs(
    settings: Settings,
) -> None:
    settings.BANK_IBAN = "GB82 WEST 1234 5698 7654 32"
    user = user_make()
    text = client_of(user).get("/account/deposit/").content.decode()
    assert settings.BANK_IBAN in text
    found = re.search(r'id="reference">([^<]+)<', text)
    assert found
    assert owner_of_reference(found[1]) == user.owner


def test_without_a_bank_account_the_deposit_page_says_so(settings: Settings) -> None:
    settings.BANK_IBAN = ""
    text = client_of(user_make()).get("/account/deposit/").content.decode()
    assert "not set up" in text


def test_history_pages_through_every_movement_once_newest_first() -> None:
    owner, asset = owner_make(), asset_make("USDC")
    total = TRANSFERS_PAGE * 2 + 3
    for amount in range(1, total + 1):
        fund(owner, asset, amount * TONNE)
    client, url, seen = client_of(owner.user), "/account/history/", []
    while url:
        text = client.get(url).content.decode()
        seen += re.findall(r'<span class="num">([\d,.]+)</span></td>', text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        url = f"/account/history/{older[1].replace('&amp;', '&')}" if older else ""
    assert [int(float(text.replace(",", ""))) for text in seen] == list(range(total, 0, -1))


def test_history_filters_by_asset() -> None:
    owner = owner_make()
    fund(owner, asset_make("ONE"), TONNE)
    fund(owner, asset_make("TWO"), TONNE)
    text = client_of(owner.user).get("/account/history/?asset=ONE").content.decode()
    assert '<td data-label="Asset" class="code">ONE</td>' in text
    assert '<td data-label="Asset" class="code">TWO</td>' not in text


@pytest.mark.parametrize(
    "query", ["before=abc", "before=-1", "before=" + "9" * 40, "asset=NOPE", "asset=%00"]
)
def test_a_strange_query_never_breaks_history(query: str) -> None:
    assert client_of(user_make()).get(f"/account/history/?{query}").status_code == 200


def test_nobody_sees_the_history_of_another() -> None:
    fund(owner_make(), asset_make("SECRET"), TONNE)
    assert "SECRET" not in client_of(user_make()).get("/account/history/").content.decode()
    assert Transfer.objects.exists()


@pytest.mark.parametrize(
    "wrong", ["RF00", "RF18CCM", "", "CCM1", "RF18 CCM²", "RF18CCM" + "9" * 40]
)
def test_a_reference_that_is_not_ours_finds_nobody(wrong: str) -> None:
    assert owner_of_reference(wrong) is None


def test_one_wrong_digit_in_a_reference_never_finds_somebody_else() -> None:
    owners = [owner_make() for _ in range(12)]
    for owner in owners:
        right = reference_of(owner).replace(" ", "")
        assert owner_of_reference(right.lower()) == owner
        for place, digit in ((i, d) for i in range(2, len(right)) for d in "0123456789"):
            typed = right[:place] + digit + right[place + 1 :]
            if typed != right:
                assert owner_of_reference(typed) is None


def test_the_platforms_accounts_have_no_reference_that_works() -> None:
    custody = Owner.objects.create(platform_name="custody")
    assert owner_of_reference(reference_of(custody)) is None


def test_unlinking_a_wallet_is_for_who_holds_it() -> None:
    owner = owner_make()
    wallet = wallet_make(owner, "0x" + "Cd" * 20)
    url = f"/account/wallets/{wallet.address}/unlink/"
    assert client_of(user_make()).post(url).status_code == 404
    assert client_of(owner.user).post(url).status_code == 302
    assert Wallet.objects.get().unlinked_at is not None


def test_the_account_says_which_tier_of_fees_its_owner_has_reached() -> None:
    product, user = product_make(maker_bps=10, taker_bps=30), user_make()
    assert product.code not in client_of(user).get("/account/").content.decode(), "it has no tiers"
    tiers = [[10**12, None, 5, 20], [None, 1_000_000, -2, 10]]
    Product.objects.filter(pk=product.pk).update(fee_tiers=tiers)
    assert "0 of 2" in client_of(user).get("/account/").content.decode()
    fund(user.owner, product.quote, 1_000_000)
    text = client_of(user).get("/account/").content.decode()
    assert "2 of 2" in text
    assert "-0.02%" in text
