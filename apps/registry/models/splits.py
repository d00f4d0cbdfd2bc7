"""Blocks that were cut in two, as registries do when a part is retired or transferred."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.registry.models.blocks import SerialBlock


class BlockSplit(models.Model):
    """One cut. `lower` kept its row and its lowest serials, `upper` is new. Append-only."""

    lower = models.ForeignKey(
        SerialBlock, models.PROTECT, related_name="splits", verbose_name=_("lower part")
    )
    upper = models.OneToOneField(
        SerialBlock, models.PROTECT, related_name="cut_by", verbose_name=_("upper part")
    )
    serial_before = models.CharField(_("serial before"), max_length=200)
    last_serial = models.BigIntegerField(_("last serial of the lower part"))
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("split of a block")
        verbose_name_plural = _("splits of blocks")

    def __str__(self) -> str:
        return f"{self.serial_before} @ {self.last_serial}"
