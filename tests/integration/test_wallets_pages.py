"""Linking a wallet in a browser: the question is kept in the session and answered once."""

from __future__ import annotations

import pytest
from django.test import Client
from eth_account import Account
from eth_account.signers.local import LocalAccount
from pytest_django.fixtures import Settings

from apps.accounts.models import Owner, Wallet
from tests.support.factories import client_of, owner_make
from tests.support.wallets import person_of, sign

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> LocalAccount:
    return Account.create()


@pytest.fixture
def owner() -> Owner:
    return owner_make()


def challenge_in(client: Client, account: LocalAccount) -> str:
    response = client.get("/account/wallets/challenge/", {"address": account.address})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return str(response.json()["message"])


def link_in(client: Client, message: str, signature: str) -> tuple[int, str]:
    response = client.post(
        "/account/wallets/link/",
        {"message": message, "signature": signature},
        headers={"Accept": "application/json"},
    )
    return response.status_code, response.json().get("code", "linked")


def test_a_wallet_is_linked_and_shown(owner: Owner, account: LocalAccount) -> None:
    client = client_of(person_of(owner))
    message = challenge_in(client, account)
    assert link_in(client, message, sign(account, message)) == (201, "linked")
    assert account.address in client.get("/account/wallets/").content.decode()


def test_the_same_answer_is_not_taken_twice(owner: Owner, account: LocalAccount) -> None:
    client = client_of(person_of(owner))
    message = challenge_in(client, account)
    link_in(client, message, sign(account, message))
    assert link_in(client, message, sign(account, message)) == (400, "challenge_missing")


def test_a_wrong_answer_uses_the_question_up(
    owner: Owner, account: LocalAccount, chain_url: str, settings: Settings
) -> None:
    settings.CHAIN_RPC_URL = chain_url
    client = client_of(person_of(owner))
    message = challenge_in(client, account)
    assert link_in(client, message, "0x00") == (400, "wallet_signature_invalid")
    assert link_in(client, message, sign(account, message)) == (400, "challenge_missing")


def test_only_the_last_question_counts(owner: Owner, account: LocalAccount) -> None:
    client = client_of(person_of(owner))
    first, second = challenge_in(client, account), challenge_in(client, account)
    assert first != second
    assert link_in(client, first, sign(account, first)) == (400, "wallet_message_invalid")
    assert not Wallet.objects.exists()


def test_in_another_browser_of_the_same_person_the_answer_is_not_taken(
    owner: Owner, account: LocalAccount
) -> None:
    message = challenge_in(client_of(person_of(owner)), account)
    elsewhere = client_of(person_of(owner))
    assert link_in(elsewhere, message, sign(account, message)) == (400, "challenge_missing")


def test_a_stranger_is_asked_nothing() -> None:
    response = Client().get("/account/wallets/challenge/", {"address": "0x" + "1" * 40})
    assert response.status_code == 302
