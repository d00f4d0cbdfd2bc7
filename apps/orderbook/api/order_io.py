"""What goes in and out of the views of orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from django.db.models import prefetch_related_objects
from rest_framework import serializers

from apps.accounts.api.fields import MicroField
from apps.accounts.carrying import aside
from apps.orderbook import dialect
from apps.orderbook.api.fields import (
    EndField,
    LimitField,
    NotOfferedField,
    Output,
    PriceField,
    ProductField,
    PublicIdField,
    SizeField,
    TimeField,
    WordField,
)
from apps.orderbook.api.writing import writer
from apps.orderbook.ids import order_text, profile_text
from apps.orderbook.models import Order, Product
from apps.orderbook.models.enums import OrderStatus, OrderType, SelfTrade, Side, Stop
from apps.orderbook.selectors.orders import EVERY_STATUS, PENDING, STILL_OPEN
from apps.orderbook.selectors.products import product_by_name

ProductOf = Callable[[str], Product]

# What `status` may ask for. Several words of the dialect mean the same to us.
STATUSES_ASKED: Final[dict[str, frozenset[int]]] = {
    "pending": frozenset({PENDING}),
    "received": frozenset({PENDING}),
    "active": frozenset({int(OrderStatus.OPEN)}),
    "open": frozenset({int(OrderStatus.OPEN)}),
    "done": frozenset({int(OrderStatus.DONE)}),
    "rejected": frozenset({int(OrderStatus.REJECTED)}),
    "all": EVERY_STATUS,
}


class PlaceInput(serializers.Serializer[Any]):
    """A new order. Amounts are decimal strings."""

    product_id = serializers.CharField(max_length=60)
    side = WordField(dialect.SIDES)
    type = WordField(dialect.ORDER_TYPES, default=OrderType.LIMIT)
    price = PriceField(required=False, allow_null=True)
    size = SizeField(required=False, allow_null=True)
    funds = SizeField(required=False, allow_null=True)
    time_in_force = WordField(dialect.TIMES_IN_FORCE, required=False, allow_null=True)
    post_only = serializers.BooleanField(default=False)
    stp = WordField(dialect.SELF_TRADES, default=SelfTrade.DC)
    client_oid = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=100
    )
    stop = WordField(
        dialect.STOPS,
        required=False,
        allow_null=True,
        help_text="Unless it is said: loss for a sell, entry for a buy, if there is a stop_price.",
    )
    stop_price = PriceField(required=False, allow_null=True)
    cancel_after = EndField(required=False, allow_null=True, write_only=True)
    stop_limit_price = NotOfferedField()
    max_floor = SizeField(
        required=False, allow_null=True, help_text="At most so much of it is in sight at a time."
    )
    max_slippage_bps = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=9_999,
        help_text="How far a market order may trade from the best price; ours alone.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Many clients name the price of a stop order and leave the rest to its side."""
        if attrs.get("stop_price") is not None and attrs.get("stop") is None:
            attrs["stop"] = Stop.ENTRY if attrs["side"] == Side.BUY else Stop.LOSS
        return attrs


class AmendInput(serializers.Serializer[Any]):
    """Another price or size of a limit order that is open. `size` includes what is filled."""

    price = PriceField(required=False, allow_null=True)
    size = SizeField(required=False, allow_null=True)


class OrdersQuery(serializers.Serializer[Any]):
    """Which orders."""

    product_id = serializers.CharField(required=False, max_length=60)
    status = serializers.MultipleChoiceField(choices=list(STATUSES_ASKED), required=False)
    start_date = serializers.DateTimeField(required=False)
    end_date = serializers.DateTimeField(required=False)
    limit = LimitField()
    after = serializers.CharField(required=False, help_text="A CB-AFTER header.")
    before = serializers.CharField(required=False, help_text="A CB-BEFORE header.")


class OrderOutput(Output):
    """An order. `pending`: accepted, and the engine has not come to it; `active`: a stop order
    that waits for its price."""

    id = PublicIdField(order_text)
    client_oid = serializers.CharField(required=False)
    product_id = ProductField(source="product")
    profile_id = PublicIdField(profile_text, source="owner_id")
    side = WordField(dialect.SIDES)
    type = WordField(dialect.ORDER_TYPES, source="order_type")
    price = MicroField(required=False)
    size = MicroField(required=False)
    funds = MicroField(required=False)
    time_in_force = WordField(dialect.TIMES_IN_FORCE)
    post_only = serializers.BooleanField()
    stp = WordField(dialect.SELF_TRADES, source="self_trade")
    stop = WordField(dialect.STOPS, required=False)
    stop_price = MicroField(required=False)
    max_floor = MicroField(source="display_size", required=False)
    max_slippage_bps = serializers.IntegerField(source="slippage_bps", required=False)
    expire_time = TimeField(source="expires_at", required=False)
    created_at = TimeField()
    done_at = TimeField(required=False)
    done_reason = WordField(dialect.DONE_REASONS, required=False)
    reject_reason = WordField(dialect.REJECT_REASONS, source="done_reason", required=False)
    fill_fees = MicroField(source="fees")
    filled_size = MicroField()
    executed_value = MicroField(source="filled_notional")
    market_type = serializers.CharField(read_only=True, default="spot")
    status = serializers.SerializerMethodField()
    settled = serializers.SerializerMethodField()

    def get_status(self, order: Order) -> str:
        # One that ended while it waited for its price is still marked as one that does.
        waits = order.parked and order.status == OrderStatus.OPEN
        return dialect.ACTIVE if waits else dialect.STATUSES[order.status]

    def get_settled(self, order: Order) -> bool:
        return order.status not in STILL_OPEN


def orders_body(orders: Sequence[Order]) -> Any:
    """Orders as the API writes them."""
    if not all(_is_named(order) for order in orders):
        aside(partial(prefetch_related_objects, orders, "product__base", "product__quote"))
    write = writer(OrderOutput)
    return [write(order) for order in orders]


def _is_named(order: Order) -> bool:
    """Are its market and the names of what is traded there loaded?"""
    if not Order.product.is_cached(order):
        return False
    return Product.base.is_cached(order.product) and Product.quote.is_cached(order.product)


def order_asked(
    values: Mapping[str, Any], product_of: ProductOf = product_by_name
) -> dict[str, Any]:
    """What a PlaceInput asks of `order_place`. Raises NotFound for its market."""
    is_market = values["type"] == OrderType.MARKET
    return {
        "product": product_of(values["product_id"]),
        "side": values["side"],
        "order_type": values["type"],
        "price": values.get("price"),
        "size": values.get("size"),
        "funds": values.get("funds"),
        # Many clients send their default with market orders, to which it means nothing.
        "time_in_force": None if is_market else values.get("time_in_force"),
        "post_only": values["post_only"],
        "self_trade": values["stp"],
        "client_oid": values.get("client_oid") or None,
        "stop": values.get("stop"),
        "stop_price": values.get("stop_price"),
        "expires_at": values.get("cancel_after"),
        "display_size": values.get("max_floor"),
        "slippage_bps": values.get("max_slippage_bps"),
    }
