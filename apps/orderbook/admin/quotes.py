"""Who may answer requests for quotes: two of staff say so. Requests and quotes: to look at.

What a quote says is shown once its request is opened, to staff as to everybody else.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from apps.orderbook.models import Quote, QuoteLine, QuotePermit, QuoteRequest


@admin.register(QuotePermit)
class QuotePermitAdmin(FourEyesAdmin):
    """Of an owner's approved permits, the latest counts."""

    proposal_fields = ("owner", "kind")
    list_display = ("owner", "kind", "decision", "proposed_by", "decided_by", "decided_at")
    list_filter: Any = ("decision", "kind")
    list_select_related = ("owner__user", "owner__organisation", "proposed_by", "decided_by")
    search_fields = ("owner__user__email", "owner__organisation__name")
    autocomplete_fields = ("owner",)


@admin.register(QuoteRequest)
class QuoteRequestAdmin(ReadOnlyAdmin):
    """What was asked, and how far it is."""

    list_display = ("public_id", "order", "asked_by", "asked_at", "deadline", "state")
    list_filter = ("state",)
    list_select_related = ("order", "asked_by")
    fields = (
        *("public_id", "order", "asked_by", "asked_at", "deadline", "state", "opened_at"),
        "ended_at",
    )
    readonly_fields = fields
    search_fields = ("=public_id", "=order__public_id")
    ordering = ("-pk",)


class QuoteLineInline(ReadOnlyInline):
    """What a quote offers, once it is opened."""

    model = QuoteLine
    fields = ("number", "product", "size", "size_min", "price")
    readonly_fields = fields
    ordering = ("number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[QuoteLine]:
        found: QuerySet[QuoteLine] = super().get_queryset(request)
        return found.exclude(price=None)


@admin.register(Quote)
class QuoteAdmin(ReadOnlyAdmin):
    """Who answered, under which digest, and what came of it."""

    list_display = ("public_id", "request", "owner", "answered_at", "valid_until", "state")
    list_filter = ("state",)
    list_select_related: Any = ("request", "owner__user", "owner__organisation")
    fields = (
        *("public_id", "request", "owner", "answered_by", "answered_at", "valid_until", "state"),
        *("digest", "revealed", "ended_at"),
    )
    readonly_fields = fields
    inlines = (QuoteLineInline,)
    search_fields = ("=public_id", "=request__public_id", "=digest")
    ordering = ("-pk",)
