"""What an order comes to, read from the tables: orders, fills, transfers, balances."""

from __future__ import annotations

import pytest

from apps.accounts.ledger.models import Balance, Owner, Transfer
from apps.orderbook.models import Event, Fill, Order, Product
from apps.orderbook.models.enums import DoneReason, OrderStatus, OrderType, SelfTrade, Side
from apps.orderbook.services.commands import order_cancel, order_place, orders_cancel_all
from apps.orderbook.services.fees import fees_change
from apps.orderbook.services.products import product_halt, product_open
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
from tests.support.markets import FOK, IOC

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO, FIVE = 1_000_000, 2_000_000, 5_000_000
P10, P11, P12 = 10_000_000, 11_000_000, 12_000_000


@pytest.fixture
def product() -> Product:
    return market_make(maker_bps=10, taker_bps=30)


def outcome(order_id: int) -> tuple[int, int | None, int, int, int, int]:
    """Status, reason, filled size and notional, fees, hold."""
    order = Order.objects.get(pk=order_id)
    return (
        order.status, order.done_reason, order.filled_size, order.filled_notional, order.fees,
        order.hold,
    )  # fmt: skip


def test_an_order_that_rests_holds_its_price_and_the_highest_fee(product: Product) -> None:
    owner = trader(product)
    bid, ask = buy(product, owner, P10, TWO), sell(product, owner, P11, ONE)
    run_engine()
    assert outcome(bid) == (OrderStatus.OPEN, None, 0, 0, 0, 20_060_000)
    assert outcome(ask) == (OrderStatus.OPEN, None, 0, 0, 0, ONE)
    assert wallet(owner, product) == (RICH - ONE, ONE, RICH - 20_060_000, 20_060_000)
    assert broken_invariants() == []


