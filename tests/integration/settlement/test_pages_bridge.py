"""Out as NFTs and back, from the pages, on a real chain."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.nft.models import MintRequest
from apps.nft.selectors.redeeming import ranges_of
from apps.registry.services.retirements import retirement_create
from tests.support.factories import client_of, user_make, wallet_make
from tests.support.pages import breaks_of_policy, hidden_of, soup_of, text_of
from tests.support.settlement import TONNE, Settlement

pytestmark = pytest.mark.django_db(transaction=True)

STOP_POLLING = 286


def browser_of(settlement: Settlement) -> Client:
    user = settlement.owner.user
    assert isinstance(user, User)
    return client_of(user)


def take_out(client: Client, settlement: Settlement, **fields: str) -> Any:
    form = {
        "credit_class": settlement.credit_class.code,
        "tonnes": "3",
        "to_address": settlement.wallet,
        "idempotency_key": "key",
        **fields,
    }
    return client.post("/nfts/take-out", form)


def test_the_whole_way_out_and_back(settlement: Settlement) -> None:
    client = browser_of(settlement)
    asked = take_out(client, settlement)
    status = asked["Location"]
    page = client.get(status)
    assert "3 tonnes of Wind project 1987" in text_of(page)
    assert text_of(page, "[aria-current=step]") == "Queued"
    assert "every 2s" in page.content.decode()

    settlement.settle()
    settlement.settle()
    polled = client.get(status, headers={"HX-Request": "true"})
    assert polled.status_code == STOP_POLLING
    assert "Final" in polled.content.decode()

    nfts = client.get("/nfts")
    tokens = [str(tag["value"]) for tag in soup_of(nfts).select("input[name=token]")]
    assert len(tokens) == 3
    assert breaks_of_policy(nfts) == []

    [call] = client.get("/nfts/redeem-call", {"token": tokens}).json()["calls"]
    assert (call["sender"], call["tonnes"]) == (settlement.wallet, 3)
    sent = settlement.web3.eth.send_transaction(
        {"from": call["sender"], "to": call["to"], "data": call["data"]}
    )
    assert settlement.web3.eth.wait_for_transaction_receipt(sent)["status"] == 1
    settlement.settle()
    assert settlement.available() == 10 * TONNE
    assert "No NFT is in your linked wallets" in text_of(client.get("/nfts"))
    assert settlement.broken() == []


def test_the_trace_and_the_transaction_link_to_each_other(settlement: Settlement) -> None:
    take_out(browser_of(settlement), settlement, tonnes="1")
    settlement.settle()
    settlement.settle()
    serial = settlement.block.serial.replace("1-10", "1-1", 1)
    trace = Client().get(f"/serials/{serial}")
    assert "Taken out as NFT" in text_of(trace)
    assert "Out as NFTs 1 t" in text_of(trace)
    [link] = {
        str(tag["href"])
        for tag in soup_of(trace).select("main a")
        if "/nfts/transactions/" in str(tag["href"])
    }
    transaction = Client().get(link)
    assert settlement.wallet in text_of(transaction)
    assert "Final" in text_of(transaction)
    assert f"/serials/{serial}" in {tag["href"] for tag in soup_of(transaction).select("main a")}


def test_sending_the_form_twice_takes_out_once(settlement: Settlement) -> None:
    client = browser_of(settlement)
    key = hidden_of(client.get("/nfts/take-out"), "idempotency_key")
    first = take_out(client, settlement, idempotency_key=key, tonnes="10")
    again = take_out(client, settlement, idempotency_key=key, tonnes="10")
    assert first["Location"] == again["Location"]
    assert MintRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tonnes": "0"}, "tonnes"),
        ({"tonnes": "11"}, "tonnes"),
        ({"tonnes": "1.5"}, "tonnes"),
        ({"tonnes": "60000"}, "tonnes"),
        ({"to_address": "0x" + "11" * 20}, "to_address"),
        ({"credit_class": "VCS-0-2000"}, "credit_class"),
    ],
)
def test_what_cannot_be_taken_out_is_said_beside_its_field(
    settlement: Settlement, fields: dict[str, str], field: str
) -> None:
    answer = take_out(browser_of(settlement), settlement, **fields)
    assert answer.status_code == 422
    assert text_of(answer, f"#id_{field}_error")
    assert not MintRequest.objects.exists()


def test_a_fraction_of_a_tonne_stays_on_the_ledger(settlement: Settlement) -> None:
    retirement_create(
        owner=settlement.owner,
        credit_class=settlement.credit_class,
        amount_grams=1,
        beneficiary="A neighbour",
        idempotency_key="key",
    )
    answer = take_out(browser_of(settlement), settlement, tonnes="10")
    assert "not enough whole serial numbers" in text_of(answer, "#id_tonnes_error")
    assert take_out(browser_of(settlement), settlement, tonnes="9").status_code == 302


def test_a_request_and_its_call_are_for_their_owner_alone(settlement: Settlement) -> None:
    status = take_out(browser_of(settlement), settlement)["Location"]
    settlement.settle()
    settlement.settle()
    stranger = user_make()
    wallet_make(stranger.owner, settlement.stranger)
    other = client_of(stranger)
    assert other.get(status).status_code == 404
    tokens = [settlement.first_token(offset) for offset in range(3)]
    assert other.get("/nfts/redeem-call", {"token": tokens}).json() == {"calls": []}
    assert Client().get(status).status_code == 302


def test_without_a_wallet_the_page_says_to_link_one() -> None:
    assert "Link a wallet first" in text_of(client_of(user_make()).get("/nfts/take-out"))


@pytest.mark.parametrize(
    "path", [f"/nfts/requests/{uuid.UUID(int=4)}", "/nfts/transactions/0x" + "ab" * 32]
)
def test_what_does_not_exist_is_a_404(path: str) -> None:
    assert client_of(user_make()).get(path).status_code == 404


def test_tokens_become_runs_that_stay_within_their_block() -> None:
    block = 10**10
    ids = [block + 3, block + 1, block + 2, block + 9, 2 * block - 1, 2 * block]
    assert ranges_of(ids) == [(block + 1, 3), (block + 9, 1), (2 * block - 1, 1), (2 * block, 1)]
