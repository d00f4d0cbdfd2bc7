"""What was read from a registry's file, and what was refused."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.registry.models.catalogue import Registry


class ImportRun(models.Model):
    """One reading of one file."""

    registry = models.ForeignKey(Registry, models.PROTECT)
    kind = models.CharField(_("kind of file"), max_length=40)
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    rows = models.IntegerField(_("rows"), default=0)
    accepted = models.IntegerField(_("accepted"), default=0)
    unchanged = models.IntegerField(_("unchanged"), default=0)
    refused = models.IntegerField(_("refused"), default=0)
    accepted_grams = models.BigIntegerField(_("grams accepted"), default=0)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return f"{self.file_name} {self.started_at:%Y-%m-%d %H:%M}"


class ImportRefusal(models.Model):
    """A line that did not go in, and why."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="refusals", db_index=False)
    line = models.IntegerField(_("line"))
    code = models.CharField(_("code"), max_length=40)
    message = models.TextField(_("reason"))
    text = models.TextField(_("the line"), blank=True)

    class Meta:
        verbose_name = _("refused line")
        verbose_name_plural = _("refused lines")
        ordering = ["run", "line"]
        indexes = [models.Index(fields=["-run", "line", "-id"], name="registry_refusal_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"
