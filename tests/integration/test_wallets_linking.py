"""Linking a wallet by signing in with it (EIP-4361): once, in time, by who was asked, for us."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import HexStr
from pytest_django.fixtures import Settings
from web3 import HTTPProvider, Web3

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.models import Owner, Wallet
from apps.accounts.selectors import owner_of_wallet
from apps.accounts.services.wallets import (
    CHALLENGE_LIFE,
    wallet_challenge,
    wallet_link,
    wallet_unlink,
)
from apps.nft.chain import artifacts
from tests.support.factories import organisation_make, owner_make, user_make
from tests.support.wallets import answer, ask, person_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> LocalAccount:
    return Account.create()


@pytest.fixture
def owner() -> Owner:
    return owner_make()


# --- linking -------------------------------------------------------------------------------------


def test_who_signs_the_message_links_the_wallet(owner: Owner, account: LocalAccount) -> None:
    challenge, message = ask(owner, account)
    wallet = answer(owner, challenge, message, account)
    assert (wallet.owner, wallet.address) == (owner, account.address)
    assert wallet.message == message
    for spelling in (account.address, account.address.lower(), account.address.upper()):
        assert owner_of_wallet(spelling) == owner


def test_the_message_says_who_asks_where_and_for_how_long(
    owner: Owner, account: LocalAccount, settings: Settings
) -> None:
    settings.BASE_URL, settings.CHAIN_ID = "https://market.example", 10
    _, message = ask(owner, account)
    lines = message.splitlines()
    assert lines[0] == "market.example wants you to sign in with your Ethereum account:"
    assert lines[1] == account.address
    assert "URI: https://market.example" in lines
    assert "Chain ID: 10" in lines
    assert any(line.startswith("Expiration Time: ") for line in lines)


def test_linking_ones_own_linked_wallet_again_changes_nothing(
    owner: Owner, account: LocalAccount
) -> None:
    first = answer(owner, *ask(owner, account), account)
    assert answer(owner, *ask(owner, account), account) == first
    assert Wallet.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["", "0x", "0x12", "nobody.eth", "0x" + "g" * 40, "0x" + "a" * 41, "é", "\x00"]
)
def test_what_is_no_address_is_refused(owner: Owner, address: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        wallet_challenge(user=person_of(owner), owner=owner, address=address)
    assert refusal.value.code == "invalid_address"


# --- contract wallets (EIP-1271) -----------------------------------------------------------------


@pytest.fixture
def asks_the_chain(chain_url: str, settings: Settings) -> str:
    """What no key signed, the chain is asked about."""
    settings.CHAIN_RPC_URL = chain_url
    return chain_url


@pytest.fixture
def contract_wallet(asks_the_chain: str, account: LocalAccount) -> str:
    """The address of a contract for which the account signs."""
    web3 = Web3(HTTPProvider(asks_the_chain))
    wallet = artifacts.load("support/SigningWallet")
    made = web3.eth.contract(abi=wallet.abi, bytecode=HexStr(wallet.bytecode))
    sent = made.constructor(account.address).transact({"from": web3.eth.accounts[9]})
    return str(web3.eth.wait_for_transaction_receipt(sent)["contractAddress"])


def test_a_contract_wallet_is_linked_by_whom_it_trusts(
    owner: Owner, account: LocalAccount, contract_wallet: str
) -> None:
    person = person_of(owner)
    challenge, message = wallet_challenge(user=person, owner=owner, address=contract_wallet)
    with pytest.raises(ServiceError) as refusal:
        answer(owner, challenge, message, Account.create())
    assert refusal.value.code == "wallet_signature_invalid"
    assert answer(owner, challenge, message, account).address == contract_wallet
    assert owner_of_wallet(contract_wallet) == owner


def test_without_the_chain_a_contract_wallet_waits(
    owner: Owner, account: LocalAccount, contract_wallet: str, settings: Settings
) -> None:
    person = person_of(owner)
    challenge, message = wallet_challenge(user=person, owner=owner, address=contract_wallet)
    settings.CHAIN_RPC_URL = "http://127.0.0.1:1"
    with pytest.raises(ServiceError) as refusal:
        answer(owner, challenge, message, account)
    assert (refusal.value.code, refusal.value.status) == ("chain_unavailable", 503)
    assert "127.0.0.1" not in refusal.value.message


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("asks_the_chain")
def test_another_wallets_signature_is_refused(owner: Owner, account: LocalAccount) -> None:
    challenge, message = ask(owner, account)
    with pytest.raises(ServiceError) as refusal:
        answer(owner, challenge, message, Account.create())
    assert refusal.value.code == "wallet_signature_invalid"


@pytest.mark.usefixtures("asks_the_chain")
@pytest.mark.parametrize(
    "signature", ["", "0x", "0x00", "text", "0x" + "11" * 65, "é", "0x" + "f" * 9999]
)
def test_what_is_no_signature_is_refused(
    owner: Owner, account: LocalAccount, signature: str
) -> None:
    challenge, message = ask(owner, account)
    with pytest.raises(ServiceError) as refusal:
        wallet_link(
            user=person_of(owner),
            owner=owner,
            challenge=challenge,
            message=message,
            signature=signature,
        )
    assert refusal.value.code == "wallet_signature_invalid"


Change = Callable[[str], str]

CHANGES: dict[str, Change] = {
    "domain": lambda text: text.replace("localhost:8000 wants", "evil.example wants"),
    "uri": lambda text: text.replace("URI: http://localhost:8000", "URI: https://evil.example"),
    "chain": lambda text: text.replace("Chain ID: 31337", "Chain ID: 1"),
    "nonce": lambda text: text.replace("Nonce: ", "Nonce: a"),
    "version": lambda text: text.replace("Version: 1", "Version: 2"),
    "trailing": lambda text: text + "\nmore",
    "scheme": lambda text: "https://" + text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "empty": lambda text: "",
    "prose": lambda text: "I agree to everything",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_any_other_message_than_ours_is_refused_even_when_well_signed(
    owner: Owner, account: LocalAccount, change: Change
) -> None:
    challenge, message = ask(owner, account)
    changed = change(message)
    assert changed != message
    with pytest.raises(ServiceError) as refusal:
        answer(owner, challenge, changed, account)
    assert refusal.value.code == "wallet_message_invalid"
    assert not Wallet.objects.exists()


@pytest.mark.parametrize("part", ["domain", "uri", "chain", "nonce", "version"])
def test_each_part_is_checked_even_if_our_own_record_had_been_changed_with_it(
    owner: Owner, account: LocalAccount, part: str
) -> None:
    challenge, message = ask(owner, account)
    changed = CHANGES[part](message)
    with pytest.raises(ServiceError) as refusal:
        answer(owner, replace(challenge, message=changed), changed, account)
    assert refusal.value.code == "wallet_message_invalid"


def test_a_message_for_another_address_is_refused(owner: Owner, account: LocalAccount) -> None:
    challenge, message = ask(owner, account)
    other = Account.create()
    changed = message.replace(account.address, other.address)
    for kept in (challenge, replace(challenge, message=changed)):
        with pytest.raises(ServiceError) as refusal:
            answer(owner, kept, changed, other)
        assert refusal.value.code == "wallet_message_invalid"


def test_a_message_is_good_for_ten_minutes(owner: Owner, account: LocalAccount) -> None:
    start = timezone.now()
    challenge, message = ask(owner, account)
    for late in (CHALLENGE_LIFE, CHALLENGE_LIFE + timedelta(days=1)):
        with time_machine.travel(start + late + timedelta(seconds=1), tick=False):
            with pytest.raises(ServiceError) as refusal:
                answer(owner, challenge, message, account)
            assert refusal.value.code == "challenge_expired"
    with time_machine.travel(start + CHALLENGE_LIFE - timedelta(seconds=5), tick=False):
        answer(owner, challenge, message, account)


def test_a_longer_life_in_the_session_does_not_outlive_the_message(
    owner: Owner, account: LocalAccount
) -> None:
    challenge, message = ask(owner, account)
    later = timezone.now() + timedelta(days=1)
    stretched = replace(challenge, expires_at=(later + timedelta(days=1)).isoformat())
    with time_machine.travel(later, tick=False), pytest.raises(ServiceError) as refusal:
        answer(owner, stretched, message, account)
    assert refusal.value.code == "wallet_message_invalid"


def test_what_one_person_was_asked_another_cannot_answer(
    owner: Owner, account: LocalAccount
) -> None:
    challenge, message = ask(owner, account)
    for asked in (challenge, None):
        with pytest.raises(ServiceError) as refusal:
            answer(owner_make(), asked, message, account)
        assert refusal.value.code == "challenge_missing"


def test_what_was_asked_for_oneself_does_not_link_for_the_organisation(
    account: LocalAccount,
) -> None:
    user = user_make()
    organisation = organisation_make(by=user)
    challenge, message = ask(user.owner, account)
    with pytest.raises(ServiceError) as refusal:
        answer(organisation.owner, challenge, message, account, user=user)
    assert refusal.value.code == "challenge_missing"


def test_a_message_is_taken_once_even_after_unlinking(owner: Owner, account: LocalAccount) -> None:
    challenge, message = ask(owner, account)
    wallet_unlink(wallet=answer(owner, challenge, message, account), by=person_of(owner))
    assert owner_of_wallet(account.address) is None
    with pytest.raises(Conflict) as refusal:
        answer(owner, challenge, message, account)
    assert refusal.value.code == "challenge_used"
    assert owner_of_wallet(account.address) is None


def test_a_wallet_of_somebody_else_is_not_taken_over(owner: Owner, account: LocalAccount) -> None:
    wallet = answer(owner, *ask(owner, account), account)
    other = owner_make()
    with pytest.raises(Conflict) as refusal:
        answer(other, *ask(other, account), account)
    assert refusal.value.code == "wallet_taken"
    wallet_unlink(wallet=wallet, by=person_of(owner))
    answer(other, *ask(other, account), account)
    assert owner_of_wallet(account.address) == other


def test_the_database_refuses_an_address_for_two_in_any_spelling(
    owner: Owner, account: LocalAccount
) -> None:
    wallet = answer(owner, *ask(owner, account), account)
    twin = {"user": person_of(owner), "owner": owner, "chain_id": 1}
    with pytest.raises(IntegrityError, match="accounts_wallet_one_owner"), transaction.atomic():
        Wallet.objects.create(address=wallet.address.lower(), **twin)
    with pytest.raises(IntegrityError, match="nonce"), transaction.atomic():
        Wallet.objects.create(address="0x" + "1" * 40, nonce=wallet.nonce, **twin)
    Wallet.objects.create(address="0x" + "1" * 40, nonce="another", **twin)


@pytest.mark.parametrize("role", ["trader", "approver", "accountant", "viewer"])
def test_only_owners_change_the_wallets_of_an_organisation(
    role: str, account: LocalAccount
) -> None:
    boss, member = user_make(), user_make()
    organisation = organisation_make(by=boss, **{role: member})
    with pytest.raises(NotPermitted):
        wallet_challenge(user=member, owner=organisation.owner, address=account.address)
    challenge, message = wallet_challenge(
        user=boss, owner=organisation.owner, address=account.address
    )
    wallet = answer(organisation.owner, challenge, message, account, user=boss)
    with pytest.raises(NotPermitted):
        wallet_unlink(wallet=wallet, by=member)
    wallet_unlink(wallet=wallet, by=boss)
