"""Organisations file who they are; two members of staff say what they find, and until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.accounts.errors import Conflict, FourEyesRequired, NotPermitted, ServiceError
from apps.accounts.invariants_verification import (
    verifications_are_what_was_decided,
    verified_organisations_were_approved,
)
from apps.accounts.models import (
    BeneficialOwner,
    HistoryEntry,
    Membership,
    Organisation,
    User,
    Verification,
    VerificationDocument,
    VerificationOutcome,
)
from apps.accounts.services.gifts import gift_create
from apps.accounts.services.verification_outcomes import (
    outcome_decide,
    outcome_submit,
    verification_mails_send,
)
from apps.accounts.services.verifications import (
    Legal,
    Person,
    verification_file,
    verification_open,
    verification_write,
)
from apps.accounts.verification import standing_of, today, verifications_waiting
from ccmarket.demo.people import COMPANY, NEWCOMER, people_ensure
from ccmarket.demo.verifications import verifications_ensure
from tests.support.factories import (
    TONNE,
    asset_make,
    fund,
    organisation_make,
    staff_make,
    user_make,
)
from tests.support.filling import triggers_off
from tests.support.races import race
from tests.support.verifications import (
    LEGAL,
    PEOPLE,
    Outcome,
    State,
    filed,
    find,
    prepared,
    reviewers,
    verify,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return user_make()


@pytest.fixture
def company(boss: User) -> Organisation:
    return organisation_make(by=boss)


def is_verified(company: Organisation) -> bool:
    return standing_of(company).is_verified


def refused(code: str, do: Callable[[], object]) -> None:
    with pytest.raises(ServiceError) as refusal:
        do()
    assert refusal.value.code == code


def test_two_members_of_staff_verify_what_an_owner_filed(company: Organisation, boss: User) -> None:
    verification = filed(company, boss)
    assert (verification.state, is_verified(company)) == (State.FILED, False)
    outcome = find(verification)
    assert (verification.state, is_verified(company)) == (State.APPROVED, True)
    assert outcome.valid_until == standing_of(company).verified_until
    assert outcome.valid_until == today() + timedelta(days=365)
    changed = HistoryEntry.objects.filter(table_name="accounts_verification", operation="update")
    assert [entry.actor for entry in changed.order_by("pk")][-1] == outcome.decided_by


def test_nobody_decides_alone_nor_about_an_organisation_of_their_own(
    company: Organisation, boss: User
) -> None:
    verification = filed(company, boss)
    both = staff_make(("add", VerificationOutcome), ("change", VerificationOutcome))
    proposal = VerificationOutcome(verification=verification, outcome=Outcome.APPROVE)
    outcome_submit(proposal=proposal, by=both)
    with pytest.raises(FourEyesRequired):
        outcome_decide(proposal=proposal, decision="approved", by=both)
    decider = staff_make(("change", VerificationOutcome))
    Membership.objects.create(user=decider, organisation=company, role="viewer")
    refused(
        "own_organisation",
        lambda: outcome_decide(proposal=proposal, decision="approved", by=decider),
    )
    with pytest.raises(NotPermitted):
        outcome_decide(proposal=proposal, decision="approved", by=user_make())
    assert not is_verified(company)


def test_what_is_missing_is_named_and_asked_for_again(company: Organisation, boss: User) -> None:
    draft = verification_open(organisation=company, by=boss)
    with pytest.raises(ServiceError) as refusal:
        verification_file(verification=draft, by=boss)
    assert refusal.value.code == "verification_incomplete"
    assert "registration number" in refusal.value.message
    assert "extract" in refusal.value.message
    verification = filed(company, boss)
    outcome = find(verification, Outcome.MORE, reason="A newer extract, please.")
    assert (verification.state, outcome.valid_until) == (State.MORE, None)
    assert standing_of(company).reason == "A newer extract, please."
    assert verification_file(verification=verification, by=boss).state == State.FILED
    assert standing_of(company).reason == "", "it is answered"
    find(verification)
    assert is_verified(company)


@pytest.mark.parametrize("role", ["trader", "approver", "accountant", "viewer"])
def test_only_owners_prepare_and_file(company: Organisation, boss: User, role: str) -> None:
    member = user_make()
    Membership.objects.create(user=member, organisation=company, role=role)
    draft = prepared(company, boss)
    for do in (
        lambda by: verification_open(organisation=company, by=by),
        lambda by: verification_write(verification=draft, by=by, legal=LEGAL, people=()),
        lambda by: verification_file(verification=draft, by=by),
    ):
        for stranger in (member, user_make()):
            with pytest.raises(NotPermitted):
                do(stranger)


def test_what_was_filed_cannot_be_changed_while_staff_look(
    company: Organisation, boss: User
) -> None:
    verification = filed(company, boss)
    other = Legal("Other AG", "2", "CH", "Elsewhere", "company")
    refused(
        "verification_closed",
        lambda: verification_write(verification=verification, by=boss, legal=other, people=PEOPLE),
    )
    rows = Verification.objects.filter(pk=verification.pk)
    for attempt in (
        lambda: rows.update(legal_name="Other AG"),
        lambda: rows.update(state=State.APPROVED),
        lambda: rows.update(state=State.DRAFT),
        lambda: rows.delete(),
        lambda: BeneficialOwner.objects.update(share_bps=1),
        lambda: VerificationDocument.objects.update(sha256="0" * 64),
        lambda: VerificationDocument.objects.update(removed_at=timezone.now()),
        lambda: Organisation.objects.filter(pk=company.pk).update(verified_until=today()),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


def test_the_database_keeps_what_was_found_and_who_found_it(
    company: Organisation, boss: User
) -> None:
    outcome = find(filed(company, boss))
    rows = VerificationOutcome.objects.filter(pk=outcome.pk)
    later = today() + timedelta(days=999)
    for attempt in (
        lambda: rows.update(valid_until=later),
        lambda: rows.update(decision="rejected"),
        lambda: rows.update(decided_by=user_make()),
        lambda: rows.delete(),
        lambda: Organisation.objects.filter(pk=company.pk).update(verified_until=later),
        lambda: VerificationOutcome.objects.create(
            verification=outcome.verification,
            outcome=Outcome.REFUSE,
            reason="Mine",
            proposed_by=boss,
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


def test_filing_something_else_ends_what_was_approved_and_the_same_does_not(
    company: Organisation, boss: User
) -> None:
    find(filed(company, boss))
    again = filed(company, boss)
    assert is_verified(company), "the same was filed again, for another year"
    find(again, Outcome.REFUSE)
    assert is_verified(company), "the approval before lasts"
    elsewhere = replace(LEGAL, address="2 Example Street")
    moved = filed(company, boss, elsewhere)
    assert not is_verified(company)
    find(moved)
    assert is_verified(company)
    other = prepared(company, boss, elsewhere)
    people = [Person("Somebody Else", 10_000, "FR")]
    verification_write(verification=other, by=boss, legal=elsewhere, people=people)
    verification_file(verification=other, by=boss)
    assert not is_verified(company), "it belongs to somebody else"


def test_staff_end_an_approval_by_refusing_what_it_was_given_for(
    company: Organisation, boss: User
) -> None:
    verification = filed(company, boss)
    find(verification)
    refused("verification_not_filed", lambda: find(verification, Outcome.MORE))
    find(verification, Outcome.REFUSE, reason="The register says otherwise.")
    assert (verification.state, is_verified(company)) == (State.REFUSED, False)
    assert standing_of(company).reason == "The register says otherwise."


def test_an_approval_lasts_until_the_end_of_its_day(company: Organisation, boss: User) -> None:
    until = today() + timedelta(days=10)
    find(filed(company, boss), valid_until=until)
    last = timezone.now().replace(hour=23, minute=59) + timedelta(days=10)
    with time_machine.travel(last, tick=False):
        assert is_verified(company)
    with time_machine.travel(last + timedelta(minutes=2), tick=False):
        assert not is_verified(company)
        assert filed(company, boss).state == State.FILED


@pytest.mark.parametrize("days", [0, 366])
def test_an_approval_is_for_a_day_to_come_and_no_longer_than_allowed(
    company: Organisation, boss: User, days: int
) -> None:
    verification = filed(company, boss)
    until = today() + timedelta(days=days)
    refused("invalid_until", lambda: find(verification, valid_until=until))


def test_nothing_is_required_of_people_nor_where_the_deployment_asks_nobody(
    company: Organisation, boss: User, settings: Any
) -> None:
    asset = asset_make("USDC")
    for owner in (boss.owner, company.owner):
        fund(owner, asset, TONNE)

    def give(owner: Any, key: str) -> object:
        return gift_create(
            owner=owner, asset=asset, amount=1, to="friend@example.org", idempotency_key=key
        )

    assert give(boss.owner, "own")
    refused("organisation_not_verified", lambda: give(company.owner, "first"))
    verify(company)
    first = give(company.owner, "first")
    Organisation.objects.filter(pk=company.pk).update(verified_until=None)
    assert give(company.owner, "first") == first, "what was given stays given"
    refused("organisation_not_verified", lambda: give(company.owner, "second"))
    settings.ORGANISATION_VERIFICATION = False
    assert give(company.owner, "second")


def test_mails_say_what_came_of_it_and_when_it_has_to_be_renewed(
    company: Organisation, boss: User
) -> None:
    verification = filed(company, boss)
    find(verification, Outcome.MORE, reason="A newer extract, please.")
    verification_file(verification=verification, by=boss)
    find(verification)
    for _again in range(2):
        verification_mails_send()
    assert [message.to for message in mail.outbox] == [[boss.email]] * 2
    assert "A newer extract, please." in mail.outbox[0].body
    assert "is verified" in mail.outbox[1].subject
    mail.outbox.clear()
    for days, told in ((300, 0), (350, 1), (351, 1), (366, 2), (400, 2)):
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
            verification_mails_send()
        assert len(mail.outbox) == told, days


def test_no_mail_is_lost_while_the_mail_server_is_away(
    company: Organisation, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(filed(company, boss))

    def away(*args: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr("apps.accounts.services.verification_outcomes.send_mail", away)
        verification_mails_send()
    assert mail.outbox == []
    verification_mails_send()
    assert len(mail.outbox) == 1


def test_the_check_finds_what_nobody_approved(company: Organisation, boss: User) -> None:
    verification = filed(company, boss)
    find(verification)
    checks = (verified_organisations_were_approved, verifications_are_what_was_decided)
    assert [list(check()) for check in checks] == [[], []]
    with triggers_off():
        Organisation.objects.update(verified_until=today())
        Verification.objects.update(state=State.REFUSED)
    assert [len(list(check())) for check in checks] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_of_an_approval_and_a_refusal_at_once_one_takes_effect() -> None:
    boss = user_make()
    company = organisation_make(by=boss)
    verification = filed(company, boss)
    proposer, decider = reviewers()
    other = staff_make(("change", VerificationOutcome))
    proposal = VerificationOutcome(verification=verification, outcome=Outcome.APPROVE)
    outcome_submit(proposal=proposal, by=proposer)

    def decide(by: User, decision: str) -> str:
        try:
            return outcome_decide(proposal=proposal, decision=decision, by=by).decision
        except Conflict as conflict:
            return conflict.code

    outcomes = race(lambda: decide(decider, "approved"), lambda: decide(other, "rejected"))
    assert "already_decided" in outcomes
    assert is_verified(company) == ("approved" in outcomes)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_begin_at_once_prepare_the_same() -> None:
    boss, other = user_make(), user_make()
    company = organisation_make(by=boss, owner=other)
    made = race(
        lambda: verification_open(organisation=company, by=boss).pk,
        lambda: verification_open(organisation=company, by=other).pk,
    )
    assert len(set(made)) == 1


def test_the_demo_has_one_that_is_verified_and_one_that_waits() -> None:
    for _again in range(2):
        users = people_ensure()
        verifications_ensure(by=users["company"], staff=(users["staff_one"], users["staff_two"]))
    assert is_verified(Organisation.objects.get(name=COMPANY))
    waiting = verifications_waiting().get()
    assert waiting.organisation.name == NEWCOMER
