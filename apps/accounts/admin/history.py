"""The history of everything that people change: to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.history import model_of_table, recorded_tables, said_of
from apps.accounts.models import HistoryEntry, User

OPERATION_COLOURS = {
    HistoryEntry.Operation.INSERT.label: "success",
    HistoryEntry.Operation.UPDATE.label: "info",
    HistoryEntry.Operation.DELETE.label: "danger",
}


class TableFilter(admin.SimpleListFilter):
    """The changes of one kind of row."""

    title = _("table")
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(table, _name(table)) for table in recorded_tables()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[HistoryEntry]
    ) -> QuerySet[HistoryEntry]:
        return queryset.filter(table_name=self.value()) if self.value() else queryset


@admin.register(HistoryEntry)
class HistoryEntryAdmin(LongListAdmin):
    """Who changed what, newest first; found by the address of whoever did."""

    list_display = ("at", "operation_label", "table", "row_id", "who", "source", "columns")
    list_display_links = ("at",)
    list_select_related = ("actor",)
    list_filter = (TableFilter,)
    search_fields = ("=actor__email",)
    search_help_text = _("The email address of a member of staff")
    fields = ("at", "who", "source", "operation", "table", "row", "transaction_id", "difference")
    readonly_fields = fields

    def rows_found(self, rows: QuerySet[HistoryEntry], term: str) -> QuerySet[HistoryEntry]:
        return rows.filter(actor__in=User.objects.filter(email__iexact=term))

    @display(description=_("what"), label=OPERATION_COLOURS)  # type: ignore[untyped-decorator]
    def operation_label(self, entry: HistoryEntry) -> str:
        return entry.get_operation_display()

    @display(description=_("table"))  # type: ignore[untyped-decorator]
    def table(self, entry: HistoryEntry) -> str:
        """As people call it."""
        return _name(entry.table_name)

    @display(description=_("who"))  # type: ignore[untyped-decorator]
    def who(self, entry: HistoryEntry) -> str:
        """Nobody for what a process or a person without a session did."""
        return str(entry.actor) if entry.actor else "–"

    @display(description=_("fields"))  # type: ignore[untyped-decorator]
    def columns(self, entry: HistoryEntry) -> str:
        """Which columns changed."""
        if entry.operation != HistoryEntry.Operation.UPDATE:
            return ""
        return ", ".join(entry.after or {})

    @display(description=_("row"))  # type: ignore[untyped-decorator]
    def row(self, entry: HistoryEntry) -> str | SafeString:
        """A link to its whole history, where it has a page."""
        model = model_of_table(entry.table_name)
        if model is None:
            return entry.row_id
        try:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_history"
            return format_html(
                '<a href="{}">{}</a>', reverse(name, args=[entry.row_id]), entry.row_id
            )
        except NoReverseMatch:
            return entry.row_id

    @display(description=_("change"))  # type: ignore[untyped-decorator]
    def difference(self, entry: HistoryEntry) -> SafeString:
        """Field by field, before and after."""
        change = said_of(entry, model_of_table(entry.table_name))
        return render_to_string("admin/includes/change.html", {"change": change})


def _name(table: str) -> str:
    model = model_of_table(table)
    return str(model._meta.verbose_name) if model else table
