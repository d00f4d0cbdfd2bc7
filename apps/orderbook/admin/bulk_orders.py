"""Bulk orders, their plans and executions, to look at. What people do is in the history."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from apps.accounts.units import mass_text
from apps.orderbook.models import BulkExecution, BulkOrder, BulkPlan, BulkStep


class BulkPlanInline(ReadOnlyInline):
    """The plans that were made."""

    model = BulkPlan
    fields = ("made_at", "method", "notice", "filled", "cost", "fees", "gap_ppm", "took_ms")
    readonly_fields = fields
    ordering = ("-pk",)


class BulkStepInline(ReadOnlyInline):
    """The orders that were placed for it."""

    model = BulkStep
    fields = (
        *("number", "product", "client_oid", "price", "size", "filled", "notional", "fees"),
        *("outcome", "surplus", "written_at", "over_at"),
    )
    readonly_fields = fields
    ordering = ("number",)


@admin.register(BulkExecution)
class BulkExecutionAdmin(ReadOnlyAdmin):
    """Who let what be spent, and what became of it. Members decide, never staff."""

    list_display = (
        *("order", "proposed_by", "total_max", "needs_second", "decision", "decided_by"),
        *("started_at", "ended_at"),
    )
    list_filter = ("decision", "needs_second", "keep")
    list_select_related = ("order", "proposed_by", "decided_by")
    fields = (
        *("order", "plan", "total_max", "over_s", "keep", "needs_second", "brought_by"),
        *("deadline", "limit_price", "visible_bps", "at_deadline"),
        "proposed_by",
        *("proposed_at", "decision", "decided_by", "decided_at", "decision_note", "started_at"),
        *("ended_at", "pause"),
    )
    readonly_fields = fields
    inlines = (BulkStepInline,)
    search_fields = ("=order__public_id", "order__name")
    ordering = ("-pk",)


@admin.register(BulkOrder)
class BulkOrderAdmin(ReadOnlyAdmin):
    """Whose files came, and how far they are."""

    list_display = (
        *("name", "owner", "made_by", "state", "lines_count", "refused_count", "amount"),
        "created_at",
    )
    list_filter = ("state",)
    list_select_related = ("owner__user", "owner__organisation", "made_by")
    fields = (
        *("public_id", "name", "owner", "made_by", "state", "file_name", "size_bytes"),
        *("lines_count", "refused_count", "amount", "quote", "total_max", "removals_min_bps"),
        *("project_max_bps", "failure_code", "created_at"),
    )
    readonly_fields = fields
    inlines = (BulkPlanInline,)
    search_fields = ("=public_id", "name")
    ordering = ("-pk",)

    @display(description=_("amount"))  # type: ignore[untyped-decorator]
    def amount(self, order: BulkOrder) -> str:
        """In the unit that reads best."""
        return mass_text(order.grams)
