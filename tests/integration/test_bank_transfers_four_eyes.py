"""A bank transfer takes two people and credits once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction

from apps.accounts.errors import Conflict, FourEyesRequired, NotPermitted, ServiceError
from apps.accounts.ledger.invariants import assets_sum_to_zero, balances_equal_transfers
from apps.accounts.ledger.models import Asset, Balance, Transfer
from apps.accounts.ledger.services import CUSTODY, platform_owner_get
from apps.accounts.models import BankTransfer, User
from apps.accounts.services.bank_transfers import bank_transfer_decide
from tests.support.bank_transfers import (
    AMOUNT,
    APPROVED,
    REJECTED,
    decider_make,
    propose,
    proposer_make,
)
from tests.support.factories import asset_make, owner_make, staff_make, user_make

pytestmark = pytest.mark.django_db


def test_a_proposal_moves_nothing() -> None:
    proposal = propose()
    assert proposal.decision == BankTransfer.Decision.PENDING
    assert not Transfer.objects.exists()


def test_approval_credits_the_owner_out_of_custody_and_says_why() -> None:
    owner = owner_make()
    proposal, decider = propose(owner), decider_make()
    decided = bank_transfer_decide(
        proposal=proposal, decision=APPROVED, by=decider, note="Seen on the statement"
    )
    assert (decided.decision, decided.decided_by) == (APPROVED, decider)
    assert decided.decision_note == "Seen on the statement"
    assert decided.decided_at is not None
    assert Balance.objects.get(owner=owner).available == AMOUNT
    assert Balance.objects.get(owner=platform_owner_get(name=CUSTODY)).available == -AMOUNT
    transfer = Transfer.objects.get()
    assert (transfer.kind, transfer.reference) == (Transfer.Kind.BANK, proposal.pk)


def test_rejection_moves_nothing() -> None:
    decided = bank_transfer_decide(proposal=propose(), decision=REJECTED, by=decider_make())
    assert decided.decision == REJECTED
    assert not Transfer.objects.exists()


def test_the_proposer_cannot_decide_even_with_both_permissions() -> None:
    both = staff_make(("add", BankTransfer), ("change", BankTransfer))
    proposal = propose(by=both)
    for decision in (APPROVED, REJECTED):
        with pytest.raises(FourEyesRequired) as refusal:
            bank_transfer_decide(proposal=proposal, decision=decision, by=both)
        assert refusal.value.code == "four_eyes_required"
    proposal.refresh_from_db()
    assert proposal.decision == BankTransfer.Decision.PENDING


def test_the_database_refuses_the_proposers_decision_without_any_service() -> None:
    proposal = propose()
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        BankTransfer.objects.filter(pk=proposal.pk).update(
            decision=APPROVED, decided_by=proposal.proposed_by
        )
    # The same statement with another person passes: it is the person that was refused.
    BankTransfer.objects.filter(pk=proposal.pk).update(decision=APPROVED, decided_by=decider_make())


@pytest.mark.parametrize(
    ("decision", "decided"), [("pending", True), ("approved", False), ("rejected", False)]
)
def test_the_database_refuses_half_a_decision(decision: str, decided: bool) -> None:
    proposal = propose()
    with pytest.raises(IntegrityError, match="decided_once"), transaction.atomic():
        BankTransfer.objects.filter(pk=proposal.pk).update(
            decision=decision, decided_by=decider_make() if decided else None
        )


@pytest.mark.parametrize(
    "make",
    [
        user_make,
        proposer_make,
        lambda: user_make(is_superuser=True),
        lambda: user_make(is_staff=True, is_auditor=True),
        lambda: staff_make(("change", BankTransfer), is_auditor=True),
    ],
    ids=["customer", "proposer", "superuser-not-staff", "auditor", "auditor-with-a-grant"],
)
def test_nobody_else_may_decide(make: Callable[[], User]) -> None:
    proposal = propose()
    with pytest.raises(NotPermitted):
        bank_transfer_decide(proposal=proposal, decision=APPROVED, by=make())
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("make", [user_make, decider_make], ids=["customer", "decider"])
def test_nobody_else_may_propose(make: Callable[[], User]) -> None:
    with pytest.raises(NotPermitted):
        propose(by=make())
    assert not BankTransfer.objects.exists()


def test_approving_again_credits_once() -> None:
    proposal, decider = propose(), decider_make()
    for _ in range(2):
        bank_transfer_decide(proposal=proposal, decision=APPROVED, by=decider)
    assert Transfer.objects.count() == 1


def test_what_was_decided_stays_decided() -> None:
    proposal, first, second = propose(), decider_make(), decider_make()
    bank_transfer_decide(proposal=proposal, decision=REJECTED, by=first)
    for by in (first, second):
        with pytest.raises(Conflict) as refusal:
            bank_transfer_decide(proposal=proposal, decision=APPROVED, by=by)
        assert refusal.value.code == "already_decided"
    assert not Transfer.objects.exists()


def test_one_line_of_the_statement_is_recorded_once() -> None:
    propose()
    with pytest.raises(ServiceError) as refusal:
        propose()
    assert (refusal.value.code, refusal.value.field) == ("invalid_proposal", "bank_reference")


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_positive(amount: int) -> None:
    with pytest.raises(ServiceError):
        propose(amount=amount)


def test_only_cash_comes_by_bank() -> None:
    with pytest.raises(ServiceError) as refusal:
        propose(asset=asset_make("CC", kind=Asset.Kind.CC))
    assert refusal.value.field == "asset"


def test_the_platform_itself_receives_no_bank_transfer() -> None:
    with pytest.raises(ServiceError) as refusal:
        propose(platform_owner_get(name="bridge"))
    assert refusal.value.field == "owner"


@pytest.mark.django_db(transaction=True)
def test_two_people_approving_at_once_credit_once() -> None:
    proposal = propose()
    deciders = [decider_make() for _ in range(4)]
    outcomes: list[str] = []
    start = threading.Barrier(len(deciders))

    def approve(by: User) -> None:
        try:
            start.wait(timeout=10)
            bank_transfer_decide(proposal=proposal, decision=APPROVED, by=by)
            outcomes.append("approved")
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(by,)) for by in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    close_old_connections()
    assert sorted(outcomes) == ["already_decided"] * 3 + ["approved"]
    assert Transfer.objects.count() == 1
    assert [*balances_equal_transfers(), *assets_sum_to_zero()] == []
