"""Orders and fills: to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.amounts import text_from_micro
from apps.orderbook.admin.tables import LongTableAdmin
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Fill, Order


def _text(micro: int | None) -> str:
    return "" if micro is None else text_from_micro(micro)


@admin.register(Order)
class OrderAdmin(LongTableAdmin):
    """What was ordered, and what came of it."""

    list_display = (
        "public_id", "created_at", "product", "owner", "side", "order_type", "price_text",
        "size_text", "filled_text", "status",
    )  # fmt: skip
    list_select_related = ("product", "owner__user", "owner__organisation")
    fields = (
        "public_id", "product", "owner", "client_oid", "side", "order_type", "price_text",
        "size_text", "funds_text", "stop", "stop_price_text", "parked", "time_in_force",
        "display_text", "slippage_bps",
        "expires_at", "post_only", "self_trade", "maker_bps", "taker_bps", "filled_text",
        "value_text", "fees_text", "hold_text", "priority", "status", "done_reason", "created_at",
        "done_at",
    )  # fmt: skip

    @display(description=_("order"))  # type: ignore[untyped-decorator]
    def public_id(self, order: Order) -> str:
        """As its owner sees it."""
        return str(order_uuid(order.pk))

    @display(description=_("price"))  # type: ignore[untyped-decorator]
    def price_text(self, order: Order) -> str:
        """In whole units of the quote asset."""
        return _text(order.price)

    @display(description=_("size"))  # type: ignore[untyped-decorator]
    def size_text(self, order: Order) -> str:
        """In whole units of the base asset."""
        return _text(order.size)

    @display(description=_("size in sight"))  # type: ignore[untyped-decorator]
    def display_text(self, order: Order) -> str:
        """In whole units of the base asset."""
        return _text(order.display_size)

    @display(description=_("stop price"))  # type: ignore[untyped-decorator]
    def stop_price_text(self, order: Order) -> str:
        """In whole units of the quote asset."""
        return _text(order.stop_price)

    @display(description=_("funds"))  # type: ignore[untyped-decorator]
    def funds_text(self, order: Order) -> str:
        """In whole units of the quote asset."""
        return _text(order.funds)

    @display(description=_("filled"))  # type: ignore[untyped-decorator]
    def filled_text(self, order: Order) -> str:
        """In whole units of the base asset."""
        return _text(order.filled_size)

    @display(description=_("executed value"))  # type: ignore[untyped-decorator]
    def value_text(self, order: Order) -> str:
        """In whole units of the quote asset."""
        return _text(order.filled_notional)

    @display(description=_("fees"))  # type: ignore[untyped-decorator]
    def fees_text(self, order: Order) -> str:
        """In whole units of the quote asset."""
        return _text(order.fees)

    @display(description=_("hold"))  # type: ignore[untyped-decorator]
    def hold_text(self, order: Order) -> str:
        """In whole units: of the quote asset for a buy, of the base asset for a sell."""
        return _text(order.hold)


@admin.register(Fill)
class FillAdmin(LongTableAdmin):
    """Who traded with whom."""

    list_display = (
        "trade_id", "created_at", "product", "taker_side", "price_text", "size_text",
        "maker_owner", "taker_owner",
    )  # fmt: skip
    list_select_related = (
        "product", "maker_owner__user", "maker_owner__organisation", "taker_owner__user",
        "taker_owner__organisation",
    )  # fmt: skip
    fields = (
        "trade_id", "product", "maker_order", "taker_order", "maker_owner", "taker_owner",
        "taker_side", "price_text", "size_text", "value_text", "maker_fee_text",
        "taker_fee_text", "created_at",
    )  # fmt: skip

    @display(description=_("price"))  # type: ignore[untyped-decorator]
    def price_text(self, fill: Fill) -> str:
        """In whole units of the quote asset."""
        return _text(fill.price)

    @display(description=_("size"))  # type: ignore[untyped-decorator]
    def size_text(self, fill: Fill) -> str:
        """In whole units of the base asset."""
        return _text(fill.size)

    @display(description=_("executed value"))  # type: ignore[untyped-decorator]
    def value_text(self, fill: Fill) -> str:
        """In whole units of the quote asset."""
        return _text(fill.notional)

    @display(description=_("maker fee"))  # type: ignore[untyped-decorator]
    def maker_fee_text(self, fill: Fill) -> str:
        """In whole units of the quote asset."""
        return _text(fill.maker_fee)

    @display(description=_("taker fee"))  # type: ignore[untyped-decorator]
    def taker_fee_text(self, fill: Fill) -> str:
        """In whole units of the quote asset."""
        return _text(fill.taker_fee)

    @display(description=_("maker's order"))  # type: ignore[untyped-decorator]
    def maker_order(self, fill: Fill) -> str:
        """As its owner sees it."""
        return str(order_uuid(fill.maker_order_id))

    @display(description=_("taker's order"))  # type: ignore[untyped-decorator]
    def taker_order(self, fill: Fill) -> str:
        """As its owner sees it."""
        return str(order_uuid(fill.taker_order_id))
