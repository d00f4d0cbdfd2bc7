"""An owner's own trades, and what it pays for them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.api.fields import MicroField
from apps.accounts.errors import ServiceError
from apps.accounts.models import Owner
from apps.orderbook import dialect
from apps.orderbook.api.base import DialectView, WindowInput, checked, errors, page_response
from apps.orderbook.api.fields import ProductField, PublicIdField, TimeField, WordField
from apps.orderbook.ids import id_product, order_id_from_uuid, order_uuid, profile_uuid
from apps.orderbook.models import Fill, Product
from apps.orderbook.paging import Page, Window
from apps.orderbook.selectors.fees import own_fees, volume_month
from apps.orderbook.selectors.orders import fills_of
from apps.orderbook.selectors.products import product_by_name

VOLUME_QUOTE = "USDC"


class OwnFill:
    """A trade as one of its two owners sees it."""

    def __init__(self, fill: Fill, owner: Owner) -> None:
        is_taker = fill.taker_owner_id == owner.pk
        self.fill, self.owner_id = fill, owner.pk
        self.order_id = fill.taker_order_id if is_taker else fill.maker_order_id
        self.fee = fill.taker_fee if is_taker else fill.maker_fee
        self.side = fill.taker_side if is_taker else 1 - fill.taker_side
        self.liquidity = "T" if is_taker else "M"


class FillsView(DialectView):
    """The owner's trades."""

    class QuerySerializer(WindowInput):
        product_id = serializers.CharField(required=False, max_length=60)
        order_id = serializers.UUIDField(required=False)
        start_date = serializers.DateTimeField(required=False)
        end_date = serializers.DateTimeField(required=False)

    class FillOutput(serializers.Serializer[Any]):
        trade_id = serializers.IntegerField(source="fill.trade_id")
        product_id = ProductField(source="fill.product")
        order_id = PublicIdField(order_uuid)
        profile_id = PublicIdField(profile_uuid, source="owner_id")
        liquidity = serializers.ChoiceField(choices=["M", "T"])
        price = MicroField(source="fill.price")
        size = MicroField(source="fill.size")
        fee = MicroField()
        created_at = TimeField(source="fill.created_at")
        side = WordField(dialect.SIDES)
        settled = serializers.BooleanField(read_only=True, default=True)
        market_type = serializers.CharField(read_only=True, default="spot")

    @extend_schema(
        parameters=[QuerySerializer],
        responses={200: FillOutput(many=True), **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request) -> Response:
        """Trades of one order or in one market, latest first."""
        query, owner = checked(self.QuerySerializer, request.query_params), acting(request).owner
        page = _fills(owner, query)
        prefetch_related_objects(page.rows, "product__base", "product__quote")
        own = [OwnFill(fill, owner) for fill in page.rows]
        return page_response(page, self.FillOutput(own, many=True).data)


class FeesView(DialectView):
    """What the owner pays."""

    class QuerySerializer(serializers.Serializer[Any]):
        product_id = serializers.CharField(required=False, max_length=60)

    class FeesOutput(serializers.Serializer[Any]):
        maker_fee_rate = serializers.CharField()
        taker_fee_rate = serializers.CharField()
        usd_volume = MicroField()

    @extend_schema(
        parameters=[QuerySerializer],
        responses={200: FeesOutput, **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request) -> Response:
        """The owner's fees in one market, or the highest of any; and the volume of 30 days in USDC.

        They are those of the tier that the owner has reached. A maker's rate below 0 is a rebate.
        Trades count towards the volume within a minute or so.
        """
        query, owner = checked(self.QuerySerializer, request.query_params), acting(request).owner
        name = query.get("product_id")
        products = [product_by_name(name)] if name else Product.objects.all()
        own = [own.rates for own in own_fees(owner, products)]
        body = {
            "maker_fee_rate": dialect.rate_text(max((r.maker_bps for r in own), default=0)),
            "taker_fee_rate": dialect.rate_text(max((r.taker_bps for r in own), default=0)),
            "usd_volume": volume_month(owner, quote_code=VOLUME_QUOTE),
        }
        return Response(self.FeesOutput(body).data)


def _fills(owner: Owner, query: dict[str, Any]) -> Page[Fill]:
    window = Window(after=query["after"], before=query["before"], limit=query["limit"])
    times = {"since": query.get("start_date"), "until": query.get("end_date")}
    if named := query.get("order_id"):
        return _fills_of_order(owner, named, window, times)
    if name := query.get("product_id"):
        return fills_of(owner, product_by_name(name), window, **times)
    raise ServiceError(
        _("Name an order_id or a product_id."), code="order_or_product_required", field="product_id"
    )


def _fills_of_order(
    owner: Owner, named: uuid.UUID, window: Window, times: dict[str, Any]
) -> Page[Fill]:
    order_id = order_id_from_uuid(named)
    product = Product.objects.filter(pk=id_product(order_id)).first() if order_id else None
    if product is None:
        return Page.of([])
    return fills_of(owner, product, window, order_id=order_id, **times)
