"""USDC and CC out and in, by the page and over the API, on a real chain."""

import json
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.nft.models import CoinWithdrawal
from tests.support.coins import UNIT, Coins, coins_make
from tests.support.factories import client_of, user_make
from tests.support.pages import breaks_of_policy, hidden_of, text_of
from tests.support.settlement import Settlement


@pytest.fixture
def coins(settlement: Settlement) -> Coins:
    made = coins_make(settlement)
    made.deposit_final(5 * UNIT)
    return made


@pytest.fixture
def of_user(coins: Coins) -> Client:
    user = coins.settlement.owner.user
    assert isinstance(user, User)
    return client_of(user)


def post(client: Client, key: str, **changes: Any) -> Any:
    body = json.dumps({"currency": "USDC", "amount": "2", **changes})
    headers = {"Idempotency-Key": key}
    where = "/api/v1/coins/withdrawals"
    return client.post(where, body, content_type="application/json", headers=headers)


def test_the_page_sends_and_shows_what_was_sent(coins: Coins, of_user: Client) -> None:
    page = of_user.get("/coins")
    assert breaks_of_policy(page) == []
    assert coins.vault.address in text_of(page)
    form = {"currency": "USDC", "amount": "2.5", "to_address": coins.settlement.wallet}
    form["idempotency_key"] = hidden_of(page, "idempotency_key")
    for _sent_twice in range(2):
        assert of_user.post("/coins", form).status_code == 302
    coins.settlement.settle()
    assert coins.in_wallet(coins.usdc) == 2_500_000
    assert "2.5 USDC" in text_of(of_user.get("/coins"))
    assert CoinWithdrawal.objects.count() == 1


@pytest.mark.parametrize(("amount", "said"), [("x", "Write an amount"), ("6", "does not cover")])
def test_a_refusal_says_why(coins: Coins, of_user: Client, amount: str, said: str) -> None:
    form = {"currency": "CC" if amount == "6" else "USDC", "amount": amount}
    coins.withdraw(UNIT, coins.cc_asset)
    page = of_user.post(
        "/coins", form | {"to_address": coins.settlement.wallet, "idempotency_key": "k"}
    )
    assert page.status_code == 422
    assert said in text_of(page)


def test_the_api_sends_and_tells_how_far_it_is(coins: Coins, of_user: Client) -> None:
    told = of_user.get("/api/v1/coins").json()
    assert told["vault"] == coins.vault.address
    assert {"currency": "USDC", "address": coins.usdc.address} in told["coins"]
    wallet = coins.settlement.wallet
    made = post(of_user, "k", to_address=wallet)
    assert made.status_code == 201
    assert post(of_user, "k", to_address=wallet).json() == made.json()
    coins.settlement.settle()
    found = of_user.get(f"/api/v1/coins/withdrawals/{made.json()['id']}").json()
    assert (found["state"], found["amount"]) == ("final", "2")
    assert coins.settlement.client.receipt(found["transaction"]) is not None
    [listed] = of_user.get("/api/v1/coins/withdrawals").json()
    assert listed == found
    [deposit] = of_user.get("/api/v1/coins/deposits").json()
    assert (deposit["currency"], deposit["amount"]) == ("USDC", "5")


def test_charlie_sees_nothing_of_it(coins: Coins, of_user: Client) -> None:
    made = post(of_user, "k", to_address=coins.settlement.wallet).json()["id"]
    charlie = client_of(user_make())
    assert charlie.get(f"/api/v1/coins/withdrawals/{made}").status_code == 404
    for where in ("withdrawals", "deposits"):
        assert charlie.get(f"/api/v1/coins/{where}").json() == []
    refused = post(charlie, "k", to_address=coins.settlement.wallet)
    assert refused.json()["code"] == "wallet_not_linked"
    assert post(of_user, "n", currency="EUR", to_address=coins.settlement.wallet).status_code == 404


def deposit_call(client: Client, **changes: str) -> Any:
    wanted = {"currency": "USDC", "amount": "1.25", **changes}
    return client.get("/coins/deposit-call", {f"deposit-{key}": it for key, it in wanted.items()})


def test_the_page_s_calls_bring_coins_to_the_account(coins: Coins, of_user: Client) -> None:
    s = coins.settlement
    s.send(s.wallet, coins.usdc.functions.mint(s.wallet, 2 * UNIT))
    before, _held = coins.balance(coins.usdc_asset)
    calls = deposit_call(of_user, to_address=s.wallet).json()["calls"]
    for call in calls:
        assert (call["sender"], call["chain_id"]) == (s.wallet, s.chain.chain_id)
        sent = {"from": s.wallet, "to": call["to"], "data": call["data"]}
        receipt = s.web3.eth.wait_for_transaction_receipt(s.web3.eth.send_transaction(sent))  # type: ignore[arg-type]
        assert receipt["status"] == 1
    s.mine(2)
    s.follow()
    assert coins.balance(coins.usdc_asset)[0] == before + 1_250_000
    assert s.broken() == []


def test_calls_are_only_for_linked_wallets_and_real_amounts(coins: Coins, of_user: Client) -> None:
    wallet, stranger = coins.settlement.wallet, coins.settlement.stranger
    assert deposit_call(of_user, to_address=stranger).status_code == 422
    for amount in ("many", "0", "-1"):
        refused = deposit_call(of_user, to_address=wallet, amount=amount)
        assert refused.status_code == 422
        assert refused.json()["message"]
    assert deposit_call(of_user, to_address=wallet, currency="EUR").status_code == 422
    assert Client().get("/coins/deposit-call").status_code == 302
