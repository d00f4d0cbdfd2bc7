"""What was read from registries' files, with every line that was refused."""

from __future__ import annotations

from django.contrib import admin
from unfold.paginator import InfinitePaginator

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.registry.models import ImportRefusal, ImportRun


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    """One reading of one file."""

    list_display = (
        *("file_name", "registry", "kind", "started_at", "rows", "accepted", "unchanged"),
        "refused",
    )
    list_filter = ("registry", "kind")
    list_select_related = ("registry",)
    ordering = ("-pk",)


@admin.register(ImportRefusal)
class ImportRefusalAdmin(ReadOnlyAdmin):
    """The lines that did not go in. A file may have very many, so they have a list of their own."""

    list_display = ("run", "line", "code", "message")
    list_filter = (("run", admin.RelatedOnlyFieldListFilter), "code")
    list_select_related = ("run",)
    search_fields = ("=code", "text")
    ordering = ("-run", "line")
    paginator = InfinitePaginator
    show_full_result_count = False
