"""What was changed, by whom, from what to what."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class HistoryEntry(models.Model):
    """One change of one row, written by a trigger of its table. Append-only.

    `before` and `after` hold the columns that changed; all of them for a row that came or went.
    `actor` is empty where nobody was signed in: then `source` is the name of the process.
    """

    class Operation(models.TextChoices):
        INSERT = "insert", _("Added")
        UPDATE = "update", _("Changed")
        DELETE = "delete", _("Deleted")

    table_name = models.CharField(_("table"), max_length=63)
    row_id = models.CharField(_("row"), max_length=64)
    operation = models.CharField(_("what"), max_length=6, choices=Operation)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    # No row is deleted for the sake of history, and history never stops one from being.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("who"),
    )
    source = models.CharField(_("through"), max_length=200)
    transaction_id = models.BigIntegerField(
        _("transaction"), help_text=_("The same for all changes that took effect together.")
    )
    at = models.DateTimeField(_("when"), db_default=Now())

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("history")
        indexes = [
            models.Index(fields=["table_name", "row_id", "id"], name="accounts_history_row"),
            models.Index(fields=["table_name", "id"], name="accounts_history_table"),
            models.Index(fields=["actor", "id"], name="accounts_history_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}: {self.get_operation_display()}"
