"""A gift is held, claimed once by whoever has its link, or the giver's again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.accounts.errors import Conflict, InsufficientFunds, NotFound, ServiceError
from apps.accounts.ledger.invariants import held_equals_holds
from apps.accounts.models import Asset, Gift, Owner, Transfer, User
from apps.accounts.selectors import balance_of
from apps.accounts.services.gifts import (
    gift_claim,
    gift_create,
    gift_link,
    gift_of_token,
    gift_return,
    gifts_sweep,
)
from tests.support.api import bot_of
from tests.support.factories import asset_make, client_of, fund, owner_make, wallet_make
from tests.support.pages import hidden_of, soup_of, text_of
from tests.support.registry import block_make, holder_make

pytestmark = pytest.mark.django_db

UNIT = 1_000_000
WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"


@pytest.fixture
def usdc() -> Asset:
    return asset_make("USDC", kind=Asset.Kind.CASH)


@pytest.fixture
def giver(usdc: Asset) -> Owner:
    owner = owner_make()
    fund(owner, usdc, 10 * UNIT)
    return owner


def give(giver: Owner, amount: int = 3 * UNIT, **changes: Any) -> Gift:
    terms = {"to": "somebody@example.org", "message": "For the trip", "idempotency_key": "k"}
    usdc = Asset.objects.get(code="USDC")
    return gift_create(owner=giver, asset=usdc, amount=amount, **{**terms, **changes})


def has(owner: Owner) -> tuple[int, int]:
    balance = balance_of(owner, Asset.objects.get(code="USDC"))
    assert list(held_equals_holds()) == []
    return balance.available, balance.held


def token_of(gift: Gift) -> str:
    return gift_link(gift).rstrip("/").rpartition("/")[2]


def person(owner: Owner) -> User:
    assert owner.user is not None
    return owner.user


def test_a_gift_is_held_and_moves_when_it_is_claimed(giver: Owner) -> None:
    gift = give(giver)
    assert has(giver) == (7 * UNIT, 3 * UNIT)
    taker = owner_make()
    for _again in range(2):
        assert gift_claim(gift=gift_of_token(token_of(gift)), owner=taker).claimed_by == taker
    assert (has(giver), has(taker)) == ((7 * UNIT, 0), (3 * UNIT, 0))
    assert Transfer.objects.filter(kind=Transfer.Kind.GIFT).count() == 1
    with pytest.raises(Conflict) as refusal:
        gift_claim(gift=gift, owner=owner_make())
    assert refusal.value.code == "gift_gone"
    with pytest.raises(Conflict):
        gift_return(gift=gift)


def test_the_giver_takes_it_back_once(giver: Owner) -> None:
    gift = give(giver)
    with pytest.raises(Conflict) as refusal:
        gift_claim(gift=gift, owner=giver)
    assert refusal.value.code == "gift_own"
    for _again in range(2):
        assert gift_return(gift=gift).state == Gift.State.RETURNED
    assert has(giver) == (10 * UNIT, 0)
    with pytest.raises(Conflict):
        gift_claim(gift=gift, owner=owner_make())


def test_what_nobody_claimed_in_time_goes_back(giver: Owner) -> None:
    gift = give(giver)
    gifts_sweep()
    assert has(giver) == (7 * UNIT, 3 * UNIT)
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        with pytest.raises(Conflict):
            gift_claim(gift=gift, owner=owner_make())
        gifts_sweep()
    assert has(giver) == (10 * UNIT, 0)


def test_the_mail_brings_the_link_once(giver: Owner) -> None:
    gift = give(giver)
    for _sweep in range(2):
        gifts_sweep()
    [sent] = mail.outbox
    assert sent.to == ["somebody@example.org"]
    for words in ("3 USDC", "For the trip", gift_link(gift)):
        assert words in sent.body


def test_a_mail_server_that_is_away_is_asked_again(
    giver: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    give(giver)
    with monkeypatch.context() as patch:
        patch.setattr("apps.accounts.services.mailing.send_mail", away)
        gifts_sweep()
    assert mail.outbox == []
    gifts_sweep()
    assert len(mail.outbox) == 1


def test_a_gift_to_a_wallet_is_for_whom_it_is_linked_to(giver: Owner) -> None:
    gift = give(giver, to=WALLET.lower())
    gifts_sweep()
    assert (mail.outbox, gift.to_address) == ([], WALLET)
    taker = owner_make()
    with pytest.raises(Conflict) as refusal:
        gift_claim(gift=gift, owner=taker)
    assert refusal.value.code == "wallet_not_linked"
    wallet_make(taker, WALLET)
    gift_claim(gift=gift, owner=taker)
    assert has(taker) == (3 * UNIT, 0)


def test_repeating_the_key_gives_once(giver: Owner) -> None:
    assert give(giver) == give(giver)
    assert has(giver) == (7 * UNIT, 3 * UNIT)
    with pytest.raises(Conflict) as refusal:
        give(giver, 4 * UNIT)
    assert refusal.value.code == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 0}, "amount_not_positive"),
        ({"to": "nobody"}, "address_invalid"),
        ({"to": ""}, "address_invalid"),
        ({"message": "m" * 281}, "message_too_long"),
    ],
)
def test_what_cannot_be_given_is_refused(giver: Owner, change: dict[str, Any], code: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        give(giver, **change)
    assert refusal.value.code == code


def test_nobody_gives_more_than_they_have(giver: Owner) -> None:
    with pytest.raises(InsufficientFunds):
        give(giver, 11 * UNIT)
    assert not Gift.objects.exists()


def test_a_forged_link_brings_nothing(giver: Owner) -> None:
    token = token_of(give(giver))
    for forged in ("x", token[:-1] + ("A" if token[-1] != "A" else "B"), token.upper()):
        with pytest.raises(NotFound):
            gift_of_token(forged)


def test_the_pages_give_claim_and_take_back(giver: Owner) -> None:
    client = client_of(person(giver))
    page = client.get("/account/gifts/")
    form = {"asset": "USDC", "amount": "2.5", "to": "somebody@example.org", "message": "<b>Hi"}
    form["idempotency_key"] = hidden_of(page, "idempotency_key")
    for _sent_twice in range(2):
        assert client.post("/account/gifts/", form).status_code == 302
    gift = Gift.objects.get()
    link = f"/gifts/{token_of(gift)}/"
    assert link in text_of(client.get("/account/gifts/"))
    stranger = Client()
    assert "2.5 USDC" in text_of(stranger.get(link))
    assert "<b>Hi" in text_of(stranger.get(link))
    assert stranger.post(link).url.startswith("/accounts/login/")
    taker = owner_make()
    assert client_of(person(taker)).post(link).url == "/portfolio"
    assert has(taker) == (2_500_000, 0)
    assert "expired" in text_of(stranger.get(link))
    other = give(giver, UNIT, idempotency_key="other")
    back = f"/account/gifts/{other.public_id}/take-back/"
    assert client_of(person(taker)).post(back).status_code == 404
    assert client.post(back).status_code == 302
    assert has(giver) == (7_500_000, 0)


def test_whole_tonnes_are_claimed_on_their_way_to_a_wallet() -> None:
    giver, credit_class = holder_make(block_make(tonnes=4))
    gift = gift_create(
        owner=giver, asset=credit_class.asset, amount=2_500_000, to=WALLET, idempotency_key="k"
    )
    taker = owner_make()
    wallet_make(taker, WALLET)
    link, client = f"/gifts/{token_of(gift)}/", client_of(person(taker))
    assert "take 2 NFTs to a wallet" in text_of(client.get(link))
    claimed = client.post(link, {"then": "take-out"})
    form = soup_of(client.get(claimed.url))
    for name, value in (("credit_class", credit_class.code), ("to_address", WALLET)):
        chosen = form.select_one(f"[name={name}] option[selected]")
        assert chosen is not None
        assert chosen["value"] == value
    tonnes = form.select_one("[name=tonnes]")
    assert tonnes is not None
    assert tonnes["value"] == "2"


def test_a_refusal_is_beside_its_field(giver: Owner) -> None:
    form = {"asset": "USDC", "amount": "99", "to": "a@example.org", "idempotency_key": "p"}
    page = client_of(person(giver)).post("/account/gifts/", form)
    assert page.status_code == 422
    assert "does not cover" in text_of(page, "#id_amount_error")


def test_programs_give_claim_and_take_back(giver: Owner) -> None:
    bot, taker = bot_of(person(giver)), owner_make()
    body = {"currency": "USDC", "amount": "2.5", "to": "somebody@example.org", "message": "Hi"}
    made = [bot.post("/gifts", body, **{"Idempotency-Key": "mine"}) for _again in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    given = made[0].json()
    assert made[1].json() == given
    assert (given["state"], given["link"]) == ("open", gift_link(Gift.objects.get()))
    assert has(giver) == (7_500_000, 2_500_000)
    for again in range(2):
        answer = bot_of(person(taker)).post("/gifts/claim", {"link": given["link"]})
        assert (answer.status_code, answer.json()["state"]) == (200, "claimed"), again
        assert "somebody@example.org" not in answer.content.decode()
    assert has(taker) == (2_500_000, 0)
    late = bot.delete(f"/gifts/{given['id']}")
    assert (late.status_code, late.json()["code"]) == (409, "gift_gone")
    other = bot.post("/gifts", body, **{"Idempotency-Key": "other"}).json()
    assert bot.delete(f"/gifts/{other['id']}").json()["state"] == "returned"
    assert has(giver) == (7_500_000, 0)


def test_a_key_that_only_looks_sees_no_link(giver: Owner) -> None:
    gifts = [give(giver, UNIT, idempotency_key=f"k{number}") for number in range(3)]
    bot = bot_of(person(giver), scopes={"view"})
    first = bot.get("/gifts?limit=2")
    rest = bot.get(f"/gifts?limit=2&after={first['CB-AFTER']}")
    ids = [row["id"] for answer in (first, rest) for row in answer.json()]
    assert ids == [str(gift.public_id) for gift in reversed(gifts)]
    for answer in (first, rest, bot.get(f"/gifts/{ids[0]}")):
        assert "link" not in answer.content.decode()
        assert token_of(gifts[-1]) not in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": "11"}, 400, "insufficient_funds"),
        ({"amount": "0"}, 400, "amount_not_positive"),
        ({"to": "nobody"}, 400, "address_invalid"),
        ({"currency": "NONE"}, 404, "currency_not_found"),
    ],
)
def test_programs_are_told_what_is_wrong(
    giver: Owner, change: dict[str, str], status: int, code: str
) -> None:
    body = {"currency": "USDC", "amount": "1", "to": "somebody@example.org", **change}
    answer = bot_of(person(giver)).post("/gifts", body, **{"Idempotency-Key": "mine"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Gift.objects.exists()


def test_a_gift_over_the_api_wants_a_key_and_a_claim_a_true_link(giver: Owner) -> None:
    bot = bot_of(person(giver))
    body = {"currency": "USDC", "amount": "1", "to": "somebody@example.org"}
    assert bot.post("/gifts", body).json()["code"] == "idempotency_key_missing"
    for forged in ("x", "https://example.org/gifts/x/", "/", "\u00e9:\u00e9"):
        assert bot.post("/gifts/claim", {"link": forged}).status_code == 404
