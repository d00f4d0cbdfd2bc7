"""Who a company is, as it says itself and as staff found. docs/verification.md says how it goes."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from apps.accounts.models.base import FourEyesModel
from apps.accounts.models.identity import Organisation, User

BPS: Final = 10_000
# What a company says about itself in law: whoever changes it is looked at again.
LEGAL_FIELDS: Final = ("legal_name", "registration_number", "country", "address", "kind")


class Verification(models.Model):
    """What an organisation says about itself, and how far staff are with it.

    Between filing and the staff's outcome, and after that, it stays as it was filed.
    """

    class Kind(models.TextChoices):
        COMPANY = "company", _("Company")
        LISTED = "listed", _("Listed company")
        PUBLIC = "public", _("Public body")
        NON_PROFIT = "non_profit", _("Foundation or association")
        PARTNERSHIP = "partnership", _("Partnership or sole trader")

    class State(models.TextChoices):
        DRAFT = "draft", _("Being prepared")
        FILED = "filed", _("Being reviewed")
        MORE = "more", _("More is asked for")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="verifications",
        verbose_name=_("organisation"),
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True)
    registration_number = models.CharField(_("registration number"), max_length=80, blank=True)
    country = CountryField(_("country"), blank=True)
    address = models.TextField(_("registered address"), max_length=500, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.COMPANY)
    opened_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("prepared by")
    )
    opened_at = models.DateTimeField(_("begun"), auto_now_add=True)
    filed_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", null=True, verbose_name=_("filed by")
    )
    filed_at = models.DateTimeField(_("filed"), null=True)
    language = models.CharField(_("language"), max_length=12)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        indexes = [
            models.Index(fields=["state", "id"], name="accounts_verification_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(state__in=["draft", "filed", "more"]),
                name="accounts_verification_open_once",
            ),
            models.CheckConstraint(
                name="accounts_verification_filed_whole",
                condition=Q(state="draft")
                | (
                    Q(filed_at__isnull=False, filed_by__isnull=False)
                    & ~Q(legal_name="")
                    & ~Q(registration_number="")
                    & ~Q(country="")
                    & ~Q(address="")
                )
                # What was filed once may lack something again while more is asked for.
                | Q(state="more", filed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.legal_name or self.organisation} ({self.get_state_display()})"

    @property
    def is_open_to_its_owners(self) -> bool:
        """Whether the organisation may still write in it."""
        return self.state in (self.State.DRAFT, self.State.MORE)

    @property
    def names_owners(self) -> bool:
        """Whether there are people to whom an organisation of this kind belongs."""
        return self.kind in (self.Kind.COMPANY, self.Kind.PARTNERSHIP)


class BeneficialOwner(models.Model):
    """A person to whom part of the organisation belongs in the end; `share_bps` in 1/10,000."""

    verification = models.ForeignKey(Verification, models.PROTECT, related_name="beneficial_owners")
    name = models.CharField(_("name"), max_length=200)
    share_bps = models.PositiveIntegerField(_("share"))
    country = CountryField(_("country"))

    class Meta:
        verbose_name = _("beneficial owner")
        verbose_name_plural = _("beneficial owners")
        constraints = [
            models.CheckConstraint(
                name="accounts_beneficialowner_share",
                condition=Q(share_bps__gt=0, share_bps__lte=BPS),
            )
        ]

    def __str__(self) -> str:
        return self.name


class VerificationOutcome(FourEyesModel):
    """What one member of staff found; another confirms it.

    `reason` is what the organisation reads. An approval lasts until the end of `valid_until`.
    """

    class Outcome(models.TextChoices):
        APPROVE = "approve", _("Approve")
        MORE = "more", _("Ask for more")
        REFUSE = "refuse", _("Refuse")

    verification = models.ForeignKey(
        Verification, models.PROTECT, related_name="outcomes", verbose_name=_("verification")
    )
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    reason = models.TextField(
        _("reason"),
        max_length=1000,
        blank=True,
        help_text=_("For the organisation: what is missing, or why it is refused."),
    )
    valid_until = models.DateField(
        _("valid until"),
        null=True,
        blank=True,
        help_text=_("Of an approval. Empty: as long as this deployment lets it be."),
    )
    mailed_at = models.DateTimeField(_("mailed"), null=True, editable=False)
    reminded_at = models.DateTimeField(_("reminded"), null=True, editable=False)
    lapsed_at = models.DateTimeField(_("told that it lapsed"), null=True, editable=False)

    class Meta(FourEyesModel.Meta):
        verbose_name = _("outcome of a verification")
        verbose_name_plural = _("outcomes of verifications")
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(decision="approved", mailed_at=None),
                name="accounts_outcome_to_mail",
            ),
            models.Index(
                fields=["valid_until"],
                condition=Q(decision="approved", outcome="approve", lapsed_at=None),
                name="accounts_outcome_to_remind",
            ),
        ]
        constraints = [
            *FourEyesModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["verification"],
                condition=Q(decision="pending"),
                name="accounts_outcome_waits_once",
            ),
            models.CheckConstraint(
                name="accounts_outcome_says_why",
                condition=Q(outcome="approve", valid_until__isnull=False)
                | (Q(outcome__in=["more", "refuse"], valid_until=None) & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verification.organisation}: {self.get_outcome_display()}"
