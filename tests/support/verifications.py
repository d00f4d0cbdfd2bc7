"""Organisations that are verified, or on their way there."""

from __future__ import annotations

from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from apps.accounts.models import (
    Organisation,
    User,
    Verification,
    VerificationDocument,
    VerificationOutcome,
)
from apps.accounts.services.verification_documents import document_add
from apps.accounts.services.verification_outcomes import outcome_decide, outcome_submit
from apps.accounts.services.verifications import (
    Legal,
    Person,
    verification_file,
    verification_open,
    verification_write,
)
from apps.accounts.verification import today
from tests.support.factories import staff_make, user_make

State, Outcome = Verification.State, VerificationOutcome.Outcome
PDF = b"%PDF-1.7\nan extract from the register\n%%EOF\n"
LEGAL = Legal("Green Works GmbH", "HRB 1", "DE", "1 Example Street", "company")
PEOPLE = (Person("A Person", 7_500, "DE"),)


def verify(organisation: Organisation, *, days: int = 365) -> Organisation:
    """Verified for so many days, by rows alone: for tests of something else."""
    first, second = user_make(), user_make()
    now = timezone.now()
    filed = Verification.objects.create(
        organisation=organisation,
        legal_name=organisation.name,
        registration_number="1",
        country="DE",
        address="1 Example Street",
        opened_by=first,
        language="en",
    )
    rows = Verification.objects.filter(pk=filed.pk)
    rows.update(state=State.FILED, filed_by=first, filed_at=now)
    until = today() + timedelta(days=days)
    outcome = VerificationOutcome.objects.create(
        verification=filed, outcome=Outcome.APPROVE, valid_until=until, proposed_by=first
    )
    VerificationOutcome.objects.filter(pk=outcome.pk).update(
        decision="approved", decided_by=second, decided_at=now
    )
    rows.update(state=State.APPROVED)
    organisation.verified_until = until
    organisation.save(update_fields=["verified_until"])
    return organisation


def pdf(content: bytes = PDF, name: str = "extract.pdf") -> ContentFile[bytes]:
    """An uploaded file."""
    return ContentFile(content, name=name)


def prepared(organisation: Organisation, boss: User, legal: Legal = LEGAL) -> Verification:
    """All there is to file."""
    draft = verification_open(organisation=organisation, by=boss)
    verification_write(verification=draft, by=boss, legal=legal, people=PEOPLE)
    document_add(verification=draft, kind=VerificationDocument.Kind.REGISTER, file=pdf(), by=boss)
    return draft


def filed(organisation: Organisation, boss: User, legal: Legal = LEGAL) -> Verification:
    """Waiting for staff."""
    return verification_file(verification=prepared(organisation, boss, legal), by=boss)


def reviewers() -> tuple[User, User]:
    """Who proposes outcomes, and who decides them."""
    return staff_make(("add", VerificationOutcome)), staff_make(("change", VerificationOutcome))


def find(
    verification: Verification,
    outcome: str = Outcome.APPROVE,
    *,
    staff: tuple[User, User] | None = None,
    **said: object,
) -> VerificationOutcome:
    """Two members of staff find so."""
    verification.refresh_from_db()
    proposer, decider = staff or reviewers()
    said = {"reason": "" if outcome == Outcome.APPROVE else "The extract is too old."} | said
    proposal = VerificationOutcome(verification=verification, outcome=outcome, **said)
    outcome_submit(proposal=proposal, by=proposer)
    decided = outcome_decide(proposal=proposal, decision="approved", by=decider)
    verification.refresh_from_db()
    return decided
