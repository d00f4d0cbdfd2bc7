"""The demo's organisations: one that is verified, and one that waits for staff to look at it."""

from __future__ import annotations

from typing import Final

from django.core.files.base import ContentFile

from apps.accounts.models import (
    FourEyesModel,
    Organisation,
    User,
    Verification,
    VerificationDocument,
    VerificationOutcome,
)
from apps.accounts.paper.sheet import HEADING, document_make, facts_table, paragraph
from apps.accounts.services.verification_documents import document_add
from apps.accounts.services.verification_outcomes import outcome_decide, outcome_submit
from apps.accounts.services.verifications import (
    Legal,
    Person,
    verification_file,
    verification_open,
    verification_write,
)
from ccmarket.demo.people import COMPANY, NEWCOMER

TITLE: Final = "Extract from the register (demo)"


def verifications_ensure(*, by: User, staff: tuple[User, User]) -> None:
    """Both have filed; two members of staff have approved the first."""
    first, second = staff
    filed = _filed(Organisation.objects.get(name=COMPANY), by=by, number="HRB 0000")
    _filed(Organisation.objects.get(name=NEWCOMER), by=by, number="000 000 000")
    if filed.state != Verification.State.FILED:
        return
    outcome = VerificationOutcome.objects.filter(verification=filed).first()
    outcome = outcome or outcome_submit(
        proposal=VerificationOutcome(
            verification=filed, outcome=VerificationOutcome.Outcome.APPROVE
        ),
        by=first,
    )
    outcome_decide(proposal=outcome, decision=FourEyesModel.Decision.APPROVED, by=second)


def _filed(organisation: Organisation, *, by: User, number: str) -> Verification:
    """Its first verification; filed now where it was not yet."""
    found = organisation.verifications.order_by("pk").first()
    if found is not None and found.filed_at is not None:
        return found
    draft = verification_open(organisation=organisation, by=by)
    legal = Legal(
        legal_name=organisation.name,
        registration_number=number,
        country=organisation.country.code,
        address="1 Example Street, 00000 Example City",
        kind=Verification.Kind.COMPANY,
    )
    people = [Person("Beneficial Owner One", 10_000, organisation.country.code)]
    verification_write(verification=draft, by=by, legal=legal, people=people)
    facts = [("Name", legal.legal_name), ("Number", number), ("Address", legal.address)]
    paper = document_make(TITLE, [paragraph(TITLE, HEADING), facts_table(facts)])
    document_add(
        verification=draft,
        kind=VerificationDocument.Kind.REGISTER,
        file=ContentFile(paper, name="register.pdf"),
        by=by,
    )
    return verification_file(verification=draft, by=by)
