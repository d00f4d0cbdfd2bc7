"""Public market data over REST: shapes, exactness, cursors, and no sign-in."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Fill, Product, ProductLease
from apps.orderbook.models.enums import OrderStatus, Side
from tests.support.factories import owner_make
from tests.support.markets import (
    TONNE,
    UNIT,
    fill_write,
    limit_place,
    order_rest,
    order_write,
    product_make,
    state_write,
)

pytestmark = pytest.mark.django_db

NAME = "VCS_1686_2017-CC"


@pytest.fixture
def product() -> Product:
    return product_make("VCS-1686-2017", "CC")


def get(path: str, status: int = 200) -> Any:
    response = Client().get(f"/api/v1{path}")
    assert response.status_code == status, response.content
    return response.json()


def trade_make(product: Product, *, price: int, size: int, number: int, **fields: Any) -> Fill:
    """A trade of a resting sell with an incoming buy."""
    maker = order_rest(product, side=Side.SELL, price=price, size=size)
    taker = order_rest(product, price=price, size=size)
    return fill_write(maker, taker, size=size, number=number, **fields)


def test_a_market_is_listed_in_the_dialect(product: Product) -> None:
    (listed,) = get("/products")
    assert listed == get(f"/products/{NAME}") == get("/products/VCS-1686-2017-CC")
    assert listed == {
        "id": NAME,
        "base_currency": "VCS_1686_2017",
        "quote_currency": "CC",
        "quote_increment": "0.01",
        "base_increment": "0.001",
        "base_min_size": "0.001",
        "base_max_size": "10000",
        "min_funds": "0",
        "max_funds": "",
        "min_market_funds": "0.00001",
        "display_name": "VCS-1686-2017/CC",
        "status": "online",
        "status_message": "",
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "trading_disabled": False,
        "margin_enabled": False,
        "fx_stablecoin": False,
        "auction_mode": False,
    }


def test_a_halted_market_is_cancel_only(product: Product) -> None:
    state_write(product, Product.State.HALTED)
    listed = get(f"/products/{NAME}")
    assert (listed["cancel_only"], listed["status"]) == (True, "online")
    assert listed["status_message"]


@pytest.mark.parametrize("path", ["", "/book", "/ticker", "/trades", "/candles", "/stats"])
@pytest.mark.parametrize("name", ["NO-SUCH", "%00", "%F0%9F%8C%B3-CC", "x" * 500])
def test_no_such_market(path: str, name: str) -> None:
    assert get(f"/products/{name}{path}", 404)["message"] == "Product not found"


def test_currencies(product: Product) -> None:
    assert [row["id"] for row in get("/currencies")] == ["CC", "VCS_1686_2017"]
    one = get("/currencies/VCS_1686_2017")
    assert one == get("/currencies/VCS-1686-2017")
    assert (one["min_size"], one["max_precision"], one["status"]) == (
        "0.000001",
        "0.000001",
        "online",
    )
    assert get("/currencies/XYZ", 404)["code"] == "currency_not_found"


def test_the_server_s_time() -> None:
    told = get("/time")
    assert abs(told["epoch"] - timezone.now().timestamp()) < 60
    assert told["iso"].endswith("Z")


class TestBook:
    def test_levels_are_sums_best_first_and_stand_at_a_sequence(self, product: Product) -> None:
        for price, size in ((100, 1), (120, 2), (100, 4)):
            order_rest(product, price=price * 10_000, size=size * TONNE)
        for price, size in ((150, 8), (130, 16)):
            order_rest(product, side=Side.SELL, price=price * 10_000, size=size * TONNE)
        ProductLease.objects.filter(pk=product.pk).update(sequence=77)
        book = get(f"/products/{NAME}/book?level=2")
        assert book["bids"] == [["1.2", "2", 1], ["1", "5", 2]]
        assert book["asks"] == [["1.3", "16", 1], ["1.5", "8", 1]]
        assert (book["sequence"], book["auction_mode"]) == (77, False)
        best = get(f"/products/{NAME}/book")
        assert (best["bids"], best["asks"]) == ([["1.2", "2", 1]], [["1.3", "16", 1]])

    def test_only_what_is_left_of_open_orders_is_in_it(self, product: Product) -> None:
        partly = order_rest(product, size=3 * TONNE)
        fill_write(partly, order_rest(product, side=Side.SELL), size=TONNE, number=1)
        order_rest(product_make())
        assert get(f"/products/{NAME}/book?level=2")["bids"] == [["1", "2", 1]]

    def test_level_3_names_every_order_by_priority(self, product: Product) -> None:
        first, second = order_rest(product, size=TONNE), order_rest(product, size=2 * TONNE)
        better = order_rest(product, price=2 * UNIT)
        bids = get(f"/products/{NAME}/book?level=3")["bids"]
        assert bids == [
            ["2", "1", str(order_uuid(better.pk))],
            ["1", "1", str(order_uuid(first.pk))],
            ["1", "2", str(order_uuid(second.pk))],
        ]

    def test_an_empty_book_still_has_its_sequence(self, product: Product) -> None:
        ProductLease.objects.filter(pk=product.pk).update(sequence=5)
        for level in (1, 2, 3):
            book = get(f"/products/{NAME}/book?level={level}")
            assert (book["bids"], book["asks"], book["sequence"]) == ([], [], 5)

    @pytest.mark.parametrize("level", ["0", "4", "x", "1.0"])
    def test_there_is_no_other_level(self, product: Product, level: str) -> None:
        assert get(f"/products/{NAME}/book?level={level}", 400)["field"] == "level"


class TestTrades:
    def test_a_trade_is_told_by_its_maker_s_side(self, product: Product) -> None:
        trade_make(product, price=1_500_000, size=2_000, number=1)
        (trade,) = get(f"/products/{NAME}/trades")
        assert {**trade, "time": None} == {
            "trade_id": 1,
            "side": "sell",
            "size": "0.002",
            "price": "1.5",
            "time": None,
        }

    def test_cursors_lead_through_all_of_them_once(self, product: Product) -> None:
        trade_make(product_make(), price=UNIT, size=TONNE, number=1)
        for number in range(1, 8):
            trade_make(product, price=UNIT, size=TONNE, number=number)
        seen, after = [], ""
        while True:
            response = Client().get(f"/api/v1/products/{NAME}/trades?limit=3{after}")
            if not response.json():
                break
            seen += [trade["trade_id"] for trade in response.json()]
            after = f"&after={response['CB-AFTER']}"
        assert seen == [7, 6, 5, 4, 3, 2, 1]
        newest = Client().get(f"/api/v1/products/{NAME}/trades?limit=3")
        assert get(f"/products/{NAME}/trades?before={newest['CB-BEFORE']}") == []
        assert [t["trade_id"] for t in get(f"/products/{NAME}/trades?before=5")] == [7, 6]
        assert [t["trade_id"] for t in get(f"/products/{NAME}/trades?before=2&after=5")] == [4, 3]

    @pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=-1", "before=1e3"])
    def test_a_wrong_window_is_refused(self, product: Product, query: str) -> None:
        assert get(f"/products/{NAME}/trades?{query}", 400)["code"] == "invalid_request"


class TestStatistics:
    def test_the_last_day(self, product: Product) -> None:
        now = timezone.now()
        ages_hours, prices = (40 * 24, 48, 20, 10, 1), (900, 500, 300, 400, 350)
        for number, (age, price) in enumerate(zip(ages_hours, prices, strict=True), 1):
            at = now - timedelta(hours=age)
            trade_make(product, price=price * 10_000, size=TONNE, number=number, created_at=at)
        assert get(f"/products/{NAME}/stats") == {
            "open": "3",
            "high": "4",
            "low": "3",
            "last": "3.5",
            "volume": "3",
            "volume_30day": "4",
        }

    def test_a_market_without_a_trade_has_no_prices(self, product: Product) -> None:
        assert get(f"/products/{NAME}/stats") == {"volume": "0", "volume_30day": "0"}
        assert get(f"/products/{NAME}/ticker") == {"volume": "0"}

    def test_the_last_price_is_known_after_a_quiet_day(self, product: Product) -> None:
        at = timezone.now() - timedelta(days=2)
        trade_make(product, price=UNIT, size=TONNE, number=1, created_at=at)
        assert get(f"/products/{NAME}/stats") == {"last": "1", "volume": "0", "volume_30day": "1"}

    def test_the_market_in_one_line(self, product: Product) -> None:
        trade = trade_make(product, price=UNIT, size=TONNE, number=9)
        order_rest(product, price=900_000)
        order_rest(product, price=1_100_000, side=Side.SELL)
        time = trade.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert get(f"/products/{NAME}/ticker") == {
            "trade_id": 9,
            "price": "1",
            "size": "1",
            "time": time,
            "bid": "0.9",
            "ask": "1.1",
            "volume": "1",
        }


class TestCandles:
    @pytest.fixture(autouse=True)
    def trades(self, product: Product) -> None:
        """Two hours: 3, 1, 2 in the first, 4 in the second."""
        self.hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
        moments = ((0, 3), (1, 1), (59, 2), (60, 4))
        for number, (minute, price) in enumerate(moments, 1):
            at = self.hour + timedelta(minutes=minute)
            trade_make(product, price=price * UNIT, size=TONNE, number=number, created_at=at)

    def test_they_are_exact_numbers_latest_first(self) -> None:
        text = Client().get(f"/api/v1/products/{NAME}/candles?granularity=3600").content
        start = int(self.hour.timestamp())
        assert json.loads(text, parse_float=Decimal) == [
            [start + 3600, 4, 4, 4, 4, 1],
            [start, 1, 3, 3, 2, 3],
        ]

    def test_a_span_includes_the_candle_at_its_end(self) -> None:
        start = self.hour.strftime("%Y-%m-%dT%H:%M:%SZ")
        query = f"granularity=60&start={start}&end={start}"
        assert [row[0] for row in get(f"/products/{NAME}/candles?{query}")] == [
            int(self.hour.timestamp())
        ]

    def test_a_start_alone_gives_the_first_candles_from_there(self) -> None:
        start = (self.hour - timedelta(minutes=250)).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows = get(f"/products/{NAME}/candles?granularity=60&start={start}")
        assert [row[4] for row in rows] == [1, 3]

    @pytest.mark.parametrize(
        "query",
        [
            "granularity=59",
            "granularity=1e9",
            "start=yesterday",
            "granularity=60&start=2020-01-01T00:00:00Z&end=2020-01-02T00:00:00Z",
        ],
    )
    def test_what_cannot_be_drawn_is_refused(self, query: str) -> None:
        assert get(f"/products/{NAME}/candles?{query}", 400)["message"]

    @pytest.mark.parametrize(
        "query",
        [
            "end=9999-12-31T23:59:59Z",
            "end=0001-01-01T00:00:00Z",
            "start=9999-12-31T23:59:59Z",
            "start=0001-01-01T00:00:00Z",
            "start=0001-01-01T00:00:00Z&end=0001-01-01T00:00:00Z",
        ],
    )
    def test_times_at_the_ends_of_the_calendar_do_no_harm(self, query: str) -> None:
        assert isinstance(get(f"/products/{NAME}/candles?{query}"), list)

    def test_spark_lines_are_the_hours_of_the_last_day(self, product: Product) -> None:
        product_make()
        start = int(self.hour.timestamp())
        assert get("/products/spark-lines") == {
            NAME: [[start + 3600, 4, 4, 4, 4], [start, 1, 3, 3, 2]]
        }


def test_reading_the_book_is_one_statement(
    product: Product, django_assert_num_queries: Any
) -> None:
    order_rest(product)
    owner_make()
    with django_assert_num_queries(2):  # the market by its name, and the book
        get(f"/products/{NAME}/book?level=2")


def test_orders_that_are_over_are_not_in_the_book(product: Product) -> None:
    order_write(limit_place(product), status=OrderStatus.DONE, hold=0)
    assert get(f"/products/{NAME}/book?level=2")["bids"] == []


def test_more_than_a_page_holds_is_a_page(product: Product) -> None:
    assert get(f"/products/{product.code}/trades?limit=12000") == []
    assert get(f"/products/{product.code}/trades?limit=0", 400)["field"] == "limit"
