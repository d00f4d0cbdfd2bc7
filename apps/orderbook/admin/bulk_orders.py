"""Bulk orders and their plans: to look at. What people do with them is in the history."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.units import mass_text
from apps.orderbook.models import BulkOrder, BulkPlan


class BulkPlanInline(TabularInline):
    """The plans that were made."""

    model = BulkPlan
    extra = 0
    can_delete = False
    fields = ("made_at", "method", "notice", "filled", "cost", "fees", "gap_ppm", "took_ms")
    readonly_fields = fields
    ordering = ("-pk",)

    def has_add_permission(self, *_args: object) -> bool:
        return False

    def has_change_permission(self, *_args: object) -> bool:
        return False


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
