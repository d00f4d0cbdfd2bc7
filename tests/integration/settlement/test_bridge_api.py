"""Out as NFTs over the API, and what wallets read about a token."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from apps.accounts.acting import ALL_SCOPES, TRANSFER
from apps.nft.selectors.owners import owner_of_tag
from tests.support.factories import client_of, user_make
from tests.support.settlement import Settlement


@pytest.fixture
def person(settlement: Settlement) -> Client:
    assert settlement.owner.user is not None
    return client_of(settlement.owner.user)


def ask(client: Client, settlement: Settlement, **changes: Any) -> Any:
    body = {
        "credit_class": settlement.credit_class.code,
        "tonnes": 2,
        "to_address": settlement.wallet,
        "idempotency_key": "key",
        **changes,
    }
    return client.post("/api/v1/nft/mints", json.dumps(body), content_type="application/json")


def test_a_request_can_be_made_and_followed(settlement: Settlement, person: Client) -> None:
    answer = ask(person, settlement)
    assert answer.status_code == 201
    body = answer.json()
    [mint] = body["mints"]
    assert (mint["state"], mint["tonnes"], mint["transaction"]) == ("queued", 2, None)
    assert mint["first_token_id"] == str(settlement.first_token())
    assert mint["block"] == settlement.block.serial
    settlement.settle()
    [mint] = person.get(f"/api/v1/nft/mints/{body['id']}").json()["mints"]
    assert mint["state"] == "final"
    assert settlement.client.receipt(mint["transaction"]) is not None
    tokens = person.get("/api/v1/nft/tokens").json()
    assert [token["token_id"] for token in tokens] == [
        str(settlement.first_token(i)) for i in range(2)
    ]
    assert tokens[0]["serial"] == settlement.block.start


def test_a_repeated_key_answers_the_same(settlement: Settlement, person: Client) -> None:
    assert ask(person, settlement).json()["id"] == ask(person, settlement).json()["id"]
    assert ask(person, settlement, tonnes=3).status_code == 409


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"tonnes": 0}, 400, "invalid_request"),
        ({"tonnes": 11}, 409, "grams_short"),
        ({"tonnes": "x"}, 400, "invalid_request"),
        ({"credit_class": "NO-1-2020"}, 404, "not_found"),
        ({"to_address": "0x12"}, 400, "address_invalid"),
        ({"to_address": "0x" + "12" * 20}, 400, "wallet_not_linked"),
        ({"idempotency_key": ""}, 400, "invalid_request"),
    ],
)
def test_what_cannot_be_done_is_said(
    settlement: Settlement, person: Client, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = ask(person, settlement, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert settlement.held() == 0


def test_others_see_nothing_of_it(settlement: Settlement, person: Client) -> None:
    made = ask(person, settlement).json()["id"]
    charlie = client_of(user_make())
    assert charlie.get(f"/api/v1/nft/mints/{made}").status_code == 404
    assert charlie.get(f"/api/v1/nft/mints/{uuid.uuid4()}").status_code == 404
    assert charlie.get("/api/v1/nft/tokens").json() == []
    assert Client().get("/api/v1/nft/tokens").status_code in (401, 403)


def test_a_role_without_transfers_takes_nothing_out(settlement: Settlement) -> None:
    assert TRANSFER in ALL_SCOPES
    auditor = client_of(user_make(is_auditor=True))
    assert ask(auditor, settlement).json()["code"] == "scope_missing"


def test_the_contract_is_named_with_the_account_s_tag(
    settlement: Settlement, person: Client
) -> None:
    body = person.get("/api/v1/nft/contract").json()
    assert body["address"] == settlement.credit.address
    assert body["chain_id"] == 31337
    assert owner_of_tag(body["account"]) == settlement.owner


def test_the_token_s_uri_answers_with_its_facts(settlement: Settlement) -> None:
    settlement.ask(1)
    settlement.settle()
    uri = settlement.credit.functions.tokenURI(settlement.first_token()).call()
    stranger = Client()
    answer = stranger.get("/nft/" + uri.split("/nft/")[1])
    assert answer["Access-Control-Allow-Origin"] == "*"
    body = answer.json()
    traits = {item["trait_type"]: item["value"] for item in body["attributes"]}
    assert traits["Serial"] == settlement.block.start
    assert traits["Block"] == settlement.block.serial
    assert traits["Country"] == "Argentina"
    card = stranger.get("/nft/" + body["image"].split("/nft/")[1])
    assert card["Content-Type"] == "image/svg+xml"
    assert settlement.block.vintage.project.code in card.content.decode()


@pytest.mark.parametrize("token_id", [0, 10**10, 2**80])
def test_what_was_never_minted_has_no_metadata(settlement: Settlement, token_id: int) -> None:
    assert Client().get(f"/nft/metadata/{token_id}").status_code == 404
