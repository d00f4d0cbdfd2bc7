"""What registries report beside blocks: issuances without serials, and endings of serials."""

from __future__ import annotations

from contextlib import suppress

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.registry.models import Project, RegistryEntry
from apps.registry.refusals import SerialRefused
from apps.registry.selectors import entries_of
from apps.registry.serials import parse


@admin.register(RegistryEntry)
class RegistryEntryAdmin(ReadOnlyAdmin):
    """One line of a registry's report. There may be very many."""

    list_display = ("reference", "registry", "project", "kind", "year", "on", "quantity_grams")
    list_filter = ("registry", "kind")
    list_select_related = ("registry", "project")
    search_fields = ("reference", "project__code")
    ordering = ("-pk",)
    paginator = InfinitePaginator
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RegistryEntry], search_term: str
    ) -> tuple[QuerySet[RegistryEntry], bool]:
        """One question after the other: each has an index, all of them at once have none."""
        if not (term := search_term.strip()):
            return queryset, False
        if project := Project.objects.filter(code=term.upper()).first():
            return queryset.filter(project=project), False
        with suppress(SerialRefused):
            return entries_of(parse(term), queryset), False
        return queryset.filter(reference=term), False
