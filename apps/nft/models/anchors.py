"""Days of the public record, fixed on chain."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.nft.merkle import leaf_hash
from apps.nft.models.chain import Chain, ChainEvent
from apps.nft.models.intents import ChainIntent

LEAF_TYPES: Final = ("string", "string", "string")


class DayAnchor(ChainIntent):
    """One day (UTC) of the public record: the root of its tree, on its way to the chain."""

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="anchors")
    day = models.DateField(_("day"))
    root = models.CharField(_("root"), max_length=66)
    leaves_count = models.IntegerField(_("leaves"))
    event = models.OneToOneField(
        ChainEvent,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="day_anchor",
        help_text=_("By which it was fixed for good."),
    )

    class Meta:
        verbose_name = _("anchored day")
        verbose_name_plural = _("anchored days")
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "day"], name="nft_dayanchor_once"),
            models.CheckConstraint(name="nft_dayanchor_leaves", condition=Q(leaves_count__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class AnchorLeaf(models.Model):
    """A leaf as it was hashed: what its content says is kept as it was said.

    `kind` and `name` find it, `content` is JSON with sorted keys and no spaces.
    """

    anchor = models.ForeignKey(DayAnchor, models.PROTECT, related_name="leaves")
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    content = models.TextField()

    class Meta:
        verbose_name = _("leaf")
        verbose_name_plural = _("leaves")
        constraints = [
            models.UniqueConstraint(fields=["anchor", "kind", "name"], name="nft_anchorleaf_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def hash(self) -> bytes:
        return leaf_hash(LEAF_TYPES, (self.kind, self.name, self.content))
