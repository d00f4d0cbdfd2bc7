"""Changing an order that rests, through the real database and the intake."""

from __future__ import annotations

import json

import pytest

from apps.accounts.errors import NotFound
from apps.orderbook.engine.audit import verify_replay
from apps.orderbook.engine.feed import messages_of
from apps.orderbook.engine.recovery import book_load, progress_read
from apps.orderbook.models import Command, Event, Fill, Order, Product
from apps.orderbook.models.enums import OrderStatus, Stop
from apps.orderbook.selectors import market_data
from apps.orderbook.selectors.orders import amend_refusal_of
from apps.orderbook.services.checks import InvalidOrder, MarketHalted
from apps.orderbook.services.commands import OrderDone, order_amend, order_cancel
from apps.orderbook.services.products import product_halt
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
P10, P11 = 10_000_000, 11_000_000


@pytest.fixture
def product() -> Product:
    return market_make(maker_bps=10, taker_bps=30)


@pytest.mark.parametrize("batch_max", [1, 500])
def test_amends_keep_tables_memory_journal_and_feed_together(
    product: Product, batch_max: int
) -> None:
    owner, other = trader(product), trader(product)
    kept, moved = sell(product, owner, P11, FIVE), sell(product, owner, P11, ONE)
    behind = sell(product, other, P11, ONE)
    order_amend(owner=owner, user=None, order_id=kept, size=TWO)
    order_amend(owner=owner, user=None, order_id=moved, size=TWO)
    bid = buy(product, other, P10, ONE)
    crossing = sell(product, owner, P11 + ONE, TWO)
    order_amend(owner=owner, user=None, order_id=crossing, price=P10)
    with engine(batch_max=batch_max) as hand:
        hand.settle()
        book, progress = hand.market(product).book, progress_read(hand.connection, product.pk)
        assert book.state_hash() == book_load(hand.connection, progress).state_hash()
        assert list(verify_replay(hand.connection, product.pk)) == []
    queue = [order.order_id for order in market_data.book_full(product).asks]
    assert queue == [crossing, kept, behind, moved]
    fill = Fill.objects.get()
    assert (fill.taker_order_id, fill.maker_order_id, fill.price) == (crossing, bid, P10)
    order = Order.objects.get(pk=crossing)
    assert (order.price, order.size, order.filled_size, order.hold) == (P10, TWO, ONE, ONE)
    assert wallet(owner, product)[:2] == (RICH - 6 * ONE, FIVE)
    assert broken_invariants() == []
    sequence = 0
    for event in Event.objects.order_by("id"):
        sequence += len(messages_of(event.body, product=product.code, sequence=sequence))
        assert sequence == event.sequence
        assert json.dumps(json.loads(event.body), sort_keys=True, separators=(",", ":")) == (
            event.body
        )


def test_a_changed_order_sets_off_the_stops_that_its_trade_reaches(product: Product) -> None:
    owner, other = trader(product), trader(product)
    buy(product, other, P10, TWO)
    offer = sell(product, owner, P11, ONE)
    stop = sell(product, owner, P10, ONE, stop=Stop.LOSS, stop_price=P10)
    run_engine()
    order_amend(owner=owner, user=None, order_id=offer, price=P10)
    with engine() as hand:
        hand.settle()
        assert list(verify_replay(hand.connection, product.pk)) == []
    assert list(Fill.objects.order_by("id").values_list("taker_order_id", flat=True)) == [
        offer, stop
    ]  # fmt: skip
    assert broken_invariants() == []


@pytest.mark.parametrize("is_new", [True, False])
def test_changes_of_one_batch_that_add_up_reach_no_balance_that_is_not_locked(
    product: Product, is_new: bool
) -> None:
    owner, near, far = trader(product), trader(product), trader(product)
    buy(product, near, P10, ONE)
    buy(product, far, P10, ONE)
    if is_new:
        run_engine()
    offer = sell(product, owner, P11, ONE)
    if not is_new:
        run_engine()
    order_amend(owner=owner, user=None, order_id=offer, size=TWO)
    order_amend(owner=owner, user=None, order_id=offer, price=P10)
    with engine() as hand:
        hand.settle()
        assert list(verify_replay(hand.connection, product.pk)) == []
    assert set(Fill.objects.values_list("maker_owner", flat=True)) == {near.pk, far.pk}
    assert broken_invariants() == []


def test_what_the_engine_refuses_leaves_the_order_as_it_was(product: Product) -> None:
    owner = trader(product, quote=15_000_000)
    order_id = buy(product, owner, P10, ONE)
    run_engine()
    too_much = order_amend(owner=owner, user=None, order_id=order_id, size=TWO)
    assert amend_refusal_of(too_much) is None
    run_engine()
    assert amend_refusal_of(too_much) == "insufficient_funds"
    order_cancel(owner=owner, user=None, order_id=order_id)
    too_late = order_amend(owner=owner, user=None, order_id=order_id, price=P10 + ONE)
    with engine() as hand:
        hand.settle()
        assert list(verify_replay(hand.connection, product.pk)) == []
    assert amend_refusal_of(too_late) == "not_found"
    assert Order.objects.get(pk=order_id).size == ONE
    assert wallet(owner, product)[2:] == (15_000_000, 0)
    assert broken_invariants() == []


def test_in_a_market_that_was_halted_meanwhile_nothing_changes(product: Product) -> None:
    owner = trader(product)
    order_id = buy(product, owner, P10, ONE)
    run_engine()
    product_halt(product=product, user=None)
    command = order_amend(owner=owner, user=None, order_id=order_id, price=P11)
    with engine() as hand:
        hand.settle()
        assert list(verify_replay(hand.connection, product.pk)) == []
    assert amend_refusal_of(command) == "not_open"
    order = Order.objects.get(pk=order_id)
    assert (order.status, order.price) == (OrderStatus.OPEN, P10)
    with pytest.raises(MarketHalted):
        order_amend(owner=owner, user=None, order_id=order_id, price=P11)


def test_nonsense_never_reaches_the_journal(product: Product) -> None:
    owner, stranger = trader(product), trader(product)
    order_id = buy(product, owner, P10, ONE)
    before = Command.objects.count()
    for change in ({}, {"price": P10 + 1}, {"price": 0}, {"size": 1}, {"size": 10**18}):
        with pytest.raises(InvalidOrder):
            order_amend(owner=owner, user=None, order_id=order_id, **change)
    with pytest.raises(NotFound):
        order_amend(owner=stranger, user=None, order_id=order_id, price=P11)
    assert Command.objects.count() == before
    order_cancel(owner=owner, user=None, order_id=order_id)
    run_engine()
    with pytest.raises(OrderDone):
        order_amend(owner=owner, user=None, order_id=order_id, price=P11)
