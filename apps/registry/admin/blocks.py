"""Serial blocks, the spans cut from them, and their history: found by serial, never edited."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.units import mass_text
from apps.registry.admin.splits import SplitAction
from apps.registry.models import CreditEvent, SerialBlock, Span, Vintage
from apps.registry.refusals import SerialRefused
from apps.registry.selectors import blocks_of, citation_of
from apps.registry.serials import parse
from apps.registry.services.custody import RECEIVED_FROM

STATE_COLOURS = {
    SerialBlock.State.ISSUED.label: "info",
    SerialBlock.State.IMMOBILISED.label: "success",
    SerialBlock.State.RETIRED.label: "danger",
    SerialBlock.State.WITHDRAWN.label: "warning",
}


class GramsInline(TabularInline):
    """Ranges of grams in the registry's terms."""

    extra = 0
    can_delete = False
    per_page = 20

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description=_("serials"))  # type: ignore[untyped-decorator]
    def serials(self, row: Span | CreditEvent) -> str:
        """First and last serial, and how much of them."""
        citation = citation_of(row.block, row.grams.lower, row.grams.upper)
        return f"{citation.first}-{citation.last} · {mass_text(citation.grams)}"


class SpanInline(GramsInline):
    """What has left the fractional balances."""

    model = Span
    fields = ("serials", "state", "retirement", "created_at")
    readonly_fields = fields
    ordering = ("grams",)


class EventInline(GramsInline):
    """What happened to its grams."""

    model = CreditEvent
    fields = ("at", "kind", "serials", "reference")
    readonly_fields = fields


@admin.register(SerialBlock)
class SerialBlockAdmin(SplitAction, LongListAdmin):
    """Blocks as the registries list them, found by serial number in any spelling or by project."""

    list_display = ("serial", "state_badge", "tonnes", "issued_on", "vintage")
    list_filter = ("state",)
    list_select_related = ("vintage__project",)
    search_fields = ("serial",)
    search_help_text = _("A serial number in any spelling, or a project's code")
    fields = (
        *("serial", "state", "vintage", "tonnes", "free_mass", "issued_on", "certifications"),
        *("retired_on", "retirement_beneficiary", "retirement_reason", "retirement_details"),
    )
    readonly_fields = fields
    inlines: ClassVar[list[type[TabularInline]]] = [SpanInline, EventInline]

    @display(description=_("free"))  # type: ignore[untyped-decorator]
    def free_mass(self, block: SerialBlock) -> str:
        """What is in no span."""
        return mass_text(block.free_grams)

    @display(description=_("state"), label=STATE_COLOURS)  # type: ignore[untyped-decorator]
    def state_badge(self, block: SerialBlock) -> str:
        """Where it is."""
        return block.get_state_display()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SerialBlock], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if request.GET.get("field_name") == "block":
            # The choice of a custody receipt: what is gone or here already cannot arrive.
            queryset = queryset.filter(state__in=RECEIVED_FROM)
        return super().get_search_results(request, queryset, search_term)

    def rows_found(self, rows: QuerySet[SerialBlock], term: str) -> QuerySet[SerialBlock]:
        with suppress(SerialRefused):
            return blocks_of(parse(term), rows)
        vintages = Vintage.objects.filter(project__code=term.upper())
        return rows.filter(vintage__in=list(vintages.values_list("pk", flat=True)))
