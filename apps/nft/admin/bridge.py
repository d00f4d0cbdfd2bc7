"""Every request, intent, attempt and nonce. Nothing is edited: services write these rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.accounts.admin.finding import owners_found, uuid_of
from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.nft.models import (
    BridgeIntent,
    ChainTransaction,
    CoinWithdrawal,
    MintRequest,
    Signer,
)
from apps.registry.models import CreditClass

STATE_COLOURS = {
    BridgeIntent.State.FINAL.label: "success",
    BridgeIntent.State.FAILED.label: "danger",
    BridgeIntent.State.QUEUED.label: "warning",
    BridgeIntent.State.SIGNED.label: "info",
    BridgeIntent.State.BROADCAST.label: "info",
    BridgeIntent.State.MINED.label: "info",
}


class AttemptInline(TabularInline):
    """The transactions that carry an intent; replacements share their nonce."""

    model = ChainTransaction
    fields = (
        *("nonce", "attempt", "hash", "max_fee_per_gas", "created_at", "broadcast_at"),
        *("block_number", "succeeded"),
    )
    readonly_fields = fields
    extra = 0
    can_delete = False
    verbose_name_plural = _("attempts")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class IntentInline(TabularInline):
    """The intents of a request, one for each contiguous run of serials."""

    model = BridgeIntent
    fields = ("public_id", "block", "first_serial", "tonnes", "state", "failure")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(MintRequest)
class MintRequestAdmin(LongListAdmin):
    """What owners asked to take out."""

    list_display = ("public_id", "owner", "credit_class", "tonnes", "to_address", "created_at")
    list_select_related = ("owner__user", "owner__organisation", "credit_class")
    search_fields = ("public_id",)
    search_help_text = _("An id, a credit class, or how the owner's name or address begins")
    inlines = (IntentInline,)

    def rows_found(self, rows: QuerySet[MintRequest], term: str) -> QuerySet[MintRequest]:
        return _of_owner_or_class(rows, term)


@admin.register(BridgeIntent)
class BridgeIntentAdmin(LongListAdmin):
    """Where every intent stands, and why it waits."""

    list_display: ClassVar[Any] = (
        *("public_id", "state_label", "owner", "credit_class", "tonnes", "nonces", "failure"),
        *("created_at", "updated_at"),
    )
    list_filter = ("state",)
    list_select_related = ("owner__user", "owner__organisation", "credit_class")
    search_fields = ("public_id",)
    search_help_text = _(
        "An id, a transaction's hash, a credit class, or how the owner's name or address begins"
    )
    inlines = (AttemptInline,)

    def rows_found(self, rows: QuerySet[BridgeIntent], term: str) -> QuerySet[BridgeIntent]:
        if term.startswith("0x"):
            sent = ChainTransaction.objects.filter(hash=term.lower())
            return rows.filter(pk__in=sent.values("intent"))
        return _of_owner_or_class(rows, term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BridgeIntent]:
        found: QuerySet[BridgeIntent] = super().get_queryset(request)
        return found.prefetch_related("transactions")

    @display(description=_("state"), label=STATE_COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, intent: BridgeIntent) -> str:
        return intent.get_state_display()

    @display(description=_("nonce (attempts)"))  # type: ignore[untyped-decorator]
    def nonces(self, intent: BridgeIntent) -> str:
        return nonces_of(intent)


@admin.register(Signer)
class SignerAdmin(ReadOnlyAdmin):
    """Who signs, and the next nonce each gives out."""

    list_display = ("role", "address", "chain", "next_nonce")


class FateFilter(admin.SimpleListFilter):
    """What needs somebody's eye: what failed, and what is in no block."""

    title = _("fate")
    parameter_name = "fate"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("failed", _("Failed")), ("waiting", _("In no block"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ChainTransaction]
    ) -> QuerySet[ChainTransaction]:
        match self.value():
            case "failed":
                return queryset.filter(succeeded=False)
            case "waiting":
                return queryset.filter(succeeded__isnull=True)
        return queryset


@admin.register(ChainTransaction)
class ChainTransactionAdmin(LongListAdmin):
    """Every attempt of every signer, by nonce: a hole would show."""

    list_display = (
        *("signer", "nonce", "attempt", "hash", "intent", "withdrawal", "anchor", "contract"),
        "max_fee_per_gas",
        *("broadcast_at", "block_number", "succeeded"),
    )
    list_filter = ("signer", FateFilter)
    list_select_related = ("signer", "intent", "withdrawal", "anchor", "contract")
    search_fields = ("hash",)
    search_help_text = _("A transaction's hash, or the id of an intent")
    ordering = ("-signer_id", "-nonce", "-attempt")
    exclude = ("raw", "data")

    def rows_found(self, rows: QuerySet[ChainTransaction], term: str) -> QuerySet[ChainTransaction]:
        if public_id := uuid_of(term):
            if found := BridgeIntent.objects.filter(public_id=public_id).first():
                return rows.filter(intent=found)
            return rows.filter(withdrawal__in=CoinWithdrawal.objects.filter(public_id=public_id))
        return rows.filter(hash=term.lower())


def nonces_of(intent: BridgeIntent | CoinWithdrawal) -> str:
    """The nonce of an intent's attempts, and how many there are."""
    attempts = list(intent.transactions.all())
    return f"{attempts[0].nonce} ({len(attempts)})" if attempts else "–"


def _of_owner_or_class(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    if public_id := uuid_of(term):
        return rows.filter(public_id=public_id)
    if credit_class := CreditClass.objects.filter(code=term.upper()).first():
        return rows.filter(credit_class=credit_class)
    return rows.filter(owner__in=owners_found(term))
