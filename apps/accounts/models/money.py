"""Money that comes in and goes out through a bank."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Asset, Owner
from apps.accounts.models.base import FourEyesModel


class BankTransfer(FourEyesModel):
    """A bank transfer that staff saw arrive. Approved, it credits the owner's cash balance."""

    owner = models.ForeignKey(Owner, models.PROTECT, verbose_name=_("owner"))
    asset = models.ForeignKey(Asset, models.PROTECT, verbose_name=_("asset"))
    amount = models.BigIntegerField(_("amount"), help_text=_("In micro-units of the asset."))
    bank_reference = models.CharField(
        _("bank reference"),
        max_length=140,
        unique=True,
        help_text=_("The bank's own reference: the same transfer is never credited twice."),
    )

    class Meta(FourEyesModel.Meta):
        verbose_name = _("bank transfer")
        verbose_name_plural = _("bank transfers")
        constraints = [
            *FourEyesModel.Meta.constraints,
            models.CheckConstraint(
                name="accounts_banktransfer_positive", condition=models.Q(amount__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.bank_reference
