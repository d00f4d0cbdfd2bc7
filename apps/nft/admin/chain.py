"""What the chain told us."""

from __future__ import annotations

from django.contrib import admin

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.nft.models import Chain, ChainEvent, Contract, Token, TokenRedemption


@admin.register(Chain)
class ChainAdmin(ReadOnlyAdmin):
    """The chains on record, and how far what they said was applied."""

    list_display = ("chain_id", "genesis_hash", "indexed_from", "final_number")


@admin.register(Contract)
class ContractAdmin(ReadOnlyAdmin):
    """Where our contracts are."""

    list_display = ("name", "address", "chain", "recorded_at", "confirmed_at")


@admin.register(ChainEvent)
class ChainEventAdmin(ReadOnlyAdmin):
    """Every log of our contracts."""

    list_display = ("block_number", "log_index", "name", "transaction_hash", "applied_at")
    list_filter = ("name", "contract")
    search_fields = ("transaction_hash", "token_id")
    ordering = ("-block_number", "-log_index")
    show_full_result_count = False


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """Every tonne that is or was out."""

    list_display = ("token_id", "state", "block", "serial_number", "owner_address", "intent")
    list_filter = ("state",)
    list_select_related = ("block", "intent")
    search_fields = ("token_id", "serial_number", "owner_address")
    ordering = ("-token_id",)
    show_full_result_count = False


@admin.register(TokenRedemption)
class TokenRedemptionAdmin(ReadOnlyAdmin):
    """What came back, and to whom."""

    list_display = (
        *("holder_address", "credit_class", "amount_grams", "owner", "created_at", "claimed_at"),
    )
    list_select_related = ("credit_class", "owner__user", "owner__organisation")
    search_fields = ("holder_address", "event__transaction_hash")
    ordering = ("-pk",)
