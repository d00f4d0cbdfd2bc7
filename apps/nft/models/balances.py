"""Who was owed what when a day was fixed: a sum tree for each asset."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Asset, Owner
from apps.nft.models.anchors import DayAnchor


class BalanceTree(models.Model):
    """The root of all balances of an asset, which a leaf of the day's record names."""

    anchor = models.ForeignKey(DayAnchor, models.PROTECT, related_name="balance_trees")
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+")
    root = models.CharField(_("root"), max_length=66)
    total = models.BigIntegerField(_("total"), help_text=_("In micro-units of the asset."))

    class Meta:
        verbose_name = _("tree of balances")
        verbose_name_plural = _("trees of balances")
        constraints = [
            models.UniqueConstraint(fields=["anchor", "asset"], name="nft_balancetree_once"),
            models.CheckConstraint(name="nft_balancetree_positive", condition=Q(total__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.anchor} {self.asset}"


class BalanceLeaf(models.Model):
    """What one owner was owed. Its salt is the owner's alone: without it the hash says nothing."""

    tree = models.ForeignKey(BalanceTree, models.PROTECT, related_name="leaves", db_index=False)
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="+")
    place = models.IntegerField()
    salt = models.BinaryField(max_length=32)
    amount = models.BigIntegerField(_("amount"), help_text=_("In micro-units of the asset."))

    class Meta:
        verbose_name = _("leaf of balances")
        verbose_name_plural = _("leaves of balances")
        constraints = [
            models.UniqueConstraint(fields=["tree", "place"], name="nft_balanceleaf_place"),
            models.UniqueConstraint(fields=["tree", "owner"], name="nft_balanceleaf_owner"),
            models.CheckConstraint(name="nft_balanceleaf_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.tree} {self.place}"
