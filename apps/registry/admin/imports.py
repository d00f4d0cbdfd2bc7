"""What was read from registries' files, with every line that was refused."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
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


class RunFilter(admin.SimpleListFilter):
    """The refused lines of one of the newest imports; any other is reached from its own page."""

    title = _("import")
    parameter_name = "run"
    offered = 20

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = ImportRun.objects.filter(refused__gt=0).order_by("-pk")[: self.offered]
        return [(str(run.pk), str(run)) for run in newest]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ImportRefusal]
    ) -> QuerySet[ImportRefusal]:
        value = self.value() or ""
        return queryset.filter(run=int(value)) if value.isdecimal() else queryset


@admin.register(ImportRefusal)
class ImportRefusalAdmin(ReadOnlyAdmin):
    """The lines that did not go in. A file may have very many, so they have a list of their own."""

    list_display = ("run", "line", "code", "message")
    list_filter = (RunFilter,)
    list_select_related = ("run",)
    search_fields = ("=code", "text")
    ordering = ("-run", "line")
    paginator = InfinitePaginator
    show_full_result_count = False
