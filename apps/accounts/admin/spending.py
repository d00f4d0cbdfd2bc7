"""What organisations let their members spend: to look at. Their owners set it themselves."""

from __future__ import annotations

from django.contrib import admin

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.models import SpendingLimit, SpendingRule


@admin.register(SpendingRule)
class SpendingRuleAdmin(ReadOnlyAdmin):
    """Above what another member has to approve."""

    list_display = ("organisation", "asset", "second_above")
    list_select_related = ("organisation", "asset")
    fields = list_display
    readonly_fields = fields
    search_fields = ("organisation__name",)
    ordering = ("-pk",)


@admin.register(SpendingLimit)
class SpendingLimitAdmin(ReadOnlyAdmin):
    """The most that a role may spend by one order."""

    list_display = ("organisation", "asset", "role", "up_to")
    list_filter = ("role",)
    list_select_related = ("organisation", "asset")
    fields = list_display
    readonly_fields = fields
    search_fields = ("organisation__name",)
    ordering = ("-pk",)
