"""What registries report beside blocks: issuances without serials, and endings of serials."""

from __future__ import annotations

from contextlib import suppress

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin.lists import LongListAdmin
from apps.registry.models import Project, Registry, RegistryEntry
from apps.registry.refusals import SerialRefused
from apps.registry.selectors import entries_of
from apps.registry.serials import parse


@admin.register(RegistryEntry)
class RegistryEntryAdmin(LongListAdmin):
    """One line of a registry's report. There may be very many."""

    list_display = ("reference", "registry", "project", "kind", "year", "on", "quantity_grams")
    list_filter = ("registry", "kind")
    list_select_related = ("registry", "project")
    search_fields = ("reference",)
    search_help_text = _("A serial number in any spelling, a project's code, or a reference")

    def rows_found(self, rows: QuerySet[RegistryEntry], term: str) -> QuerySet[RegistryEntry]:
        with suppress(SerialRefused):
            return entries_of(parse(term), rows)
        if project := Project.objects.filter(code=term.upper()).first():
            return rows.filter(project=project)
        # Named in full, so that the index finds a reference within each registry and kind.
        registries = list(Registry.objects.values_list("pk", flat=True))
        kinds = RegistryEntry.Kind.values
        return rows.filter(registry__in=registries, kind__in=kinds, reference=term)
