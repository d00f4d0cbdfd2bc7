"""One engine per market: shares, take-overs, and engines that wake up after they were replaced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

from apps.accounts.ledger.models import Balance, Transfer
from apps.orderbook.engine import batch, leases
from apps.orderbook.engine.service import Service
from apps.orderbook.engine.session import connect
from apps.orderbook.engine.tables import TRANSFERS
from apps.orderbook.models import Candle, Event, Fill, Level, Order, Product, ProductLease
from tests.support.engines import (
    Hand,
    broken_invariants,
    buy,
    engine,
    market_make,
    sell,
    trader,
)  # fmt: skip
from tests.support.supervised import eventually

pytestmark = pytest.mark.django_db(transaction=True)

P10, ONE = 10_000_000, 1_000_000


def everything_written() -> list[object]:
    """Whatever an engine can change."""
    tables = (Order, Fill, Event, Transfer, Balance, ProductLease, Level, Candle)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def lose_lock(hand: Hand) -> None:
    """The engine's advisory locks are gone and it does not know: as if its session had hung."""
    hand.connection.execute("SELECT pg_advisory_unlock_all()")


def test_an_engine_that_was_replaced_writes_nothing() -> None:
    product = market_make()
    seller, buyer = trader(product), trader(product)
    with engine("first") as paused, engine("second") as other:
        sell(product, seller, P10, ONE)
        paused.settle()
        lose_lock(paused)
        other.service.share_out()
        buy(product, buyer, P10, ONE)
        before = everything_written()
        work = paused.service.next_work(set(), one_by_one=False)
        assert work, "it wakes up and believes there is something to do"
        assert paused.service.carry_out(work) == []
        assert everything_written() == before
        assert product.pk not in paused.service.markets
        other.settle()
        assert Fill.objects.count() == 1
    assert broken_invariants() == []


def test_control_without_the_fence_it_would_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_FENCE", batch._FENCE.replace("AND l.epoch = mine.epoch", ""))
    product = market_make()
    owner = trader(product)
    with engine("first") as paused, engine("second") as other:
        lose_lock(paused)
        other.service.share_out()
        buy(product, owner, P10, ONE)
        before = everything_written()
        paused.step()
        assert everything_written() != before


def test_a_take_over_waits_for_the_batch_that_is_under_way() -> None:
    """The fence is a row lock: an epoch is never raised in the middle of a batch."""
    product = market_make()
    with engine("first") as first, connect("second") as second:
        with first.connection.transaction():
            first.connection.execute(
                batch._FENCE, (f"{{{product.pk}}}", f"{{{first.market(product).epoch}}}")
            )
            second.execute("SET lock_timeout = '100ms'")
            with pytest.raises(Exception, match="lock timeout"):
                second.execute(leases._TAKE, ("second", product.pk))
        second.execute(leases._TAKE, ("second", product.pk))
        assert ProductLease.objects.get(product=product).engine == "second"


def test_each_take_over_raises_the_epoch() -> None:
    product = market_make()
    epochs = []
    for _ in range(3):
        with engine():
            epochs.append(ProductLease.objects.get(product=product).epoch)
    assert epochs == [1, 2, 3]


def test_two_engines_share_the_markets_and_one_takes_them_all_when_the_other_ends() -> None:
    products = [market_make() for _ in range(5)]
    with engine("first") as first:
        assert len(first.service.markets) == 5
        with engine("second") as second:
            assert not second.service.markets, "they are all taken"
            first.service.share_out()
            second.service.share_out()
            assert (len(first.service.markets), len(second.service.markets)) == (3, 2)
            owners = [trader(product) for product in products]
            orders = [buy(p, o, P10, ONE) for p, o in zip(products, owners, strict=True)]
            first.settle()
            assert Order.objects.count() == 3
            second.settle()
        ids = {product.pk for product in products}

        def has_all() -> bool:
            first.service.share_out()
            return first.service.markets.keys() == ids

        eventually("the other's session is over and its markets are taken", has_all)
    assert set(Order.objects.values_list("pk", flat=True)) == set(orders)
    assert broken_invariants() == []


def test_a_silent_engines_session_is_ended_and_what_it_had_begun_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, "SILENT_S_MAX", 0)
    product = market_make()
    owner = trader(product)
    with connect("paused") as connection_:
        paused = Service(connection_, "paused")
        paused.share_out()
        connection_.execute("BEGIN")
        connection_.execute("SELECT FROM accounts_balance FOR NO KEY UPDATE")
        with engine("other") as other:

            def has_it() -> bool:
                other.service.share_out()
                return product.pk in other.service.markets

            eventually("the silent session is over and its market is taken", has_it)
            order = buy(product, owner, P10, ONE)
            other.settle()
            assert Order.objects.filter(pk=order).exists()
        with pytest.raises(Exception, match=r"terminat|closed"):
            connection_.execute("SELECT 1")


def test_a_silent_engine_in_the_middle_of_its_rows_is_ended_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, "SILENT_S_MAX", 0)
    with pytest.raises(psycopg.OperationalError):
        fall_silent_in_a_copy(market_make())


def fall_silent_in_a_copy(product: Product) -> None:
    """Returns when another engine has the market: on leaving, the session turns out to be over."""
    with connect("paused") as paused:
        Service(paused, "paused").share_out()
        with paused.transaction(), paused.cursor().copy(TRANSFERS.copy), engine("other") as other:

            def has_it() -> bool:
                other.service.share_out()
                return product.pk in other.service.markets

            eventually("the silent session is over and its market is taken", has_it)


def test_an_engine_that_is_alive_is_left_alone() -> None:
    product = market_make()
    with engine("first") as first, engine("second") as second:
        second.service.share_out()
        assert product.pk in first.service.markets
        assert not first.step()


def test_an_engine_that_waits_for_the_database_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, "SILENT_S_MAX", 0)
    product = market_make()
    with engine("first") as first, connect("second") as second, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(first.connection.execute, "SELECT pg_sleep(1)")
        eventually("it waits", lambda: is_active("first"))
        Service(second, "second").share_out()
        waiting.result()
        assert product.pk in first.service.markets


def is_active(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM pg_stat_activity WHERE application_name = %s", [name])
        return cursor.fetchone() == ("active",)
