"""What the engine keeps beside orders and trades, so that reading need not count: price levels and
candles, right after every batch, found when wrong, made anew when asked."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.orderbook import invariants
from apps.orderbook.engine.candles import GRANULARITIES_S
from apps.orderbook.engine.leases import LeaseLost
from apps.orderbook.engine.reader import Reading
from apps.orderbook.engine.recovery import market_load
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Candle, Fill, Level, Product
from apps.orderbook.models.enums import Side
from apps.orderbook.selectors import market_data
from apps.orderbook.services.commands import orders_cancel_all
from tests.support.engines import (
    broken_invariants,
    buy,
    engine,
    market_make,
    run_engine,
    sell,
    trader,
)
from tests.support.flow import place_random_commands

pytestmark = pytest.mark.django_db(transaction=True)

P10, ONE = 10_000_000, 1_000_000
MINUTE_US = 60_000_000


def tamper(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount > 0, "nothing was changed"


def in_sight(product: Product) -> list[tuple[int, int, int, int]]:
    """The levels as they are read."""
    found = market_data.book(product)
    sides = ((Side.BUY, found.bids), (Side.SELL, found.asks))
    return [(side, *level) for side, levels in sides for level in levels]


def added_up(product: Product) -> list[tuple[int, int, int, int]]:
    """The levels as the orders one by one have them."""
    found, levels = market_data.book_full(product), {}
    for side, orders in ((Side.BUY, found.bids), (Side.SELL, found.asks)):
        for order in orders:
            size, count = levels.get((side, order.price), (0, 0))
            levels[side, order.price] = size + order.size, count + 1
    return [(*place, *level) for place, level in levels.items()]


def test_levels_are_right_after_every_batch() -> None:
    product = market_make(maker_bps=7, taker_bps=25)
    owners = [trader(product) for _ in range(3)]
    place_random_commands(product, owners, seed=8, count=80)
    with engine(batch_max=9) as hand:
        while hand.step():
            assert in_sight(product) == added_up(product)
    assert len(in_sight(product)) > 5
    assert list(invariants.levels_are_their_orders()) == []


def test_of_an_iceberg_only_what_is_in_sight_is_in_a_level() -> None:
    product = market_make()
    seller, buyer = trader(product), trader(product)
    with engine() as hand:
        sell(product, seller, P10, 10 * ONE, display_size=2 * ONE)
        buy(product, buyer, P10, 3 * ONE)
        hand.settle()
        assert in_sight(product) == [(Side.SELL, P10, ONE, 1)]
    assert broken_invariants() == []


def test_a_market_that_is_taken_has_its_levels_made_anew() -> None:
    product = market_make()
    owner = trader(product)
    with engine() as hand:
        buy(product, owner, P10, ONE)
        hand.settle()
        orders_cancel_all(owner=owner, user=None, product=product)
        buy(product, owner, P10 + 10_000, ONE)
        hand.settle()
        assert Level.objects.count() == 2, "an empty level stays for the moment"
    tamper("UPDATE orderbook_level SET size = size + 1")
    assert list(invariants.levels_are_their_orders()) != []
    run_engine()
    assert list(invariants.levels_are_their_orders()) == []
    assert Level.objects.count() == 1


def test_an_engine_that_lost_a_market_before_it_was_loaded_changes_nothing() -> None:
    product = market_make()
    buy(product, trader(product), P10, ONE)
    run_engine()
    tamper("UPDATE orderbook_level SET size = size + 1")
    with connect("late") as session, pytest.raises(LeaseLost):
        market_load(session, product.pk, epoch=0)
    assert list(invariants.levels_are_their_orders()) != []


def trade_at(product: Product, at_us: int, *prices: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch at a time of our choice, with a trade of one unit at each of these prices."""
    take = Reading.take

    def take_at(reading: Reading) -> None:
        take(reading)
        reading.at_us = at_us

    seller, buyer = trader(product), trader(product)
    for price in prices:
        sell(product, seller, price, ONE)
        buy(product, buyer, price, ONE)
    with monkeypatch.context() as patch:
        patch.setattr(Reading, "take", take_at)
        run_engine()


def test_candles_are_those_of_the_trades(monkeypatch: pytest.MonkeyPatch) -> None:
    product = market_make()
    day_us = 86_400_000_000 * 20_000
    moments = ((0, (3, 1, 2)), (30, (5,)), (61, (4,)), (60 * 61, (9, 8)))
    for second, prices in moments:
        at_us = day_us + second * 1_000_000
        trade_at(product, at_us, *(p * ONE for p in prices), monkeypatch=monkeypatch)
    start_s = day_us // 1_000_000

    def rows(step_s: int) -> list[tuple[int, ...]]:
        found = Candle.objects.filter(product=product, granularity_s=step_s).order_by("start_s")
        names = ("start_s", "low", "high", "open", "close", "volume", "trades")
        return [
            (row[0] - start_s, *(value // ONE for value in row[1:6]), row[6])
            for row in found.values_list(*names)
        ]

    assert rows(60) == [(0, 1, 5, 3, 5, 4, 4), (60, 4, 4, 4, 4, 1, 1), (3660, 8, 9, 9, 8, 2, 2)]
    assert rows(300) == [(0, 1, 5, 3, 4, 5, 5), (3600, 8, 9, 9, 8, 2, 2)]
    assert rows(86_400) == [(0, 1, 9, 3, 8, 7, 7)]
    assert {row.granularity_s for row in Candle.objects.all()} == set(GRANULARITIES_S)
    assert broken_invariants() == []


def test_a_clock_that_is_put_back_leaves_candles_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last trade of a candle is the last by number, whatever the clock said in between."""
    product = market_make()
    base_us = 86_400_000_000 * 20_000
    for at_us, price in ((base_us, 3), (base_us + MINUTE_US, 5), (base_us, 4)):
        trade_at(product, at_us, price * ONE, monkeypatch=monkeypatch)
    first = Candle.objects.filter(granularity_s=60).order_by("start_s").first()
    assert first is not None
    assert (first.open, first.close, first.trades) == (3 * ONE, 4 * ONE, 2)
    assert list(invariants.candles_are_their_trades()) == []


def test_wrong_candles_are_found_and_made_anew() -> None:
    product = market_make()
    place_random_commands(product, [trader(product) for _ in range(3)], seed=3, count=40)
    run_engine()
    assert Fill.objects.exists()
    before = list(Candle.objects.order_by("pk").values())
    tamper("UPDATE orderbook_candle SET close = close + 1 WHERE granularity_s = 300")
    tamper("DELETE FROM orderbook_candle WHERE granularity_s = 900")
    assert len(list(invariants.candles_are_their_trades())) == 2
    call_command("rebuild_candles", product.code)
    assert list(Candle.objects.order_by("pk").values()) == before
    with pytest.raises(CommandError):
        call_command("rebuild_candles", "no such market")
