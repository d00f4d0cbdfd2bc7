"""Public market data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.amounts import text_from_micro
from apps.accounts.api.fields import MicroField
from apps.accounts.errors import ServiceError
from apps.orderbook import dialect
from apps.orderbook.api.base import PublicView, WindowInput, checked, errors, page_response
from apps.orderbook.api.fields import Output, TimeField, WordField
from apps.orderbook.engine.candles import GRANULARITIES_S
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Product
from apps.orderbook.names import product_id
from apps.orderbook.paging import Window
from apps.orderbook.selectors import market_data
from apps.orderbook.selectors.market_data import CANDLES_MAX
from apps.orderbook.selectors.products import product_by_name, products

JSON: Final = "application/json"
LEVELS: Final = (1, 2, 3)
NUMBERS: Final = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}


class AuctionOutput(Output):
    """What an auction would come to if it ended now, and when it ends if that is known."""

    open_price = MicroField(source="clearing.price", required=False)
    open_size = MicroField(source="clearing.size", required=False)
    can_open = serializers.BooleanField()
    ends_at = TimeField(required=False)


class BookView(PublicView):
    """The book: best prices (level 1), all price levels (2), or every order (3)."""

    class QuerySerializer(serializers.Serializer[Any]):
        level = serializers.ChoiceField(choices=LEVELS, default=1)

    class BookOutput(serializers.Serializer[Any]):
        sequence = serializers.IntegerField()
        bids = serializers.ListField(
            child=serializers.ListField(),
            help_text="[price, size, number of orders], or at level 3 [price, size, order id]",
        )
        asks = serializers.ListField(child=serializers.ListField())
        auction_mode = serializers.BooleanField()
        auction = AuctionOutput(allow_null=True)
        time = TimeField()

    @extend_schema(parameters=[QuerySerializer], responses={200: BookOutput, **errors(400, 404)})
    def get(self, request: Request, product: str) -> Response:
        level = checked(self.QuerySerializer, request.query_params)["level"]
        found = product_by_name(product)
        sides = _orders(found) if level == 3 else _levels(found, 1 if level == 1 else None)
        is_auction = found.state == Product.State.AUCTION
        auction = market_data.auction(found) if is_auction else None
        body = {**sides, "auction_mode": is_auction, "auction": auction, "time": timezone.now()}
        return Response(self.BookOutput(body).data)


def _levels(product: Product, depth: int | None) -> dict[str, Any]:
    book = market_data.book(product)
    bids, asks = (
        [[*_texts(price, size), orders] for price, size, orders in side[:depth]]
        for side in (book.bids, book.asks)
    )
    return {"sequence": book.sequence, "bids": bids, "asks": asks}


def _orders(product: Product) -> dict[str, Any]:
    book = market_data.book_full(product)
    bids, asks = (
        [[*_texts(price, size), str(order_uuid(pk))] for price, size, pk in side]
        for side in (book.bids, book.asks)
    )
    return {"sequence": book.sequence, "bids": bids, "asks": asks}


class TickerView(PublicView):
    """The last trade and the best prices."""

    class TickerOutput(Output):
        trade_id = serializers.IntegerField(source="trade.trade_id", required=False)
        price = MicroField(source="trade.price", required=False)
        size = MicroField(source="trade.size", required=False)
        time = TimeField(source="trade.created_at", required=False)
        bid = MicroField(required=False)
        ask = MicroField(required=False)
        volume = MicroField()

    @extend_schema(responses={200: TickerOutput, **errors(404)})
    def get(self, request: Request, product: str) -> Response:
        found = market_data.ticker(product_by_name(product))
        return Response(self.TickerOutput(found).data)


class TradesView(PublicView):
    """Trades, latest first. `side` is that of the resting order, as in the dialect."""

    class TradeOutput(serializers.Serializer[Any]):
        trade_id = serializers.IntegerField()
        side = WordField(dialect.MAKER_SIDES, source="taker_side")
        size = MicroField()
        price = MicroField()
        time = TimeField(source="created_at")

    @extend_schema(
        parameters=[WindowInput], responses={200: TradeOutput(many=True), **errors(400, 404)}
    )
    def get(self, request: Request, product: str) -> Response:
        window = Window(**checked(WindowInput, request.query_params))
        page = market_data.trades(product_by_name(product), window)
        return page_response(page, self.TradeOutput(page.rows, many=True).data)


class StatsView(PublicView):
    """The last 24 hours."""

    class StatsOutput(Output):
        open = MicroField(required=False)
        high = MicroField(required=False)
        low = MicroField(required=False)
        last = MicroField(required=False)
        volume = MicroField()
        volume_30day = MicroField(source="volume_month")

    @extend_schema(responses={200: StatsOutput, **errors(404)})
    def get(self, request: Request, product: str) -> Response:
        found = market_data.stats(product_by_name(product))
        return Response(self.StatsOutput(found).data)


class CandlesView(PublicView):
    """Candles, latest first: [start, low, high, open, close, volume], all of them JSON numbers."""

    class QuerySerializer(serializers.Serializer[Any]):
        granularity = serializers.ChoiceField(choices=GRANULARITIES_S, default=60)
        start = serializers.DateTimeField(default=None)
        end = serializers.DateTimeField(default=None)

    @extend_schema(
        parameters=[QuerySerializer],
        responses={
            200: NUMBERS,
            **errors(400, 404),
        },
    )
    def get(self, request: Request, product: str) -> HttpResponse:
        query = checked(self.QuerySerializer, request.query_params)
        step = timedelta(seconds=query["granularity"])
        start, end = _span(query["start"], query["end"], step)
        rows = market_data.candles(
            product_by_name(product), granularity_s=query["granularity"], start=start, end=end
        )
        return HttpResponse(_numbers(rows), content_type=JSON)


class SparkLinesView(PublicView):
    """The last day of every market that traded: hourly [start, low, high, open, close]."""

    @extend_schema(responses={200: {"type": "object", "additionalProperties": NUMBERS}})
    def get(self, request: Request) -> HttpResponse:
        lines = market_data.spark_lines()
        traded = products().filter(pk__in=lines)
        parts = (
            f'"{product_id(p.base.code, p.quote.code)}":{_numbers(row[:-1] for row in lines[p.pk])}'
            for p in traded
        )
        return HttpResponse(f"{{{','.join(parts)}}}", content_type=JSON)


def _numbers(rows: Iterable[Sequence[int]]) -> str:
    """Candles as JSON. By hand: the dialect wants numbers here, and a float would not be exact."""
    lines = (",".join([str(start_s), *_texts(*amounts)]) for start_s, *amounts in rows)
    return f"[{','.join(f'[{line}]' for line in lines)}]"


def _span(
    start: datetime | None, end: datetime | None, step: timedelta
) -> tuple[datetime, datetime]:
    """From which moment up to which candles are wanted. `end` is where the last of them starts."""
    now = timezone.now()
    # No trade is outside of these, and dates at the ends of the calendar cannot be added to.
    start, end = (
        None if moment is None else min(max(moment, dialect.EPOCH), now) for moment in (start, end)
    )
    if end is None:
        end = now if start is None else min(now, start + CANDLES_MAX * step)
    end += step
    if start is None:
        return end - CANDLES_MAX * step, end
    if end - start > (CANDLES_MAX + 1) * step:
        raise ServiceError(
            _(
                "granularity too small for the requested time range: at most {count} candles."
            ).format(count=CANDLES_MAX),
            code="too_many_candles",
            field="granularity",
        )
    return start, end


def _texts(*amounts: int) -> list[str]:
    return [text_from_micro(amount) for amount in amounts]
