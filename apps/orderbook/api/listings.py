"""What can be traded and held, and what time it is."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.amounts import text_from_micro
from apps.accounts.api.fields import MicroField
from apps.accounts.models import Asset
from apps.orderbook import dialect, names
from apps.orderbook.api.base import PublicView, errors
from apps.orderbook.api.fields import ProductField
from apps.orderbook.engine.book.money import notional_of
from apps.orderbook.models import Product
from apps.orderbook.models.market import NO_LIMIT
from apps.orderbook.selectors.products import (
    asset_by_name,
    assets,
    product_by_name,
    products,
)

ONLINE = "online"
STATUS_MESSAGES: Final = {
    Product.State.OPEN: "",
    Product.State.POST_ONLY: "Post only: orders that would trade at once are refused.",
    Product.State.CANCEL_ONLY: "Cancel only: orders can only be cancelled.",
    Product.State.HALTED: "Halted: orders can only be cancelled.",
    Product.State.AUCTION: "Auction: limit orders rest, and trade when it ends.",
}


class ProductOutput(serializers.Serializer[Any]):
    """A market. A halted one is `cancel_only`; an auction takes `limit_only`."""

    id = ProductField(source="*")
    base_currency = serializers.SerializerMethodField()
    quote_currency = serializers.SerializerMethodField()
    quote_increment = MicroField(source="price_increment")
    base_increment = MicroField(source="size_increment")
    base_min_size = MicroField(source="size_min")
    base_max_size = MicroField(source="size_max")
    min_funds = MicroField(source="notional_min")
    max_funds = serializers.SerializerMethodField(help_text="Empty: no limit.")
    min_market_funds = serializers.SerializerMethodField()
    display_name = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    status_message = serializers.SerializerMethodField()
    post_only = serializers.SerializerMethodField()
    limit_only = serializers.SerializerMethodField()
    cancel_only = serializers.SerializerMethodField()
    trading_disabled = serializers.SerializerMethodField()
    margin_enabled = serializers.SerializerMethodField()
    fx_stablecoin = serializers.SerializerMethodField()
    auction_mode = serializers.SerializerMethodField()

    def get_base_currency(self, product: Product) -> str:
        return names.currency_id(product.base.code)

    def get_quote_currency(self, product: Product) -> str:
        return names.currency_id(product.quote.code)

    def get_min_market_funds(self, product: Product) -> str:
        smallest = notional_of(product.price_increment, product.size_min)
        return text_from_micro(max(product.notional_min, smallest))

    def get_max_funds(self, product: Product) -> str:
        return "" if product.notional_max == NO_LIMIT else text_from_micro(product.notional_max)

    def get_display_name(self, product: Product) -> str:
        return f"{product.base.code}/{product.quote.code}"

    def get_status(self, product: Product) -> str:
        return ONLINE

    def get_status_message(self, product: Product) -> str:
        return STATUS_MESSAGES[Product.State(product.state)]

    def get_cancel_only(self, product: Product) -> bool:
        return product.state in (Product.State.HALTED, Product.State.CANCEL_ONLY)

    def get_post_only(self, product: Product) -> bool:
        return product.state == Product.State.POST_ONLY

    def get_limit_only(self, product: Product) -> bool:
        return product.state in (Product.State.POST_ONLY, Product.State.AUCTION)

    def get_auction_mode(self, product: Product) -> bool:
        return product.state == Product.State.AUCTION

    def _no(self, product: Product) -> bool:
        return False

    get_trading_disabled = get_margin_enabled = get_fx_stablecoin = _no


class ProductsView(PublicView):
    """All markets."""

    @extend_schema(responses={200: ProductOutput(many=True)})
    def get(self, request: Request) -> Response:
        return Response(ProductOutput(products(), many=True).data)


class ProductView(PublicView):
    """One market."""

    @extend_schema(responses={200: ProductOutput, **errors(404)})
    def get(self, request: Request, product: str) -> Response:
        return Response(ProductOutput(product_by_name(product)).data)


class CurrencyOutput(serializers.Serializer[Any]):
    """Something that can be held: a credit class, CC, or cash."""

    class DetailsSerializer(serializers.Serializer[Any]):
        type = serializers.SerializerMethodField()
        kind = serializers.CharField()

        def get_type(self, asset: Asset) -> str:
            return "crypto"

    id = serializers.SerializerMethodField()
    name = serializers.CharField()
    display_name = serializers.CharField(source="code")
    min_size = serializers.SerializerMethodField()
    max_precision = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    message = serializers.SerializerMethodField()
    convertible_to = serializers.SerializerMethodField()
    details = DetailsSerializer(source="*")
    default_network = serializers.SerializerMethodField()
    supported_networks = serializers.SerializerMethodField()

    def get_id(self, asset: Asset) -> str:
        return names.currency_id(asset.code)

    def get_status(self, asset: Asset) -> str:
        return ONLINE

    def _smallest(self, asset: Asset) -> str:
        return text_from_micro(1)

    def _nothing(self, asset: Asset) -> str:
        return ""

    def _none(self, asset: Asset) -> list[str]:
        return []

    get_min_size = get_max_precision = _smallest
    get_message = get_default_network = _nothing
    get_convertible_to = get_supported_networks = _none


class CurrenciesView(PublicView):
    """Everything that can be held."""

    @extend_schema(responses={200: CurrencyOutput(many=True)})
    def get(self, request: Request) -> Response:
        return Response(CurrencyOutput(assets(), many=True).data)


class CurrencyView(PublicView):
    """One of them."""

    @extend_schema(responses={200: CurrencyOutput, **errors(404)})
    def get(self, request: Request, currency: str) -> Response:
        return Response(CurrencyOutput(asset_by_name(currency)).data)


class TimeView(PublicView):
    """The server's clock."""

    class TimeOutput(serializers.Serializer[Any]):
        iso = serializers.CharField()
        epoch = serializers.FloatField(help_text="Seconds since 1970.")

    @extend_schema(responses={200: TimeOutput})
    def get(self, request: Request) -> Response:
        now = timezone.now()
        body = {"iso": dialect.time_text(now), "epoch": now.timestamp()}
        return Response(self.TimeOutput(body).data)
