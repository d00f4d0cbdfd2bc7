"""What a registry reports besides blocks: issuances without serials, and endings of serials.

An ending is a range of gram addresses in a series, not a state of a block: files come in any
order, a registry retires any part of what it issued, and a block may be known only as a whole
or not at all (docs/adr/0005). No gram ends twice, and none ends that is in our custody: the
database refuses both.
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, BigIntegerRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.registry.models.blocks import SerialSeries
from apps.registry.models.catalogue import Project, Registry


class RegistryEntry(models.Model):
    """One line of a registry's report. `reference` is its own, and names it once per kind."""

    class Kind(models.TextChoices):
        ISSUANCE = "issuance", _("Issuance")
        RETIREMENT = "retirement", _("Retirement")
        CANCELLATION = "cancellation", _("Cancellation")

    registry = models.ForeignKey(Registry, models.PROTECT, related_name="entries", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="entries")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    reference = models.CharField(_("reference"), max_length=240)
    series = models.ForeignKey(
        SerialSeries, models.PROTECT, null=True, blank=True, related_name="entries"
    )
    grams = BigIntegerRangeField(
        _("gram addresses"),
        null=True,
        blank=True,
        help_text=_("Of the serial numbers that ended, where the registry gives any."),
    )
    quantity_grams = models.BigIntegerField(_("quantity, grams"))
    year = models.PositiveSmallIntegerField(_("vintage year"), null=True, blank=True)
    period_start = models.DateField(_("monitored from"), null=True, blank=True)
    period_end = models.DateField(_("monitored to"), null=True, blank=True)
    on = models.DateField(_("date"), null=True, blank=True)
    beneficiary = models.TextField(_("beneficiary"), blank=True)
    reason = models.TextField(_("reason"), blank=True)
    details = models.TextField(_("details"), blank=True)
    labels = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        verbose_name=_("labels, as the registry spells them"),
    )
    buffer_grams = models.BigIntegerField(_("into a buffer pool, grams"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("entry of a registry")
        verbose_name_plural = _("entries of registries")
        indexes = [
            models.Index(fields=["project", "kind", "on"], name="registry_entry_project"),
            models.Index(fields=["registry", "id"], name="registry_entry_registry"),
            models.Index(fields=["kind", "id"], name="registry_entry_kind"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["registry", "kind", "reference"], name="registry_entry_once"
            ),
            models.CheckConstraint(
                name="registry_entry_sane",
                condition=Q(quantity_grams__gte=0)
                & (
                    Q(series__isnull=True, grams__isnull=True)
                    | (Q(series__isnull=False, grams__isempty=False) & ~Q(kind="issuance"))
                ),
            ),
            ExclusionConstraint(
                name="registry_entry_gram_ends_once",
                expressions=[("grams", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference}"
