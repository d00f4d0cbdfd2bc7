"""What newer files of registries changed of what was known."""

from __future__ import annotations

from contextlib import suppress

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin.lists import LongListAdmin
from apps.registry.admin.imports import RunFilter
from apps.registry.models import ImportChange, ImportRun, Project, RegistryEntry, SerialBlock
from apps.registry.refusals import SerialRefused
from apps.registry.selectors import blocks_of, entries_of
from apps.registry.serials import parse

Subject = ImportChange.Subject


class ChangingRunFilter(RunFilter):
    """The changes of one of the newest imports."""

    def runs(self) -> QuerySet[ImportRun]:
        return ImportRun.objects.all()


@admin.register(ImportChange)
class ImportChangeAdmin(LongListAdmin):
    """One field of one row, before and after. There may be very many."""

    list_display = ("name", "subject", "field", "before", "after", "run", "line")
    list_filter = (ChangingRunFilter,)
    list_select_related = ("run",)
    search_fields = ("name",)
    search_help_text = _("A serial number in any spelling, or a project's code")

    def rows_found(self, rows: QuerySet[ImportChange], term: str) -> QuerySet[ImportChange]:
        with suppress(SerialRefused):
            serial = parse(term)
            blocks = blocks_of(serial, SerialBlock.objects.all()).values_list("pk", flat=True)
            entries = entries_of(serial, RegistryEntry.objects.all()).values_list("pk", flat=True)
            return rows.filter(
                Q(subject=Subject.BLOCK, subject_id__in=list(blocks))
                | Q(subject=Subject.ENTRY, subject_id__in=list(entries))
            )
        if project := Project.objects.filter(code=term.upper()).first():
            return rows.filter(subject=Subject.PROJECT, subject_id=project.pk)
        return rows.none()
