"""What was read from registries' files, with every line that was refused."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin.lists import LongListAdmin
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
    """Rows of one of the newest imports; those of any other are reached from its own page."""

    title = _("import")
    parameter_name = "run"
    offered = 20

    def runs(self) -> QuerySet[ImportRun]:
        """Imports that have such rows."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = self.runs().select_related("registry").order_by("-pk")[: self.offered]
        return [(str(run.pk), str(run)) for run in newest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        is_number = value.isascii() and value.isdecimal() and len(value) < 10
        return queryset.filter(run=int(value)) if is_number else queryset


class RefusingRunFilter(RunFilter):
    """The refused lines of one of the newest imports."""

    def runs(self) -> QuerySet[ImportRun]:
        return ImportRun.objects.filter(refused__gt=0)


@admin.register(ImportRefusal)
class ImportRefusalAdmin(LongListAdmin):
    """The lines that did not go in. A file may have very many, so they have a list of their own."""

    list_display = ("run", "line", "code", "message")
    list_filter = (RefusingRunFilter,)
    list_select_related = ("run__registry",)
    ordering = ("-run_id", "line", "-pk")
