"""How real credits come into our custody."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel, Owner
from apps.registry.models.blocks import SerialBlock


class CustodyReceipt(FourEyesModel):
    """A block that arrived in our registry account. Approved, its grams go to the owner.

    What was withdrawn may come back: that takes a receipt of its own.
    """

    block = models.ForeignKey(SerialBlock, models.PROTECT, related_name="receipts")
    grams = BigIntegerRangeField(
        _("gram addresses"),
        editable=False,
        help_text=_("What the block was when it arrived, however it is cut later."),
    )
    owner = models.ForeignKey(Owner, models.PROTECT, verbose_name=_("credited to"))
    registry_reference = models.CharField(
        _("registry's transfer reference"), max_length=140, help_text=_("As in our statement.")
    )

    class Meta(FourEyesModel.Meta):
        verbose_name = _("custody receipt")
        verbose_name_plural = _("custody receipts")
        indexes = [GistIndex(fields=["grams"], name="registry_receipt_grams")]
        constraints = [
            *FourEyesModel.Meta.constraints,
            ExclusionConstraint(
                name="registry_receipt_pending_once",
                expressions=[("grams", RangeOperators.OVERLAPS)],
                condition=models.Q(decision="pending"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.block} → {self.owner}"
