"""A registry says that credits ended which we hold: what staff must look into at once."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import BigIntegerRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.registry.models.blocks import SerialBlock
from apps.registry.models.imports import ImportRun


class CustodyAlarm(models.Model):
    """Grams of one of our blocks that a registry's file calls retired or cancelled.

    Open until somebody of staff closes it with a note; the database then refuses any change, and
    a second open alarm for the same grams.
    """

    block = models.ForeignKey(SerialBlock, models.PROTECT, related_name="alarms")
    grams = BigIntegerRangeField(_("gram addresses"))
    serial = models.CharField(_("serial in the file"), max_length=240)
    ended_on = models.DateField(_("ended at the registry"), null=True, blank=True)
    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="alarms")
    line = models.IntegerField(_("line"))
    opened_at = models.DateTimeField(_("opened"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("closed by"),
    )
    note = models.CharField(_("what was found"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("custody alarm")
        verbose_name_plural = _("custody alarms")
        constraints = [
            models.UniqueConstraint(
                fields=["block", "grams"],
                condition=Q(closed_at__isnull=True),
                name="registry_alarm_open_once",
            ),
            models.CheckConstraint(
                name="registry_alarm_closed_by_somebody",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, note="")
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(note="")),
            ),
        ]

    def __str__(self) -> str:
        return self.serial
