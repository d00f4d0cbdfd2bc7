"""The journal and the leases: to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.orderbook.admin.tables import LongTableAdmin
from apps.orderbook.ids import id_number
from apps.orderbook.models import Command, Event, JournalArchive, ProductLease


@admin.register(Command)
class CommandAdmin(LongTableAdmin):
    """What was asked, in the order of the markets' own numbers."""

    list_display = ("id", "created_at", "product", "kind", "owner", "side", "user")
    list_select_related = ("product", "owner__user", "owner__organisation", "user")
    fields = (
        "id", "product", "kind", "owner", "user", "client_oid", "side", "order_type", "price",
        "size", "funds", "time_in_force", "post_only", "self_trade", "stop", "stop_price",
        "expires_at", "entity", "display_size",
        "slippage_bps", "timeout_s", "rules", "target", "created_at",
    )  # fmt: skip


@admin.register(Event)
class EventAdmin(LongTableAdmin):
    """What came of it, as it can be replayed."""

    list_display = ("id", "created_at", "command_id", "sequence")
    fields = ("id", "command_id", "sequence", "body", "hash_text", "created_at")

    @display(description=_("hash"))  # type: ignore[untyped-decorator]
    def hash_text(self, event: Event) -> str:
        """In hex."""
        return bytes(event.hash).hex()


@admin.register(JournalArchive)
class JournalArchiveAdmin(ReadOnlyAdmin):
    """Which months of which journals stand in files."""

    list_display = ("file", "product", "month", "first_number", "last_number", "created_at")
    list_filter = ("month",)
    list_select_related = ("product",)
    fields = (
        "file", "sha256", "product", "month", "first_number", "last_number", "last_sequence",
        "hash_text", "created_at",
    )  # fmt: skip
    readonly_fields = fields
    ordering = ("-month", "product__code")

    @display(description=_("hash"))  # type: ignore[untyped-decorator]
    def hash_text(self, archive: JournalArchive) -> str:
        """Of its last event, in hex."""
        return bytes(archive.last_hash).hex()


@admin.register(ProductLease)
class ProductLeaseAdmin(ReadOnlyAdmin):
    """Which engine serves which market, and how far it has come."""

    list_display = ("product", "engine", "epoch", "cursor_number", "hole_count", "sequence")
    list_select_related = ("product",)
    fields = (
        "product", "engine", "epoch", "cursor_number", "hole_count", "event_number",
        "trade_number", "sequence", "hash_text",
    )  # fmt: skip
    readonly_fields = fields
    ordering = ("product__code",)

    @display(description=_("cursor"))  # type: ignore[untyped-decorator]
    def cursor_number(self, lease: ProductLease) -> int:
        """The number of the last command that was carried out."""
        return id_number(lease.cursor)

    @display(description=_("holes"))  # type: ignore[untyped-decorator]
    def hole_count(self, lease: ProductLease) -> int:
        """Commands before it that have not appeared."""
        return len(lease.holes)

    @display(description=_("hash"))  # type: ignore[untyped-decorator]
    def hash_text(self, lease: ProductLease) -> str:
        """Of the last event, in hex."""
        return bytes(lease.hash).hex()
