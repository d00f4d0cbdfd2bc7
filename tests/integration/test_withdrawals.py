"""The real credits, back to the owner's account at the registry: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client

from apps.accounts.errors import Conflict, InsufficientFunds, NotPermitted, ServiceError
from apps.accounts.ledger.invariants import held_equals_holds
from apps.accounts.ledger.models import Owner
from apps.accounts.models import Balance, User, WebhookEvent, WebhookMessage
from apps.accounts.webhooks.endpoints import webhook_create
from apps.registry.models import (
    CreditClass,
    CustodyReceipt,
    SerialBlock,
    Span,
    Withdrawal,
    WithdrawalLine,
    WithdrawalOutcome,
)
from apps.registry.selectors import traces_of
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from apps.registry.services.withdrawals import (
    withdrawal_cancel,
    withdrawal_outcome_decide,
    withdrawal_outcome_submit,
    withdrawal_request,
    withdrawal_start,
)
from tests.support.api import bot_of
from tests.support.factories import client_of, owner_make, staff_make, user_make
from tests.support.pages import downloaded
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make
from tests.support.retiring import retire

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 transfer confirmed"
SERIAL = "19370-{}-{}-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def held() -> tuple[Owner, CreditClass]:
    return holder_make(block_make(1, 10))


@pytest.fixture
def clerk() -> User:
    return staff_make(("change", Withdrawal), ("view", Withdrawal), ("add", WithdrawalOutcome))


@pytest.fixture
def decider() -> User:
    return staff_make(("change", WithdrawalOutcome))


def ask(held: tuple[Owner, CreditClass], tonnes: int = 4, **fields: Any) -> Withdrawal:
    owner, credit_class = held
    values = {
        "registry_account": " 1034 ",
        "account_name": "Individual One",
        "idempotency_key": "k",
        "user": owner.user,
    }
    return withdrawal_request(
        owner=owner, credit_class=credit_class, tonnes=tonnes, **values | fields
    )


def found(withdrawal: Withdrawal, by: User, **fields: Any) -> WithdrawalOutcome:
    values = {
        "outcome": "transferred",
        "registry_reference": "TR-9",
        "transferred_on": date(2026, 5, 4),
        "document": SimpleUploadedFile("x.pdf", PDF),
    }
    proposal = WithdrawalOutcome(withdrawal=withdrawal, **values | fields)
    return withdrawal_outcome_submit(proposal=proposal, by=by)


def finish(withdrawal: Withdrawal, clerk: User, decider: User, **fields: Any) -> Withdrawal:
    withdrawal = withdrawal_start(withdrawal=withdrawal, by=clerk)
    outcome = found(withdrawal, clerk, **fields)
    withdrawal_outcome_decide(proposal=outcome, decision="approved", by=decider)
    withdrawal.refresh_from_db()
    return withdrawal


def money(owner: Owner) -> tuple[int, int]:
    balance = Balance.objects.get(owner=owner)
    return balance.available // TONNE, balance.held // TONNE


def blocks() -> list[tuple[int, int, str]]:
    return [(b.start, b.end, b.state) for b in SerialBlock.objects.order_by("start")]


def all_is_well() -> None:
    assert broken_invariants() == []
    assert list(held_equals_holds()) == []


def test_asking_holds_the_balance_and_reserves_whole_serials(
    held: tuple[Owner, CreditClass],
) -> None:
    owner, credit_class = held
    retire(owner, credit_class, 300_000, key="fraction")
    withdrawal = ask(held)
    assert withdrawal.number.startswith("CCW-")
    assert withdrawal.registry_account == "1034"
    assert money(owner) == (5, 4)
    assert [line.serial for line in withdrawal.lines.all()] == [SERIAL.format(2, 5)]
    [trace] = traces_of(SERIAL.format(2, 5))
    assert trace.standing == {"reserved": 4 * TONNE}
    all_is_well()


def test_transferred_it_leaves_for_good(
    held: tuple[Owner, CreditClass], clerk: User, decider: User
) -> None:
    owner, credit_class = held
    retire(owner, credit_class, 300_000, key="fraction")
    withdrawal = finish(ask(held), clerk, decider)
    assert withdrawal.state == Withdrawal.State.FINAL
    assert money(owner) == (5, 0)
    assert blocks() == [(1, 1, "immobilised"), (2, 5, "withdrawn"), (6, 10, "immobilised")]
    [trace] = traces_of(SERIAL.format(3, 3))
    assert trace.standing == {"withdrawn": TONNE}
    steps = {event.kind: event.reference for event in trace.events}
    assert (steps["withdrawn"], steps["split"]) == ("TR-9", withdrawal.number)
    all_is_well()


def test_refused_everything_is_as_before(
    held: tuple[Owner, CreditClass], clerk: User, decider: User
) -> None:
    withdrawal = finish(
        ask(held),
        *(clerk, decider),
        outcome="refused",
        reason="No such account",
        registry_reference="",
        transferred_on=None,
        document="",
    )
    assert withdrawal.state == Withdrawal.State.REFUSED
    assert money(held[0]) == (10, 0)
    assert blocks() == [(1, 10, "immobilised")]
    assert not Span.objects.exists()
    all_is_well()


def test_its_owner_s_webhooks_hear_how_it_ended(
    held: tuple[Owner, CreditClass], clerk: User, decider: User
) -> None:
    owner = held[0]
    assert owner.user is not None
    events = [WebhookEvent.WITHDRAWAL_FINAL, WebhookEvent.WITHDRAWAL_REFUSED]
    webhook_create(owner=owner, user=owner.user, url="https://1.1.1.1/", events=events)
    final = finish(ask(held), clerk, decider)
    refused = finish(
        ask(held, idempotency_key="k2"),
        *(clerk, decider),
        outcome="refused",
        reason="No such account",
        registry_reference="",
        transferred_on=None,
        document="",
    )
    told = [(message.event, message.data) for message in WebhookMessage.objects.order_by("pk")]
    assert [(event, data["number"]) for event, data in told] == [
        ("withdrawal.final", final.number),
        ("withdrawal.refused", refused.number),
    ]
    assert told[0][1]["registry_reference"] == "TR-9"
    assert told[1][1]["reason"] == "No such account"


def test_its_owner_cancels_until_staff_take_it_up(
    held: tuple[Owner, CreditClass], clerk: User
) -> None:
    withdrawal = ask(held)
    withdrawal_cancel(withdrawal=withdrawal)
    assert withdrawal_cancel(withdrawal=withdrawal).state == Withdrawal.State.CANCELLED
    assert money(held[0]) == (10, 0)
    second = ask(held, idempotency_key="other")
    withdrawal_start(withdrawal=second, by=clerk)
    with pytest.raises(Conflict) as caught:
        withdrawal_cancel(withdrawal=second)
    assert caught.value.code == "withdrawal_under_way"
    with pytest.raises(Conflict) as caught:
        withdrawal_start(withdrawal=withdrawal, by=clerk)
    assert caught.value.code == "withdrawal_ended"
    all_is_well()


def test_an_outcome_that_is_rejected_leaves_it_under_way(
    held: tuple[Owner, CreditClass], clerk: User, decider: User
) -> None:
    withdrawal = withdrawal_start(withdrawal=ask(held), by=clerk)
    outcome = found(withdrawal, clerk)
    with pytest.raises(ServiceError):
        found(withdrawal, clerk)
    withdrawal_outcome_decide(proposal=outcome, decision="rejected", by=decider)
    withdrawal.refresh_from_db()
    assert withdrawal.state == Withdrawal.State.PROCESSING
    again = found(withdrawal, clerk)
    withdrawal_outcome_decide(proposal=again, decision="approved", by=decider)
    withdrawal_outcome_decide(proposal=again, decision="approved", by=decider)
    assert money(held[0]) == (6, 0)
    all_is_well()


def test_it_takes_two_people_and_their_permissions(
    held: tuple[Owner, CreditClass], clerk: User, decider: User
) -> None:
    withdrawal = ask(held)
    for refuse in (
        lambda: withdrawal_start(withdrawal=withdrawal, by=decider),
        lambda: found(withdrawal_start(withdrawal=withdrawal, by=clerk), decider),
        lambda: withdrawal_outcome_decide(
            proposal=found(withdrawal_start(withdrawal=withdrawal, by=clerk), clerk),
            decision="approved",
            by=clerk,
        ),
    ):
        with pytest.raises(NotPermitted):
            refuse()
    both = staff_make(("add", WithdrawalOutcome), ("change", WithdrawalOutcome))
    WithdrawalOutcome.objects.filter(decision="pending").update(
        decision="rejected", decided_by=decider
    )
    withdrawal.refresh_from_db()
    with pytest.raises(NotPermitted):
        withdrawal_outcome_decide(proposal=found(withdrawal, both), decision="approved", by=both)
    assert money(held[0]) == (6, 4)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"registry_reference": " "}, "registry_reference"),
        ({"transferred_on": None}, "transferred_on"),
        ({"document": ""}, "document"),
        ({"outcome": "refused"}, "reason"),
        ({"document": SimpleUploadedFile("x.pdf", b"<html>")}, "document"),
        ({"document": SimpleUploadedFile("x.pdf", b"%PDF-" + b"x" * 11_000_000)}, "document"),
    ],
)
def test_what_happened_needs_its_evidence(
    held: tuple[Owner, CreditClass], clerk: User, fields: dict[str, Any], field: str
) -> None:
    withdrawal = withdrawal_start(withdrawal=ask(held), by=clerk)
    with pytest.raises(ServiceError) as caught:
        found(withdrawal, clerk, **fields)
    assert caught.value.field == field


def test_nobody_withdraws_what_they_do_not_have(held: tuple[Owner, CreditClass]) -> None:
    with pytest.raises(InsufficientFunds):
        ask(held, 11)
    for tonnes in (0, -1, 10**9):
        with pytest.raises(ServiceError):
            ask(held, tonnes)
    for fields in ({"registry_account": " "}, {"account_name": "x" * 201}):
        with pytest.raises(ServiceError) as caught:
            ask(held, **fields)
        assert caught.value.code == "invalid_withdrawal"
    assert not Withdrawal.objects.exists()
    assert money(held[0]) == (10, 0)


def test_the_same_request_is_made_once(held: tuple[Owner, CreditClass]) -> None:
    assert ask(held) == ask(held)
    with pytest.raises(Conflict) as caught:
        ask(held, 5)
    assert caught.value.code == "idempotency_key_reused"
    assert money(held[0]) == (6, 4)


def test_withdrawn_grams_come_back_only_with_a_receipt(
    held: tuple[Owner, CreditClass], clerk: User, decider: User
) -> None:
    finish(ask(held), clerk, decider)
    block = SerialBlock.objects.get(start=1)
    assert block.state == SerialBlock.State.WITHDRAWN
    with pytest.raises(IntegrityError), transaction.atomic():
        Span.objects.filter(block=block).delete()
    proposer, second = staff_make(("add", CustodyReceipt)), staff_make(("change", CustodyReceipt))
    other = owner_make()
    receipt = custody_receipt_propose(
        block=block, owner=other, registry_reference="TR-10", by=proposer
    )
    custody_receipt_decide(proposal=receipt, decision="approved", by=second)
    assert money(other) == (4, 0)
    assert not Span.objects.exists()
    [trace] = traces_of(SERIAL.format(1, 1))
    assert [event.kind for event in trace.events][-2:] == ["withdrawn", "received"]
    all_is_well()


# ------------------------------------------------------------------ pages, API, admin


def test_an_owner_asks_follows_and_cancels_on_the_pages(held: tuple[Owner, CreditClass]) -> None:
    owner, credit_class = held
    assert owner.user is not None
    browser = client_of(owner.user)
    assert "Withdraw credits" in browser.get("/withdrawals/new").content.decode()
    form = {
        "credit_class": credit_class.code,
        "tonnes": 4,
        "registry_account": "1034",
        "account_name": "Individual One",
        "idempotency_key": "page-1",
    }
    refused = browser.post("/withdrawals/new", form | {"tonnes": 11})
    assert refused.status_code == 422
    assert "does not cover" in refused.content.decode()
    answer = browser.post("/withdrawals/new", form, follow=True)
    page = answer.content.decode()
    assert SERIAL.format(1, 4) in page
    assert "Cancel this withdrawal" in page
    assert "CCW-" in browser.get("/withdrawals").content.decode()
    [withdrawal] = Withdrawal.objects.all()
    stranger = client_of(user_make())
    address = f"/withdrawals/{withdrawal.public_id}"
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}/cancel").status_code == 404
    assert Client().get(address).status_code == 302
    cancelled = browser.post(f"{address}/cancel", follow=True).content.decode()
    assert "Cancelled; everything released" in cancelled
    assert money(owner) == (10, 0)


def api(client: Client, method: str, path: str = "", key: str = "k", **body: Any) -> Any:
    send: Callable[..., Any] = getattr(client, method)
    return send(
        f"/api/v1/withdrawals{path}",
        body or None,
        content_type="application/json",
        headers={"Idempotency-Key": key} if key else {},
    )


def test_a_program_asks_follows_and_cancels(held: tuple[Owner, CreditClass]) -> None:
    owner, credit_class = held
    assert owner.user is not None
    client = client_of(owner.user)
    body = {
        "credit": credit_class.code,
        "tonnes": 4,
        "registry_account": "1034",
        "account_name": "Individual One",
    }
    made = api(client, "post", **body)
    assert made.status_code == 201
    assert made.json()["state"] == "requested"
    assert made.json()["serials"] == [{"serial": SERIAL.format(1, 4), "tonnes": 4}]
    assert api(client, "post", **body).json() == made.json()
    assert api(client, "post", key="", **body).json()["code"] == "idempotency_key_missing"
    assert api(client, "post", key="x", **body | {"credit": "VCS-0-1"}).status_code == 404
    path = f"/{made.json()['id']}"
    assert client.get(f"/api/v1/withdrawals{path}").json()["number"] == made.json()["number"]
    assert len(client.get("/api/v1/withdrawals").json()) == 1
    stranger = client_of(user_make())
    assert api(stranger, "delete", path).status_code == 404
    assert api(client, "delete", path).json()["state"] == "cancelled"
    assert money(owner) == (10, 0)


def test_a_key_that_may_only_trade_does_not_withdraw(held: tuple[Owner, CreditClass]) -> None:
    owner, credit_class = held
    assert owner.user is not None
    bot = bot_of(owner.user, scopes=["view", "trade"])
    assert bot.post("/withdrawals", {"credit": credit_class.code}).status_code == 403
    assert bot.get("/withdrawals").status_code == 200


def test_staff_take_it_up_list_it_and_end_it_in_the_admin(
    held: tuple[Owner, CreditClass], clerk: User, decider: User
) -> None:
    withdrawal = ask(held, account_name="=cmd|' /C calc'!A0")
    one, other = client_of(clerk), client_of(decider)
    admin = "/admin/registry"
    one.post(f"{admin}/withdrawal/{withdrawal.pk}/start/", {"_form_submitted": "on"})
    withdrawal.refresh_from_db()
    assert withdrawal.state == Withdrawal.State.PROCESSING
    listed = downloaded(one.get(f"{admin}/withdrawal/{withdrawal.pk}/export/"))
    assert SERIAL.format(1, 4) in listed
    assert "'=cmd" in listed, "no cell is a formula"
    form = {
        "withdrawal": withdrawal.pk,
        "outcome": "transferred",
        "registry_reference": "TR-9",
        "transferred_on": "2026-05-04",
        "reason": "",
        "document": SimpleUploadedFile("../../evil.pdf", PDF),
    }
    answer = one.post(f"{admin}/withdrawaloutcome/add/", form)
    assert answer.status_code == 302, answer.content.decode()
    outcome = WithdrawalOutcome.objects.get()
    assert outcome.document.name.startswith("documents/withdrawaloutcome/")
    document = f"/documents/withdrawals/{outcome.pk}"
    assert b"".join(other.get(document).streaming_content) == PDF
    owner = held[0]
    assert owner.user is not None
    assert client_of(owner.user).get(document).status_code == 404, "not before it is confirmed"
    yes = {"_form_submitted": "on", "note": "Seen"}
    other.post(f"{admin}/withdrawaloutcome/{outcome.pk}/approve/", yes)
    withdrawal.refresh_from_db()
    assert withdrawal.state == Withdrawal.State.FINAL
    assert client_of(owner.user).get(document).status_code == 200
    assert client_of(user_make()).get(document).status_code == 404
    page = client_of(owner.user).get(f"/withdrawals/{withdrawal.public_id}").content.decode()
    assert "TR-9" in page
    all_is_well()


# ------------------------------------------------------------------ the database's own guards


def test_the_database_keeps_what_was_decided_and_listed(
    held: tuple[Owner, CreditClass], clerk: User, decider: User
) -> None:
    withdrawal = finish(ask(held), clerk, decider)
    for change in (
        lambda: Withdrawal.objects.update(state="requested", ended_at=None),
        lambda: Withdrawal.objects.update(tonnes=5),
        lambda: WithdrawalOutcome.objects.update(registry_reference="other"),
        lambda: WithdrawalOutcome.objects.all().delete(),
        lambda: WithdrawalLine.objects.update(serial="x"),
        lambda: Span.objects.update(state="reserved"),
        lambda: SerialBlock.objects.filter(start=1).update(state="issued"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    withdrawal.refresh_from_db()
    assert withdrawal.state == Withdrawal.State.FINAL


def test_what_is_reserved_without_a_withdrawal_is_found(held: tuple[Owner, CreditClass]) -> None:
    """The negative control of the invariant."""
    block = SerialBlock.objects.get()
    Span.objects.create(block=block, grams=(block.base, block.base + TONNE), state="reserved")
    assert any("reserved grams without" in line for line in broken_invariants())
