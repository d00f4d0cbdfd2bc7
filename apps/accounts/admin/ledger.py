"""Owners, assets, balances and transfers: to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.finding import number_of, owners_found
from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.amounts import text_from_micro
from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.references import reference_of


@admin.register(Owner)
class OwnerAdmin(LongListAdmin):
    """Found by name, by address, or by the reference on a bank transfer."""

    list_display = ("__str__", "user", "organisation", "platform_name", "deposit_reference")
    list_select_related = ("user", "organisation")
    search_fields = ("user__email",)
    search_help_text = _("How a name or an email address begins, or a deposit reference")
    fields = (
        *("user", "organisation", "platform_name", "department", "opened_at", "closed_at"),
        "deposit_reference",
    )

    @display(description=_("deposit reference"))  # type: ignore[untyped-decorator]
    def deposit_reference(self, owner: Owner) -> str:
        """What the owner writes on a bank transfer."""
        return "" if owner.platform_name else reference_of(owner)

    def rows_found(self, rows: QuerySet[Owner], term: str) -> QuerySet[Owner]:
        # The choice of an owner in a form asks without them.
        rows = rows.select_related("user", "organisation")
        return rows.filter(pk__in=owners_found(term))


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin):
    """What can be held."""

    list_display = ("code", "kind", "name")
    list_filter = ("kind",)
    search_fields = ("code", "name")
    ordering = ("code",)


@admin.register(Balance)
class BalanceAdmin(LongListAdmin):
    """Who has how much."""

    list_display = ("owner", "asset", "available_text", "held_text")
    list_select_related = ("owner__user", "owner__organisation", "asset")
    search_fields = ("owner",)
    search_help_text = _("An asset's code, or how its owner's name or email address begins")
    fields = ("owner", "asset", "available_text", "held_text")
    ordering = ("owner_id", "asset_id")

    def rows_found(self, rows: QuerySet[Balance], term: str) -> QuerySet[Balance]:
        if asset := Asset.objects.filter(code=term.upper()).first():
            return rows.filter(asset=asset).order_by("asset_id", "owner_id")
        return rows.filter(owner__in=owners_found(term))

    @display(description=_("available"))  # type: ignore[untyped-decorator]
    def available_text(self, balance: Balance) -> str:
        """In whole units."""
        return text_from_micro(balance.available)

    @display(description=_("held"))  # type: ignore[untyped-decorator]
    def held_text(self, balance: Balance) -> str:
        """In whole units."""
        return text_from_micro(balance.held)


@admin.register(Transfer)
class TransferAdmin(LongListAdmin):
    """The longest table there is."""

    list_display = ("id", "created_at", "kind", "asset", "amount_text", "sender", "receiver")
    list_select_related = tuple(
        f"{end}_balance__{path}"
        for end in ("from", "to")
        for path in ("owner__user", "owner__organisation", "asset")
    )
    fields = ("created_at", "kind", "asset", "amount_text", "sender", "receiver", "reference")
    search_fields = ("pk",)
    search_help_text = _("The number of a transfer")

    def rows_found(self, rows: QuerySet[Transfer], term: str) -> QuerySet[Transfer]:
        number = number_of(term)
        return rows.none() if number is None else rows.filter(pk=number)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.fields, "batch")

    @display(description=_("asset"))  # type: ignore[untyped-decorator]
    def asset(self, transfer: Transfer) -> Asset:
        """What moved."""
        return transfer.from_balance.asset

    @display(description=_("amount"))  # type: ignore[untyped-decorator]
    def amount_text(self, transfer: Transfer) -> str:
        """In whole units."""
        return text_from_micro(transfer.amount)

    @display(description=_("from"))  # type: ignore[untyped-decorator]
    def sender(self, transfer: Transfer) -> Owner:
        """Whose it was."""
        return transfer.from_balance.owner

    @display(description=_("to"))  # type: ignore[untyped-decorator]
    def receiver(self, transfer: Transfer) -> Owner:
        """Whose it is."""
        return transfer.to_balance.owner
