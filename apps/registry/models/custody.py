"""How real credits come into our custody."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel, Owner
from apps.registry.models.blocks import SerialBlock


class CustodyReceipt(FourEyesModel):
    """A block that arrived in our registry account. Approved, its grams go to the owner."""

    block = models.ForeignKey(SerialBlock, models.PROTECT, related_name="receipts")
    owner = models.ForeignKey(Owner, models.PROTECT, verbose_name=_("credited to"))
    registry_reference = models.CharField(
        _("registry's transfer reference"), max_length=140, help_text=_("As in our statement.")
    )

    class Meta(FourEyesModel.Meta):
        verbose_name = _("custody receipt")
        verbose_name_plural = _("custody receipts")
        constraints = [
            *FourEyesModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["block"],
                condition=~models.Q(decision="rejected"),
                name="registry_receipt_block_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.block} → {self.owner}"
