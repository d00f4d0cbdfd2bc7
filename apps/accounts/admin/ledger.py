"""Owners, assets, balances and transfers: to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.amounts import text_from_micro
from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.references import owner_of_reference, reference_of


@admin.register(Owner)
class OwnerAdmin(ReadOnlyAdmin):
    """Found by name, by address, or by the reference on a bank transfer."""

    list_display = ("__str__", "user", "organisation", "platform_name", "deposit_reference")
    list_select_related = ("user", "organisation")
    search_fields = ("user__email", "user__name", "organisation__name", "platform_name")
    fields = ("user", "organisation", "platform_name", "deposit_reference")
    ordering = ("pk",)

    @display(description=_("deposit reference"))  # type: ignore[untyped-decorator]
    def deposit_reference(self, owner: Owner) -> str:
        """What the owner writes on a bank transfer."""
        return "" if owner.platform_name else reference_of(owner)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Owner], search_term: str
    ) -> tuple[QuerySet[Owner], bool]:
        queryset = queryset.select_related("user", "organisation")
        if owner := owner_of_reference(search_term):
            return queryset.filter(pk=owner.pk), False
        found: tuple[QuerySet[Owner], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return found


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin):
    """What can be held."""

    list_display = ("code", "kind", "name")
    list_filter = ("kind",)
    search_fields = ("code", "name")
    ordering = ("code",)


@admin.register(Balance)
class BalanceAdmin(ReadOnlyAdmin):
    """Who has how much."""

    list_display = ("owner", "asset", "available_text", "held_text")
    list_select_related = ("owner__user", "owner__organisation", "asset")
    list_filter = ("asset__kind",)
    search_fields = ("owner__user__email", "owner__organisation__name", "=asset__code")
    fields = ("owner", "asset", "available_text", "held_text")
    ordering = ("owner", "asset")

    @display(description=_("available"), ordering="available")  # type: ignore[untyped-decorator]
    def available_text(self, balance: Balance) -> str:
        """In whole units."""
        return text_from_micro(balance.available)

    @display(description=_("held"), ordering="held")  # type: ignore[untyped-decorator]
    def held_text(self, balance: Balance) -> str:
        """In whole units."""
        return text_from_micro(balance.held)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """The longest table there is: read by primary key from the newest, and never counted."""

    list_display = ("id", "created_at", "kind", "asset", "amount_text", "sender", "receiver")
    list_select_related = tuple(
        f"{end}_balance__{path}"
        for end in ("from", "to")
        for path in ("owner__user", "owner__organisation", "asset")
    )
    fields = ("created_at", "kind", "asset", "amount_text", "sender", "receiver", "reference")
    ordering = ("-pk",)
    sortable_by = ()
    paginator = InfinitePaginator
    show_full_result_count = False

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
