"""Every request, intent, attempt and nonce. Nothing is edited: services write these rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.nft.models import BridgeIntent, ChainTransaction, MintRequest, Signer

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
class MintRequestAdmin(ReadOnlyAdmin):
    """What owners asked to take out."""

    list_display = ("public_id", "owner", "credit_class", "tonnes", "to_address", "created_at")
    list_select_related = ("owner__user", "owner__organisation", "credit_class")
    search_fields = ("public_id", "to_address", "owner__user__email", "credit_class__code")
    ordering = ("-pk",)
    inlines = (IntentInline,)


@admin.register(BridgeIntent)
class BridgeIntentAdmin(ReadOnlyAdmin):
    """Where every intent stands, and why it waits."""

    list_display: ClassVar[Any] = (
        *("public_id", "state_label", "owner", "credit_class", "tonnes", "nonces", "failure"),
        *("created_at", "updated_at"),
    )
    list_filter = ("state", "credit_class")
    list_select_related = ("owner__user", "owner__organisation", "credit_class")
    search_fields = ("public_id", "to_address", "transactions__hash", "owner__user__email")
    ordering = ("-pk",)
    inlines = (AttemptInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BridgeIntent]:
        found: QuerySet[BridgeIntent] = super().get_queryset(request)
        return found.prefetch_related("transactions")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, intent: BridgeIntent) -> str:
        return intent.get_state_display()

    @display(description=_("nonce (attempts)"))  # type: ignore[untyped-decorator]
    def nonces(self, intent: BridgeIntent) -> str:
        attempts = list(intent.transactions.all())
        return f"{attempts[0].nonce} ({len(attempts)})" if attempts else "–"


@admin.register(Signer)
class SignerAdmin(ReadOnlyAdmin):
    """Who signs, and the next nonce each gives out."""

    list_display = ("role", "address", "chain", "next_nonce")


@admin.register(ChainTransaction)
class ChainTransactionAdmin(ReadOnlyAdmin):
    """Every attempt of every signer, by nonce: a hole would show."""

    list_display = (
        *("signer", "nonce", "attempt", "hash", "intent", "contract", "max_fee_per_gas"),
        *("broadcast_at", "block_number", "succeeded"),
    )
    list_filter = ("signer", "succeeded")
    list_select_related = ("signer", "intent", "contract")
    search_fields = ("hash", "intent__public_id")
    ordering = ("signer", "-nonce", "-attempt")
    exclude = ("raw", "data")
