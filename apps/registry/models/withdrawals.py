"""Credits on their way back to their owner's own account at the registry."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import BigIntegerRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel, Owner
from apps.registry.documents import document_check, document_path
from apps.registry.models.blocks import GRAMS_PER_TONNE, SerialBlock
from apps.registry.models.catalogue import CreditClass

ACCOUNT_CHARS_MAX = 60
NAME_CHARS_MAX = 200


class Withdrawal(models.Model):
    """Whole tonnes of one class, wanted in an account at the registry.

    Until it has ended it holds as much of the owner's balance, and its serials are reserved.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        PROCESSING = "processing", _("Under way at the registry")
        FINAL = "final", _("Transferred at the registry")
        REFUSED = "refused", _("Refused; everything released")
        CANCELLED = "cancelled", _("Cancelled; everything released")

    OPEN_STATES: ClassVar = (State.REQUESTED, State.PROCESSING)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("number"), max_length=24, unique=True)
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="withdrawals")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    credit_class = models.ForeignKey(CreditClass, models.PROTECT, related_name="withdrawals")
    tonnes = models.BigIntegerField(_("tonnes"))
    registry_account = models.CharField(_("account at the registry"), max_length=ACCOUNT_CHARS_MAX)
    account_name = models.CharField(_("name of that account"), max_length=NAME_CHARS_MAX)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.REQUESTED)
    idempotency_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("taken up by"),
    )
    started_at = models.DateTimeField(_("taken up at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("withdrawal of credits")
        verbose_name_plural = _("withdrawals of credits")
        indexes = [
            models.Index(fields=["owner", "-id"], name="registry_withdrawal_owner"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=["requested", "processing"]),
                name="registry_withdrawal_open",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="registry_withdrawal_idempotent"
            ),
            models.CheckConstraint(
                name="registry_withdrawal_sane",
                condition=Q(tonnes__gt=0)
                & (
                    Q(state__in=["requested", "processing"], ended_at__isnull=True)
                    | Q(state__in=["final", "refused", "cancelled"], ended_at__isnull=False)
                )
                & (Q(state__in=["requested", "cancelled"]) | Q(started_by__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def amount_grams(self) -> int:
        return self.tonnes * GRAMS_PER_TONNE

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES


class WithdrawalLine(models.Model):
    """One run of serials that a withdrawal reserved. Append-only, whatever became of it."""

    withdrawal = models.ForeignKey(Withdrawal, models.PROTECT, related_name="lines")
    block = models.ForeignKey(SerialBlock, models.PROTECT, related_name="+")
    grams = BigIntegerRangeField(_("gram addresses"))
    serial = models.CharField(_("serial"), max_length=200)

    class Meta:
        verbose_name = _("serials of a withdrawal")
        verbose_name_plural = _("serials of withdrawals")
        ordering = ["grams"]

    def __str__(self) -> str:
        return self.serial

    @property
    def tonnes(self) -> int:
        return int(self.grams.upper - self.grams.lower) // GRAMS_PER_TONNE


class WithdrawalOutcome(FourEyesModel):
    """What one member of staff found at the registry; another confirms that it ends so."""

    class Outcome(models.TextChoices):
        TRANSFERRED = "transferred", _("The registry has transferred the credits")
        REFUSED = "refused", _("Nothing was transferred, and nothing will be")

    withdrawal = models.ForeignKey(
        Withdrawal, models.PROTECT, related_name="outcomes", verbose_name=_("withdrawal")
    )
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    registry_reference = models.CharField(
        _("registry's transfer reference"), max_length=120, blank=True
    )
    transferred_on = models.DateField(_("transferred on"), null=True, blank=True)
    document = models.FileField(
        _("document"),
        upload_to=document_path,
        validators=[document_check],
        blank=True,
        help_text=_("The registry's confirmation, as PDF or picture."),
    )
    reason = models.CharField(
        _("reason"), max_length=300, blank=True, help_text=_("For the owner, if it is refused.")
    )

    class Meta(FourEyesModel.Meta):
        verbose_name = _("outcome of a withdrawal")
        verbose_name_plural = _("outcomes of withdrawals")
        constraints = [
            *FourEyesModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["withdrawal"],
                condition=~Q(decision="rejected"),
                name="registry_withdrawal_outcome_once",
            ),
            models.CheckConstraint(
                name="registry_withdrawal_outcome_evidence",
                condition=(
                    Q(outcome="transferred", transferred_on__isnull=False)
                    & ~Q(registry_reference="")
                    & ~Q(document="")
                )
                | (Q(outcome="refused") & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.withdrawal}: {self.get_outcome_display()}"
