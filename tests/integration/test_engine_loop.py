"""The loop: it answers the intake, tells the feed, and goes on without Redis and past failures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings
from django.db import connection

from apps.accounts.models import Owner
from apps.orderbook.engine import batch as batch_module
from apps.orderbook.engine import engine as engine_module
from apps.orderbook.engine import store
from apps.orderbook.engine.announcer import QUEUE_MAX, Announcer
from apps.orderbook.engine.decide import Decisions
from apps.orderbook.engine.service import Service
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Event, Fill, Order, Product, ProductLease
from apps.orderbook.services.verdicts import verdict_wait
from tests.support.engines import (
    broken_invariants,
    buy,
    engine,
    market_make,
    running,
    sell,
    trader,
)
from tests.support.supervised import eventually

pytestmark = pytest.mark.django_db(transaction=True)

P10, ONE = 10_000_000, 1_000_000
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def product() -> Product:
    return market_make()


def decided(*order_ids: int) -> bool:
    return Event.objects.filter(command_id__in=order_ids).count() == len(order_ids)


def test_whoever_waits_for_a_verdict_gets_it(product: Product) -> None:
    owner = trader(product)
    with running():
        for _ in range(3):
            order = buy(product, owner, P10, ONE)
            assert verdict_wait(command_ids=[order], timeout_s=20)
            assert Order.objects.filter(pk=order).exists()


def test_it_stops_when_told_and_frees_its_markets(product: Product) -> None:
    with running():
        eventually("it has the market", lambda: lease(product).epoch == 1)
    with engine() as other:
        eventually("its session is over", lambda: bool(other.service.share_out()) or bool(
            other.service.markets
        ))  # fmt: skip


def test_a_short_batch_ends_by_reading_what_was_accepted_while_it_was_written(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, accepted = trader(product), []
    write = store.write

    def write_while_another_comes(*args: object, **kwargs: object) -> object:
        with ThreadPoolExecutor(1) as pool:
            accepted.append(pool.submit(buy_and_close, product, owner).result(timeout=20))
        return write(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "write", write_while_another_comes)
    with engine() as hand:
        buy(product, owner, P10, ONE)
        hand.step()
        read = hand.service._ahead
        assert read
        assert [command.id for _, commands in read.work for command in commands] == accepted


@pytest.mark.parametrize("together_max", [100, 0], ids=["a short batch", "a long one"])
def test_what_is_told_is_committed(
    product: Product, monkeypatch: pytest.MonkeyPatch, together_max: int
) -> None:
    monkeypatch.setattr(batch_module, "TOGETHER_MAX", together_max)
    owner, told = trader(product), []

    def tell(batch: Sequence[Decisions]) -> None:
        ids = [event.command for decisions in batch for event in decisions.events]
        told.append((ids, decided(*ids)))

    with connect("telling") as session:
        service = Service(session, "telling", tell=tell)
        service.share_out()
        order = buy(product, owner, P10, ONE)
        service.carry_out(service.next_work(set(), one_by_one=False))
        assert told == [([order], True)]
        ProductLease.objects.update(epoch=2)
        buy(product, owner, P10, ONE)
        service.carry_out(service.next_work(set(), one_by_one=False))
    assert told == [([order], True)]


def buy_and_close(product: Product, owner: Owner) -> int:
    try:
        return buy(product, owner, P10, ONE)
    finally:
        connection.close()


def lease(product: Product) -> ProductLease:
    return ProductLease.objects.get(product=product)


def test_without_redis_it_looks_for_itself(product: Product) -> None:
    owner = trader(product)
    with running(redis_url=NOWHERE):
        order = buy(product, owner, P10, ONE)
        eventually("the order is decided", lambda: decided(order))


def test_the_feed_hears_a_batch_in_the_words_of_the_exchange(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    ask, bid = sell(product, seller, P10, 2 * ONE), buy(product, buyer, P10, ONE)
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as listener:
        listener.subscribe(f"feed:{product.code}")
        assert listener.get_message(timeout=5)
        with running():
            message = next(m for m in iter(lambda: listener.get_message(timeout=20), None) if m)
    told = json.loads(message["data"])
    assert (told["product"], told["sequence"]) == (product.code, 0)
    assert [(m["type"], m["sequence"]) for m in told["messages"]] == [
        ("received", 1), ("open", 2), ("received", 3), ("match", 4), ("done", 5)
    ]  # fmt: skip
    match = told["messages"][3]
    assert (match["maker_order_id"], match["taker_order_id"]) == (ask, bid)
    assert (match["side"], match["price"], match["size"]) == ("sell", P10, ONE)
    assert told["levels"] == [["sell", P10, ONE]]


def test_announcements_that_nobody_takes_are_dropped_not_waited_for(product: Product) -> None:
    owner = trader(product)
    buy(product, owner, P10, ONE)
    with engine() as hand:
        batch = hand.step()
    announcer = Announcer(NOWHERE)  # its thread is never started: nothing leaves the queue
    for _ in range(QUEUE_MAX + 10):
        announcer.announce(batch)
    assert announcer._queue.full()


def test_a_market_whose_batch_fails_does_not_stop_the_others(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "RETRY_S", 0.01)
    sick, owner = market_make(), trader(product)
    real_rows = store.order_rows

    def rows(batch, at_us, *, is_long):  # type: ignore[no-untyped-def]
        if sick.pk in [decisions.market.id for decisions in batch]:
            raise ArithmeticError("this market is broken")
        return real_rows(batch, at_us, is_long=is_long)

    monkeypatch.setattr(store, "order_rows", rows)
    stuck = buy(sick, trader(sick), P10, ONE)
    with running():
        for _ in range(2):
            order = buy(product, owner, P10, ONE)
            eventually("the healthy market goes on", lambda: decided(order))  # noqa: B023
    assert not decided(stuck)
    monkeypatch.setattr(store, "order_rows", real_rows)
    with running():
        eventually("once mended, nothing was lost", lambda: decided(stuck))
    assert not Fill.objects.exists()
    assert broken_invariants() == []


def test_small_batches_keep_up(product: Product) -> None:
    owner = trader(product)
    orders = [buy(product, owner, P10, ONE) for _ in range(60)]
    with running(batch_max=1):
        eventually("more batches in a row than it listens for", lambda: decided(*orders))
        order = buy(product, owner, P10, ONE)
        assert verdict_wait(command_ids=[order], timeout_s=20)
