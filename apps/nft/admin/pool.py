"""What the CC pool takes, as staff say it."""

from __future__ import annotations

from django.contrib import admin

from apps.accounts.admin.base import StaffAdmin
from apps.nft.models import PoolRule


@admin.register(PoolRule)
class PoolRuleAdmin(StaffAdmin):
    """A class that any rule takes is eligible. Who changed a rule is in the history."""

    list_display = ("registry", "vintage_from", "project_type_contains", "label")
    list_filter = ("registry",)
    list_select_related = ("registry", "label")
    search_fields = ("project_type_contains",)
