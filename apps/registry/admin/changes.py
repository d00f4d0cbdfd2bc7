"""What newer files of registries changed of what was known."""

from __future__ import annotations

from django.contrib import admin
from unfold.paginator import InfinitePaginator

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.registry.models import ImportChange


@admin.register(ImportChange)
class ImportChangeAdmin(ReadOnlyAdmin):
    """One field of one row, before and after. There may be very many."""

    list_display = ("name", "subject", "field", "before", "after", "run", "line")
    list_filter = ("subject",)
    list_select_related = ("run",)
    search_fields = ("=name",)
    ordering = ("-pk",)
    paginator = InfinitePaginator
    show_full_result_count = False
