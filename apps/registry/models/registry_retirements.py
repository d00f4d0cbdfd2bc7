"""What we retired and the registry is to retire as well: the work list, and its confirmations."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel
from apps.registry.documents import document_check, document_path
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.models.catalogue import CreditClass
from apps.registry.models.retirement import Retirement


class RegistryConfirmation(FourEyesModel):
    """One retirement at the registry, of one item of the list or of several, and its evidence."""

    registry_reference = models.CharField(_("registry's reference"), max_length=120)
    retired_on = models.DateField(_("retired at the registry on"))
    document = models.FileField(
        _("document"),
        upload_to=document_path,
        validators=[document_check],
        help_text=_("The registry's confirmation, as PDF or picture."),
    )

    class Meta(FourEyesModel.Meta):
        verbose_name = _("confirmation by a registry")
        verbose_name_plural = _("confirmations by registries")

    def __str__(self) -> str:
        return self.registry_reference


class RegistryRetirement(models.Model):
    """A run of whole serials, all of whose retired grams the registry is to retire as well.

    Every retired gram is in exactly one. A tonne that fractions fill up together is one from its
    first gram on, `filling` until it is full.
    """

    class State(models.TextChoices):
        FILLING = "filling", _("Waits for its tonne to be full")
        READY = "ready", _("To be retired at the registry")
        CONFIRMED = "confirmed", _("Retired at the registry")

    credit_class = models.ForeignKey(
        CreditClass, models.PROTECT, related_name="registry_retirements"
    )
    grams = BigIntegerRangeField(_("gram addresses"))
    state = models.CharField(_("state"), max_length=10, choices=State)
    retirement = models.ForeignKey(
        Retirement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="registry_retirements",
        help_text=_("Whose whole tonnes they are; empty for a tonne that several share."),
    )
    beneficiary = models.TextField(_("beneficiary, for the registry's form"), blank=True)
    reason = models.TextField(_("reason, for the registry's form"), blank=True)
    confirmation = models.ForeignKey(
        RegistryConfirmation, models.PROTECT, null=True, blank=True, related_name="items"
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    ready_at = models.DateTimeField(_("to be retired since"), null=True, blank=True)

    class Meta:
        verbose_name = _("retirement at the registry")
        verbose_name_plural = _("retirements at registries")
        indexes = [
            models.Index(
                fields=["state", "created_at"],
                condition=~Q(state="confirmed"),
                name="registry_work_open",
            )
        ]
        constraints = [
            ExclusionConstraint(
                name="registry_work_gram_once", expressions=[("grams", RangeOperators.OVERLAPS)]
            ),
            models.CheckConstraint(
                name="registry_work_sane",
                condition=Q(grams__isempty=False)
                & (
                    Q(state="filling", ready_at__isnull=True, confirmation__isnull=True)
                    | Q(state="ready", ready_at__isnull=False)
                    | Q(state="confirmed", ready_at__isnull=False, confirmation__isnull=False)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_class} {self.tonnes} t"

    @property
    def tonnes(self) -> int:
        return int(self.grams.upper - self.grams.lower) // GRAMS_PER_TONNE
