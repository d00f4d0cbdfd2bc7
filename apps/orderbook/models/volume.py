"""What owners have traded, day by day: counted from the fills, each of them once."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Asset, Owner
from apps.orderbook.models.market import Product


class Volume(models.Model):
    """All that an owner has traded for a quote asset up to and with a day (UTC), in micro-units.

    There is a row for each day on which the owner traded. Being sums from the beginning, any two of
    them say what was traded between two days.
    """

    owner = models.ForeignKey(Owner, models.PROTECT, related_name="+", db_index=False)
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    total = models.BigIntegerField(_("traded so far"))

    class Meta:
        verbose_name = _("volume")
        verbose_name_plural = _("volumes")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "asset", "day"], include=["total"], name="orderbook_volume_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} in {self.asset_id} up to {self.day}"


class VolumeCursor(models.Model):
    """How many of a product's trades are in the volumes."""

    product = models.OneToOneField(Product, models.PROTECT, primary_key=True, related_name="+")
    trades = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("volume cursor")
        verbose_name_plural = _("volume cursors")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.trades}"
