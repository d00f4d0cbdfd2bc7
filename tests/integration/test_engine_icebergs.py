"""Icebergs and bounded market orders, through the real database."""

from __future__ import annotations

import json

import pytest

from apps.orderbook.engine.announcer import Announcement
from apps.orderbook.engine.audit import verify_replay
from apps.orderbook.engine.recovery import book_load, progress_read
from apps.orderbook.models import Event, Fill, Order, Product
from apps.orderbook.models.enums import DoneReason, OrderStatus, OrderType, Side, Stop
from apps.orderbook.selectors import market_data
from apps.orderbook.services.commands import order_cancel, order_place
from tests.support.engines import (
    RICH,
    broken_invariants,
    buy,
    engine,
    market_make,
    run_engine,
    sell,
    trader,
    wallet,
)

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO, FIVE = 1_000_000, 2_000_000, 5_000_000
P10, P11, P12 = 10_000_000, 11_000_000, 12_000_000


@pytest.fixture
def product() -> Product:
    return market_make(maker_bps=10, taker_bps=30)


@pytest.mark.parametrize("batch_max", [1, 500])
def test_an_iceberg_shows_itself_part_by_part_and_queues_again(
    product: Product, batch_max: int
) -> None:
    owner, other, buyer = (trader(product) for _ in range(3))
    iceberg = sell(product, owner, P10, FIVE, display_size=ONE)
    behind = sell(product, other, P10, ONE)
    with engine(batch_max=batch_max) as hand:
        hand.settle()
        assert wallet(owner, product)[1] == FIVE
        assert [(level.size, level.orders) for level in market_data.book(product).asks] == [
            (TWO, 2)
        ]
        buy(product, buyer, P10, 3 * ONE)
        hand.settle()
        book, progress = hand.market(product).book, progress_read(hand.connection, product.pk)
        assert book.state_hash() == book_load(hand.connection, progress).state_hash()
        assert list(verify_replay(hand.connection, product.pk)) == []
    makers = list(Fill.objects.order_by("id").values_list("maker_order_id", flat=True))
    assert makers == [iceberg, behind, iceberg]
    order = Order.objects.get(pk=iceberg)
    assert (order.filled_size, order.hidden, order.hold) == (TWO, TWO, 3 * ONE)
    assert [resting.size for resting in market_data.book_full(product).asks] == [ONE]
    assert broken_invariants() == []


def test_the_market_hears_of_the_next_part_but_not_of_what_is_hidden(product: Product) -> None:
    owner, buyer = trader(product), trader(product)
    sell(product, owner, P10, TWO, display_size=ONE)
    buy(product, buyer, P10, ONE)
    with engine() as hand:
        (decisions,) = hand.step()
    messages = json.loads(Announcement.of(decisions).feed())["messages"]
    assert [m["size"] for m in messages if m["type"] == "received"] == [ONE, ONE]
    told = [(m["type"], m.get("remaining_size")) for m in messages]
    assert told == [
        ("received", None), ("open", ONE),
        ("received", None), ("match", None), ("open", ONE), ("done", 0),
    ]  # fmt: skip
    assert Event.objects.latest("pk").sequence == len(told)


def test_an_iceberg_that_a_stop_held_back_hides_itself_as_well(product: Product) -> None:
    owner, buyer = trader(product), trader(product)
    sell(product, owner, P11, FIVE, display_size=ONE, stop=Stop.LOSS, stop_price=P10)
    sell(product, owner, P10, ONE)
    buy(product, buyer, P10, ONE)
    with engine() as hand:
        (decisions,) = hand.step()
        assert list(verify_replay(hand.connection, product.pk)) == []
    messages = json.loads(Announcement.of(decisions).feed())["messages"]
    assert [m["size"] for m in messages if m["type"] == "received"][-1] == ONE
    assert broken_invariants() == []


def test_a_cancelled_iceberg_gives_everything_back(product: Product) -> None:
    owner = trader(product)
    iceberg = sell(product, owner, P10, FIVE, display_size=ONE)
    run_engine()
    order_cancel(owner=owner, user=None, order_id=iceberg)
    run_engine()
    order = Order.objects.get(pk=iceberg)
    assert (order.status, order.filled_size, order.hold) == (OrderStatus.DONE, 0, 0)
    assert wallet(owner, product)[:2] == (RICH, 0)
    assert broken_invariants() == []


def test_a_market_order_by_funds_stops_where_it_would_slip_too_far(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    for price in (P10, P11, P12):
        sell(product, seller, price, ONE)
    command = order_place(
        owner=buyer, user=None, product=product, side=Side.BUY, order_type=OrderType.MARKET,
        funds=100_000_000, slippage_bps=1_000,
    )  # fmt: skip
    with engine() as hand:
        hand.settle()
        assert list(verify_replay(hand.connection, product.pk)) == []
    order = Order.objects.get(pk=command.pk)
    assert (order.done_reason, order.filled_size) == (DoneReason.NOT_FILLABLE, TWO)
    assert broken_invariants() == []
