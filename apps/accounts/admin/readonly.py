"""The admin of what only services write."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import TabularInline

from apps.accounts.admin.base import StaffAdmin


class ReadOnlyAdmin(StaffAdmin):
    """Shows rows to whoever may view them; adds, changes and deletes nothing."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """The same for rows that are shown with the one they belong to."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
