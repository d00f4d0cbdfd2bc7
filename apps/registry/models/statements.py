"""What a registry says our account there holds, and where that differs from our books."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import BigIntegerRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.registry.models.blocks import SerialBlock
from apps.registry.models.catalogue import Registry


class CustodyStatement(models.Model):
    """One statement of our account. The same file is taken once; it can be compared again."""

    registry = models.ForeignKey(Registry, models.PROTECT, related_name="statements")
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    accounts = models.CharField(
        _("accounts"),
        max_length=200,
        blank=True,
        help_text=_("Which sub-accounts of the file are ours, by commas. Empty for all."),
    )
    as_of = models.DateField(_("as of"))
    rows = models.IntegerField(_("rows"))
    tonnes = models.BigIntegerField(_("tonnes"))
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    imported_at = models.DateTimeField(_("imported at"), auto_now_add=True)
    compared_at = models.DateTimeField(_("compared at"), null=True, blank=True)
    agreed_tonnes = models.BigIntegerField(_("tonnes that agree"), default=0)

    class Meta:
        verbose_name = _("custody statement")
        verbose_name_plural = _("custody statements")
        indexes = [models.Index(fields=["registry", "-as_of", "-id"], name="registry_stmt_latest")]
        constraints = [
            models.UniqueConstraint(
                fields=["registry", "sha256", "accounts"], name="registry_statement_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.registry.code} {self.as_of} {self.file_name}"


class CustodyStatementLine(models.Model):
    """A run of serials on the statement. Append-only.

    `grams` is null where no credits of that series are known yet.
    """

    statement = models.ForeignKey(CustodyStatement, models.PROTECT, related_name="lines")
    line = models.IntegerField(_("line"))
    account = models.CharField(_("account"), max_length=60)
    serial = models.CharField(_("serial"), max_length=240)
    tonnes = models.BigIntegerField(_("tonnes"))
    grams = BigIntegerRangeField(_("gram addresses"), null=True, blank=True)

    class Meta:
        verbose_name = _("line of a custody statement")
        verbose_name_plural = _("lines of custody statements")
        indexes = [GistIndex(fields=["grams"], name="registry_stmt_line_grams")]

    def __str__(self) -> str:
        return self.serial


class CustodyDifference(models.Model):
    """A run of serials that only one of the two sides has, as of the last comparison."""

    class Kind(models.TextChoices):
        MISSING = "missing", _("Missing: we hold it, the statement does not list it")
        CHANGED = "changed", _("Changed: the statement lists only a part of our block")
        EXTRA = "extra", _("Extra: the statement lists it, we do not hold it")

    class Because(models.TextChoices):
        UNEXPLAINED = "", _("Unexplained")
        WITHDRAWAL = "withdrawal", _("A withdrawal is under way")
        RETIREMENT = "retirement", _("Retired here; the registry's confirmation is not recorded")
        RECEIVED = "received", _("Received after the statement's day")
        ISSUED = "issued", _("Not received yet")
        WITHDRAWN = "withdrawn", _("Withdrawn; it may have come back")
        RETIRED = "retired", _("Retired at the registry, as we know")
        UNKNOWN = "unknown", _("No such block is known: import the registry's issuances first")

    # These are on their way: on the list of withdrawals, on the registries' work list, or in
    # the next statement.
    EXPLAINED: ClassVar = (Because.WITHDRAWAL, Because.RETIREMENT, Because.RECEIVED)

    statement = models.ForeignKey(CustodyStatement, models.PROTECT, related_name="differences")
    kind = models.CharField(_("difference"), max_length=8, choices=Kind)
    because = models.CharField(_("because"), max_length=12, choices=Because, blank=True)
    block = models.ForeignKey(SerialBlock, models.PROTECT, null=True, blank=True, related_name="+")
    grams = BigIntegerRangeField(_("gram addresses"), null=True, blank=True)
    serial = models.CharField(_("serial"), max_length=240)
    tonnes = models.DecimalField(_("tonnes"), max_digits=20, decimal_places=6)

    class Meta:
        verbose_name = _("difference in custody")
        verbose_name_plural = _("differences in custody")
        ordering = ["kind", "grams"]

    def __str__(self) -> str:
        return f"{self.kind} {self.serial}"
