"""Bank transfers as staff meet them in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from apps.accounts.ledger.models import Balance
from apps.accounts.ledger.services import platform_owner_get
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
from tests.support.factories import asset_make, client_of, owner_make, staff_make, user_make
from tests.support.pages import soup_of

pytestmark = pytest.mark.django_db


def admin_url(page: str, *args: object) -> str:
    return reverse(f"admin:accounts_banktransfer_{page}", args=args)


def test_one_proposes_in_whole_units_and_another_approves() -> None:
    owner, proposer, decider = owner_make(), proposer_make(), decider_make()
    form = {
        "owner": owner.pk,
        "asset": asset_make("USDC").pk,
        "amount": "1250.50",
        "bank_reference": "STATEMENT-2",
    }
    assert client_of(proposer).post(admin_url("add"), form).status_code == 302
    proposal = BankTransfer.objects.get()
    assert (proposal.amount, proposal.proposed_by) == (1_250_500_000, proposer)

    answer = client_of(decider).post(
        admin_url("approve", proposal.pk), {"_form_submitted": "on", "note": "Seen"}
    )
    assert answer.status_code == 302
    proposal.refresh_from_db()
    assert (proposal.decision, proposal.decided_by) == (APPROVED, decider)
    assert proposal.decision_note == "Seen"
    assert Balance.objects.get(owner=owner).available == 1_250_500_000


def test_looking_at_the_question_decides_nothing() -> None:
    proposal = propose()
    page = client_of(decider_make()).get(admin_url("approve", proposal.pk))
    assert "Approve this step" in page.content.decode()
    proposal.refresh_from_db()
    assert proposal.decision == BankTransfer.Decision.PENDING


def test_the_proposer_and_strangers_to_it_are_refused() -> None:
    both = staff_make(("add", BankTransfer), ("change", BankTransfer))
    proposal = propose(by=both)
    for user in (both, proposer_make(), staff_make()):
        for page in ("approve", "reject"):
            answer = client_of(user).post(
                admin_url(page, proposal.pk), {"_form_submitted": "on", "note": ""}
            )
            assert answer.status_code == 403
    proposal.refresh_from_db()
    assert proposal.decision == BankTransfer.Decision.PENDING


def test_the_buttons_are_for_who_may_use_them() -> None:
    both, decider = staff_make(("add", BankTransfer), ("change", BankTransfer)), decider_make()
    proposal = propose(by=both)
    approve = admin_url("approve", proposal.pk)
    change = admin_url("change", proposal.pk)
    assert approve in client_of(decider).get(change).content.decode()
    assert approve not in client_of(both).get(change).content.decode()
    bank_transfer_decide(proposal=proposal, decision=APPROVED, by=decider)
    assert approve not in client_of(decider_make()).get(change).content.decode()


def test_a_proposal_is_never_edited_or_deleted() -> None:
    proposal = propose()
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    assert boss.post(admin_url("change", proposal.pk), {"amount": "9"}).status_code == 403
    assert boss.post(admin_url("delete", proposal.pk), {"post": "yes"}).status_code == 403
    proposal.refresh_from_db()
    assert proposal.amount == AMOUNT


def test_a_refusal_is_a_message_not_an_error() -> None:
    form = {
        "owner": platform_owner_get(name="bridge").pk,
        "asset": asset_make("USDC").pk,
        "amount": "1",
        "bank_reference": "STATEMENT-3",
    }
    answer = client_of(proposer_make()).post(admin_url("add"), form, follow=True)
    assert answer.status_code == 200
    assert "Choose a person or an organisation." in answer.content.decode()
    assert not BankTransfer.objects.exists()


@pytest.mark.parametrize("amount", ["", "-1", "1e3", "NaN", "0", "1.0000001", "9" * 30])
def test_a_wrong_amount_is_shown_at_its_field(amount: str) -> None:
    form = {
        "owner": owner_make().pk,
        "asset": asset_make("USDC").pk,
        "amount": amount,
        "bank_reference": "STATEMENT-4",
    }
    assert client_of(proposer_make()).post(admin_url("add"), form).status_code == 200
    assert not BankTransfer.objects.exists()


@pytest.mark.parametrize("object_id", ["999999", "abc", "1%00"])
def test_a_proposal_that_is_not_there_is_refused(object_id: str) -> None:
    answer = client_of(decider_make()).post(
        f"/admin/accounts/banktransfer/{object_id}/approve/", {"_form_submitted": "on"}
    )
    assert answer.status_code in (403, 404)


def choose(user: User, proposals: list[BankTransfer], **form: str) -> Any:
    """Chooses rows of the list and one of its actions."""
    chosen = {"_selected_action": [proposal.pk for proposal in proposals]}
    return client_of(user).post(
        admin_url("changelist"), chosen | {"action": "approve_chosen"} | form
    )


def outcomes(answer: Any) -> list[str]:
    return [cell.get_text() for cell in soup_of(answer).select("#outcomes td")]


def test_several_are_decided_at_once_and_each_tells_what_became_of_it() -> None:
    decider = staff_make(("add", BankTransfer), ("change", BankTransfer))
    proposals = [propose(bank_reference=f"STATEMENT-{number}") for number in range(3)]
    proposals.append(propose(bank_reference="OWN", by=decider))
    bank_transfer_decide(proposal=proposals[0], decision=REJECTED, by=decider_make(), note="")

    asked = choose(decider, proposals)
    assert len(soup_of(asked).select('input[name="_selected_action"]')) == 4
    assert BankTransfer.objects.filter(decision=APPROVED).count() == 0

    told = outcomes(choose(decider, proposals, decided="1", note="All seen"))
    assert told[1:3] == ["Approved", "Approved"]
    assert "Approved" not in (told[0], told[3])
    approved = BankTransfer.objects.filter(decision=APPROVED)
    assert {transfer.decision_note for transfer in approved} == {"All seen"}
    assert sum(
        balance.available for balance in Balance.objects.filter(owner__platform_name=None)
    ) == (2 * AMOUNT)

    choose(decider, proposals, decided="1")
    assert BankTransfer.objects.filter(decision=APPROVED).count() == 2


def test_several_are_rejected_at_once() -> None:
    proposals = [propose(bank_reference=f"STATEMENT-{number}") for number in range(2)]
    answer = choose(decider_make(), proposals, action="reject_chosen", decided="1")
    assert outcomes(answer) == ["Rejected", "Rejected"]
    assert BankTransfer.objects.filter(decision=REJECTED).count() == 2


def test_who_may_not_decide_is_offered_no_action() -> None:
    proposals = [propose()]
    page = client_of(proposer_make()).get(admin_url("changelist"))
    assert "approve_chosen" not in page.content.decode()
    choose(proposer_make(), proposals, decided="1")
    proposals[0].refresh_from_db()
    assert proposals[0].decision == BankTransfer.Decision.PENDING