def test_a_trade_moves_base_quote_and_both_fees(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    ask = sell(product, seller, P10, FIVE)
    bid = buy(product, buyer, P11, TWO)
    run_engine()
    assert outcome(ask) == (OrderStatus.OPEN, None, TWO, 20_000_000, 20_000, FIVE - TWO)
    assert outcome(bid) == (OrderStatus.DONE, DoneReason.FILLED, TWO, 20_000_000, 60_000, 0)
    assert wallet(seller, product) == (RICH - FIVE, FIVE - TWO, RICH + 19_980_000, 0)
    assert wallet(buyer, product) == (RICH + TWO, 0, RICH - 20_060_000, 0)
    fill = Fill.objects.get()
    assert (fill.maker_order_id, fill.taker_order_id, fill.taker_side) == (ask, bid, Side.BUY)
    assert (fill.maker_owner, fill.taker_owner) == (seller, buyer)
    assert (fill.price, fill.size, fill.notional) == (P10, TWO, 20_000_000)
    assert (fill.maker_fee, fill.taker_fee) == (20_000, 60_000)
    fees = Owner.objects.get(platform_name=f"fees:{product.code}")
    moved = Transfer.objects.filter(reference=fill.pk, kind__in=(1, 2)).order_by("id")
    assert [
        (t.from_balance.owner, t.to_balance.owner, t.from_balance.asset, t.amount, t.kind)
        for t in moved.select_related("from_balance__asset", "to_balance")
    ] == [
        (seller, buyer, product.base, TWO, Transfer.Kind.TRADE),
        (buyer, seller, product.quote, 20_000_000, Transfer.Kind.TRADE),
        (buyer, fees, product.quote, 60_000, Transfer.Kind.FEE),
        (seller, fees, product.quote, 20_000, Transfer.Kind.FEE),
    ]
    assert Balance.objects.get(owner=fees).available == 80_000
    assert broken_invariants() == []


def test_a_resting_buy_pays_the_makers_fee_and_gets_the_difference_back(product: Product) -> None:
    buyer, seller = trader(product), trader(product)
    bid, ask = buy(product, buyer, P11, TWO), sell(product, seller, P10, ONE)
    run_engine()
    assert outcome(bid) == (OrderStatus.OPEN, None, ONE, P11, 11_000, 11_033_000)
    assert outcome(ask) == (OrderStatus.DONE, DoneReason.FILLED, ONE, P11, 33_000, 0)
    assert wallet(buyer, product) == (RICH + ONE, 0, RICH - 11_011_000 - 11_033_000, 11_033_000)
    assert wallet(seller, product) == (RICH - ONE, 0, RICH + P11 - 33_000, 0)
    assert broken_invariants() == []


def test_a_cancelled_order_gives_its_hold_back(product: Product) -> None:
    owner = trader(product)
    bid = buy(product, owner, P10, TWO)
    run_engine()
    order_cancel(owner=owner, user=None, order_id=bid)
    run_engine()
    assert outcome(bid) == (OrderStatus.DONE, DoneReason.CANCELED, 0, 0, 0, 0)
    assert wallet(owner, product) == (RICH, 0, RICH, 0)
    assert broken_invariants() == []


def test_a_cancel_right_behind_its_order_finds_it(product: Product) -> None:
    owner = trader(product)
    bid = buy(product, owner, P10, TWO)
    order_cancel(owner=owner, user=None, order_id=bid)
    order_cancel(owner=owner, user=None, order_id=bid)
    run_engine()
    assert outcome(bid)[:2] == (OrderStatus.DONE, DoneReason.CANCELED)
    assert Event.objects.count() == 3
    assert wallet(owner, product) == (RICH, 0, RICH, 0)


def test_cancel_all_leaves_the_orders_of_others(product: Product) -> None:
    owner, other = trader(product), trader(product)
    mine = [buy(product, owner, P10, ONE), sell(product, owner, P12, ONE)]
    theirs = buy(product, other, P10, ONE)
    run_engine()
    orders_cancel_all(owner=owner, user=None)
    run_engine()
    assert {outcome(order)[1] for order in mine} == {DoneReason.CANCELED}
    assert outcome(theirs)[0] == OrderStatus.OPEN
    assert wallet(owner, product) == (RICH, 0, RICH, 0)
    assert broken_invariants() == []


def test_orders_beyond_ones_means_are_refused_in_their_turn(product: Product) -> None:
    owner = trader(product, base=0, quote=15_000_000)
    first, second = buy(product, owner, P10, ONE), buy(product, owner, P10, ONE)
    run_engine()
    assert outcome(first)[0] == OrderStatus.OPEN
    assert outcome(second)[:2] == (OrderStatus.REJECTED, DoneReason.INSUFFICIENT_FUNDS)
    assert wallet(owner, product) == (0, 0, 15_000_000 - 10_030_000, 10_030_000)


def test_what_a_trade_brings_can_be_spent_in_the_same_batch(product: Product) -> None:
    owner, other = trader(product, base=ONE, quote=0), trader(product)
    sell(product, owner, P10, ONE)
    buy(product, other, P10, ONE)
    again = buy(product, owner, 1_000_000, ONE)
    with engine() as hand:
        assert len(hand.step()[0].events) == 3
    assert outcome(again)[0] == OrderStatus.OPEN
    assert broken_invariants() == []


def test_the_makers_of_a_batch_are_found_through_several_levels(product: Product) -> None:
    sellers = [trader(product) for _ in range(5)]
    for number, seller in enumerate(sellers):
        sell(product, seller, P10 + number * 10_000, ONE)
    run_engine()
    buyer = trader(product)
    bid = buy(product, buyer, P11, 10 * ONE)
    run_engine()
    assert outcome(bid)[2] == FIVE
    assert broken_invariants() == []


def test_market_orders_by_size_and_by_funds(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    sell(product, seller, P10, FIVE)
    by_size = order_place(
        owner=buyer,
        user=None,
        product=product,
        side=Side.BUY,
        order_type=OrderType.MARKET,
        size=ONE,
    )
    by_funds = order_place(
        owner=buyer, user=None, product=product, side=Side.BUY, order_type=OrderType.MARKET,
        funds=20_060_000,
    )  # fmt: skip
    run_engine()
    assert outcome(by_size.pk)[:3] == (OrderStatus.DONE, DoneReason.FILLED, ONE)
    assert outcome(by_funds.pk)[:5] == (
        OrderStatus.DONE, DoneReason.FILLED, TWO, 20_000_000, 60_000
    )  # fmt: skip
    order = Order.objects.get(pk=by_funds.pk)
    assert (order.size, order.funds, order.price) == (None, 20_060_000, None)
    assert broken_invariants() == []


def test_time_in_force_and_post_only_reach_the_book(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    sell(product, seller, P10, ONE)
    killed = buy(product, buyer, P10, TWO, time_in_force=FOK)
    refused = buy(product, buyer, P10, ONE, post_only=True)
    taken = buy(product, buyer, P10, TWO, time_in_force=IOC)
    run_engine()
    assert outcome(killed)[:3] == (OrderStatus.DONE, DoneReason.NOT_FILLABLE, 0)
    assert outcome(refused)[:3] == (OrderStatus.REJECTED, DoneReason.POST_ONLY, 0)
    assert outcome(taken)[:3] == (OrderStatus.DONE, DoneReason.NOT_FILLABLE, ONE)
    assert broken_invariants() == []


@pytest.mark.parametrize("rule", SelfTrade)
def test_nobody_trades_with_themselves(product: Product, rule: SelfTrade) -> None:
    owner = trader(product)
    ask = sell(product, owner, P10, FIVE)
    run_engine()
    bid = buy(product, owner, P10, TWO, self_trade=rule)
    run_engine()
    ends = {order.pk: order.status for order in Order.objects.all()}
    open_ask = rule in (SelfTrade.DC, SelfTrade.CN)
    assert (ends[ask] == OrderStatus.OPEN, ends[bid] == OrderStatus.OPEN) == (
        open_ask, rule == SelfTrade.CO
    )  # fmt: skip
    assert not Fill.objects.exists()
    assert broken_invariants() == []


def test_a_halted_market_takes_cancels_only(product: Product) -> None:
    owner = trader(product)
    first = buy(product, owner, P10, ONE)
    with engine() as hand:
        hand.settle()
        product_halt(product=product, user=None)
        late = buy(product, owner, P10, ONE)
        order_cancel(owner=owner, user=None, order_id=first)
        hand.settle()
        assert outcome(late)[:2] == (OrderStatus.REJECTED, DoneReason.NOT_OPEN)
        assert outcome(first)[:2] == (OrderStatus.DONE, DoneReason.CANCELED)
        product_open(product=product, user=None)
        again = buy(product, owner, P10, ONE)
        hand.settle()
        assert outcome(again)[0] == OrderStatus.OPEN


def test_fees_apply_from_the_moment_they_are_changed(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    with engine() as hand:
        ask = sell(product, seller, P10, TWO)
        hand.settle()
        fees_change(product=product, user=None, maker_bps=0, taker_bps=100)
        bid = buy(product, buyer, P10, ONE)
        hand.settle()
    assert outcome(ask)[4] == 10_000, "a resting order keeps the fees it was accepted under"
    assert outcome(bid)[4] == 100_000
    assert broken_invariants() == []


def test_products_that_share_an_asset_share_its_balance() -> None:
    first, second = market_make(), market_make()
    owner = trader(first, quote=15_000_000)
    one, two = buy(first, owner, P10, ONE), buy(second, owner, P10, ONE)
    with engine() as hand:
        assert len(hand.step()) == 2, "both are in one batch"
    assert {outcome(one)[0], outcome(two)[0]} == {OrderStatus.OPEN, OrderStatus.REJECTED}
    assert broken_invariants() == []


def test_a_product_listed_while_the_engine_runs_is_served(product: Product) -> None:
    with engine() as hand:
        late = market_make()
        owner = trader(late)
        order = buy(late, owner, P10, ONE)
        hand.service.share_out()
        hand.settle()
    assert outcome(order)[0] == OrderStatus.OPEN
