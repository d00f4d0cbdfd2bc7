"""What registries report beside blocks: issuances without serials, and endings of serials."""

from __future__ import annotations

from django.contrib import admin
from unfold.paginator import InfinitePaginator

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.registry.models import RegistryEntry


@admin.register(RegistryEntry)
class RegistryEntryAdmin(ReadOnlyAdmin):
    """One line of a registry's report. There may be very many."""

    list_display = ("reference", "registry", "project", "kind", "year", "on", "quantity_grams")
    list_filter = ("registry", "kind")
    list_select_related = ("registry", "project")
    search_fields = ("=reference", "=project__code")
    ordering = ("-pk",)
    paginator = InfinitePaginator
    show_full_result_count = False
