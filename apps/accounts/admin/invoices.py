"""Invoices: to look at. Nobody changes one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.models import Invoice, InvoiceLine


class LineInline(TabularInline):
    """What it is for."""

    model = InvoiceLine
    fields = ("kind", "market", "count", "amount")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Invoice)
class InvoiceAdmin(LongListAdmin):
    """Who paid what in fees, month by month."""

    list_display = ("name", "owner", "buyer_name", "month", "asset", "total", "tax")
    list_select_related = ("owner__user", "owner__organisation", "asset")
    search_fields = ("number",)
    search_help_text = _("A number")
    inlines = (LineInline,)

    def rows_found(self, rows: QuerySet[Invoice], term: str) -> QuerySet[Invoice]:
        digits = term.upper().removeprefix("INV-")
        return rows.filter(number=int(digits)) if _is_number(digits) else rows.none()


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal() and int(digits) < 2**63
