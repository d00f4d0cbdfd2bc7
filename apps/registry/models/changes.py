"""What a newer file of a registry changed of what was known. Append-only."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.registry.models.imports import ImportRun


class ImportChange(models.Model):
    """One field of one row, before and after: what was empty is an empty text.

    `name` is what people call the row: its serial, reference or code. A block that the registry
    cut into pieces has a change of `serial` for each piece, from the whole to the piece.
    """

    class Subject(models.TextChoices):
        BLOCK = "block", _("Serial block")
        ENTRY = "entry", _("Entry of a registry")
        PROJECT = "project", _("Project")
        VINTAGE = "vintage", _("Vintage")

    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="changes", db_index=False)
    line = models.IntegerField(_("line"))
    subject = models.CharField(_("kind of row"), max_length=8, choices=Subject)
    subject_id = models.BigIntegerField(_("row"))
    name = models.CharField(_("name"), max_length=240)
    field = models.CharField(_("field"), max_length=40)
    before = models.TextField(_("before"), blank=True)
    after = models.TextField(_("after"), blank=True)

    class Meta:
        verbose_name = _("change by an import")
        verbose_name_plural = _("changes by imports")
        ordering = ["run", "id"]
        indexes = [
            models.Index(fields=["subject", "subject_id"], name="registry_change_subject"),
            models.Index(fields=["run", "id"], name="registry_change_run"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.field}"
