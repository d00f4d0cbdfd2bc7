"""What the chain told us."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin.finding import number_of, owners_found
from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.nft.admin.bridge import AttemptInline
from apps.nft.models import Chain, ChainEvent, Contract, DayAnchor, Token, TokenRedemption
from apps.registry.models import CreditClass


@admin.register(Chain)
class ChainAdmin(ReadOnlyAdmin):
    """The chains on record, and how far what they said was applied."""

    list_display = ("chain_id", "genesis_hash", "indexed_from", "final_number")


@admin.register(Contract)
class ContractAdmin(ReadOnlyAdmin):
    """Where our contracts are."""

    list_display = ("name", "address", "chain", "recorded_at", "confirmed_at")


@admin.register(DayAnchor)
class DayAnchorAdmin(ReadOnlyAdmin):
    """Days of the public record, and how far each is."""

    list_display = ("day", "state", "leaves_count", "root", "failure", "updated_at")
    inlines = (AttemptInline,)


@admin.register(ChainEvent)
class ChainEventAdmin(LongListAdmin):
    """Every log of our contracts."""

    list_display = ("block_number", "log_index", "name", "transaction_hash", "applied_at")
    search_fields = ("transaction_hash",)
    search_help_text = _("A transaction's hash, or the id of a token")

    def rows_found(self, rows: QuerySet[ChainEvent], term: str) -> QuerySet[ChainEvent]:
        token_id = number_of(term)
        if token_id is not None:
            return rows.filter(contract__in=_all(Contract), token_id=token_id)
        return rows.filter(chain__in=_all(Chain), transaction_hash=term.lower())


@admin.register(Token)
class TokenAdmin(LongListAdmin):
    """Every tonne that is or was out."""

    list_display = ("token_id", "state", "block", "serial_number", "owner_address", "intent")
    list_filter = ("state",)
    list_select_related = ("block", "intent")
    search_fields = ("token_id",)
    search_help_text = _("The id of a token, or the address that holds it")

    def rows_found(self, rows: QuerySet[Token], term: str) -> QuerySet[Token]:
        token_id = number_of(term)
        if token_id is not None:
            return rows.filter(contract__in=_all(Contract), token_id=token_id)
        return rows.filter(owner_address=term)


@admin.register(TokenRedemption)
class TokenRedemptionAdmin(LongListAdmin):
    """What came back, and to whom."""

    list_display = (
        *("holder_address", "credit_class", "amount_grams", "owner", "created_at", "claimed_at"),
    )
    list_select_related = ("credit_class", "owner__user", "owner__organisation")
    search_fields = ("holder_address",)
    search_help_text = _(
        "The hash of its transaction, a credit class, or how its owner's name begins"
    )

    def rows_found(self, rows: QuerySet[TokenRedemption], term: str) -> QuerySet[TokenRedemption]:
        if term.startswith("0x"):
            events = ChainEvent.objects.filter(chain__in=_all(Chain), transaction_hash=term.lower())
            return rows.filter(event__in=events)
        if credit_class := CreditClass.objects.filter(code=term.upper()).first():
            return rows.filter(credit_class=credit_class)
        return rows.filter(owner__in=owners_found(term))


def _all(model: type[Model]) -> list[int]:
    """The keys of a table of a few rows: named in full, they let an index that they lead serve."""
    return list(model._default_manager.values_list("pk", flat=True))
