"""Invoices: to look at. Nobody changes one."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin.finding import number_of
from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.admin.readonly import ReadOnlyInline
from apps.accounts.models import Invoice, InvoiceLine


class LineInline(ReadOnlyInline):
    """What it is for."""

    model = InvoiceLine
    fields = ("account_name", "kind", "market", "count", "amount")
    readonly_fields = fields


@admin.register(Invoice)
class InvoiceAdmin(LongListAdmin):
    """Who paid what in fees, month by month."""

    list_display = ("name", "owner", "buyer_name", "month", "asset", "total", "tax")
    list_select_related = ("owner__user", "owner__organisation", "asset")
    search_fields = ("number",)
    search_help_text = _("A number")
    inlines = (LineInline,)

    def rows_found(self, rows: QuerySet[Invoice], term: str) -> QuerySet[Invoice]:
        number = number_of(term.upper().removeprefix("INV-"))
        return rows.none() if number is None else rows.filter(number=number)
