"""Where an organisation stands: whether it is verified, until when, and what it has filed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import (
    BeneficialOwner,
    Membership,
    Organisation,
    User,
    Verification,
    VerificationDocument,
    VerificationOutcome,
)
from apps.accounts.models.verification import BPS, LEGAL_FIELDS

State = Verification.State
# How long before its end an approval may be filed for anew, and its owners are reminded.
RENEW_DAYS: Final = 30
OPEN_STATES: Final = (State.DRAFT, State.FILED, State.MORE)


@dataclass(frozen=True, slots=True)
class Standing:
    """`filing` is the newest verification; `reason` what staff said about it as it stands."""

    verified_until: date | None
    filing: Verification | None
    reason: str

    @property
    def is_verified(self) -> bool:
        """Whether what takes a verified organisation may be done today."""
        return self.verified_until is not None and self.verified_until >= today()

    @property
    def is_renewable(self) -> bool:
        """Whether its owners had better file again: it has lapsed, or soon will."""
        soon = today() + timedelta(days=RENEW_DAYS)
        return self.verified_until is None or self.verified_until <= soon

    @property
    def label(self) -> str:
        """In words, for its members."""
        if self.is_verified:
            return str(_("Verified"))
        if self.filing is not None and self.filing.state in OPEN_STATES:
            return str(self.filing.get_state_display())
        if self.verified_until is not None:
            return str(_("The verification has lapsed"))
        if self.filing is not None and self.filing.state == State.REFUSED:
            return str(self.filing.get_state_display())
        return str(_("Not verified"))


def today() -> date:
    """Approvals last until the end of a day, in UTC."""
    return datetime.now(UTC).date()


def standing_of(organisation: Organisation) -> Standing:
    """As the rows are now."""
    until = Organisation.objects.values_list("verified_until", flat=True).get(pk=organisation.pk)
    filing = organisation.verifications.order_by("-pk").first()
    last = None
    # What was asked for is answered once it is filed again.
    if filing is not None and filing.state not in (State.DRAFT, State.FILED):
        said = VerificationOutcome.objects.filter(verification=filing, decision="approved")
        last = said.order_by("-decided_at").first()
    return Standing(until, filing, last.reason if last else "")


def is_required() -> bool:
    """Whether this deployment wants organisations verified at all."""
    return bool(settings.ORGANISATION_VERIFICATION)


def verifications_waiting() -> QuerySet[Verification]:
    """What is filed and was not decided; the oldest first."""
    return Verification.objects.filter(state=State.FILED).order_by("filed_at")


def documents_of(verification: Verification) -> QuerySet[VerificationDocument]:
    """What there is to read, in the order it came."""
    return verification.documents.filter(removed_at=None).order_by("pk")


def may_read_documents(*, user: User, role: str) -> bool:
    """Staff who may see documents, and who has the role of an owner in their organisation."""
    if not user.is_active:
        return False
    may_see = user.is_staff and user.has_perm("accounts.view_verificationdocument")
    return may_see or role == Membership.Role.OWNER


def missing_in(verification: Verification) -> list[str]:
    """What keeps it from being filed, in sentences for its owner; empty when nothing does."""
    missing = [
        str(_("Fill in: %(field)s.") % {"field": verification._meta.get_field(name).verbose_name})  # type: ignore[union-attr]
        for name in LEGAL_FIELDS
        if not getattr(verification, name)
    ]
    shares = list(verification.beneficial_owners.values_list("share_bps", flat=True))
    if verification.names_owners and not shares:
        missing.append(str(_("Name at least one person to whom it belongs.")))
    if sum(shares) > BPS:
        missing.append(str(_("The shares add up to more than 100 %.")))
    if not documents_of(verification).filter(kind=VerificationDocument.Kind.REGISTER).exists():
        missing.append(str(_("Add an extract from the register.")))
    return missing


def says_otherwise(verification: Verification, approved: Verification) -> bool:
    """Whether what it says in law differs from what was approved."""
    return any(
        getattr(verification, name) != getattr(approved, name) for name in LEGAL_FIELDS
    ) or _owners(verification) != _owners(approved)


def _owners(verification: Verification) -> list[tuple[str, int, str]]:
    rows = BeneficialOwner.objects.filter(verification=verification)
    return sorted((row.name, row.share_bps, row.country.code) for row in rows)
