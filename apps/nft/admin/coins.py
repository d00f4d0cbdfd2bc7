"""Coins out and in, as staff see them. Nothing is edited: services write these rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.finding import owners_found, uuid_of
from apps.accounts.admin.lists import LongListAdmin
from apps.nft.admin.bridge import STATE_COLOURS, AttemptInline, nonces_of
from apps.nft.models import Chain, ChainEvent, ChainTransaction, CoinDeposit, CoinWithdrawal


@admin.register(CoinWithdrawal)
class CoinWithdrawalAdmin(LongListAdmin):
    """Coins on their way out, and why they wait."""

    list_display: ClassVar[Any] = (
        *("public_id", "state_label", "owner", "asset", "amount", "route", "nonces", "failure"),
        *("created_at", "updated_at"),
    )
    list_filter = ("state",)
    list_select_related = ("owner__user", "owner__organisation", "asset")
    search_fields = ("public_id",)
    search_help_text = _("An id, a transaction's hash, or how the owner's name or address begins")
    inlines = (AttemptInline,)

    def rows_found(self, rows: QuerySet[CoinWithdrawal], term: str) -> QuerySet[CoinWithdrawal]:
        if term.startswith("0x"):
            sent = ChainTransaction.objects.filter(hash=term.lower())
            return rows.filter(pk__in=sent.values("withdrawal"))
        if public_id := uuid_of(term):
            return rows.filter(public_id=public_id)
        return rows.filter(owner__in=owners_found(term))

    def get_queryset(self, request: HttpRequest) -> QuerySet[CoinWithdrawal]:
        found: QuerySet[CoinWithdrawal] = super().get_queryset(request)
        return found.prefetch_related("transactions")

    @display(description=_("state"), label=STATE_COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, intent: CoinWithdrawal) -> str:
        return intent.get_state_display()

    @display(description=_("nonce (attempts)"))  # type: ignore[untyped-decorator]
    def nonces(self, intent: CoinWithdrawal) -> str:
        return nonces_of(intent)


@admin.register(CoinDeposit)
class CoinDepositAdmin(LongListAdmin):
    """Coins that came in, and to whom."""

    list_display = ("from_address", "asset", "amount", "owner", "created_at", "claimed_at")
    list_select_related = ("asset", "owner__user", "owner__organisation")
    search_fields = ("from_address",)
    search_help_text = _("A transaction's hash, or how the owner's name or address begins")

    def rows_found(self, rows: QuerySet[CoinDeposit], term: str) -> QuerySet[CoinDeposit]:
        if term.startswith("0x"):
            chains = list(Chain.objects.values_list("pk", flat=True))
            events = ChainEvent.objects.filter(chain__in=chains, transaction_hash=term.lower())
            return rows.filter(event__in=events)
        return rows.filter(owner__in=owners_found(term))
