"""Orders that wait for a price or end at a time, through the real database and its clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Owner
from apps.orderbook.engine.audit import verify_replay
from apps.orderbook.engine.recovery import book_load, progress_read
from apps.orderbook.models import Command, Fill, Order, Product, Switch
from apps.orderbook.models.enums import (
    CommandKind,
    DoneReason,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    Stop,
)
from apps.orderbook.selectors import market_data
from apps.orderbook.services.commands import order_cancel, order_place, switch_set
from tests.support.engines import (
    RICH,
    Hand,
    broken_invariants,
    buy,
    engine,
    entities_forget,
    market_make,
    run_engine,
    sell,
    trader,
    wallet,
)
from tests.support.factories import fund, organisation_make, user_make

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO, FIVE = 1_000_000, 2_000_000, 5_000_000
P10, P11, P12 = 10_000_000, 11_000_000, 12_000_000
SOON, LATER = timedelta(milliseconds=300), timedelta(hours=1)


@pytest.fixture
def product() -> Product:
    return market_make(maker_bps=10, taker_bps=30)


def stop_loss(product: Product, owner: Owner, stop_price: int, size: int, **fields: object) -> int:
    """A stop order that sells; at any price unless told one."""
    terms = {
        "order_type": OrderType.LIMIT if "price" in fields else OrderType.MARKET,
        "side": Side.SELL,
        "stop": Stop.LOSS,
        **fields,
    }
    return order_place(
        owner=owner, user=None, product=product, size=size, stop_price=stop_price,
        **terms,  # type: ignore[arg-type]
    ).pk  # fmt: skip


def trade_at(product: Product, price: int) -> None:
    """The market's last price from now on."""
    sell(product, trader(product), price, ONE)
    buy(product, trader(product), price, ONE)


def order(order_id: int) -> Order:
    return Order.objects.get(pk=order_id)


def audited(hand: Hand, product: Product) -> None:
    """The journal, the tables and the engine's memory tell the same story."""
    book, progress = hand.market(product).book, progress_read(hand.connection, product.pk)
    assert book.state_hash() == book_load(hand.connection, progress).state_hash()
    assert list(verify_replay(hand.connection, product.pk)) == []
    assert broken_invariants() == []


def test_a_stop_order_waits_with_its_hold_and_out_of_sight(product: Product) -> None:
    trade_at(product, P12)
    owner = trader(product)
    by_limit = stop_loss(product, owner, P11, TWO, price=P10)
    by_market = stop_loss(product, owner, P11, ONE)
    run_engine()
    assert [(o.status, o.parked, o.hold) for o in map(order, (by_limit, by_market))] == [
        (OrderStatus.OPEN, True, TWO),
        (OrderStatus.OPEN, True, ONE),
    ]
    assert wallet(owner, product)[:2] == (RICH - TWO - ONE, TWO + ONE)
    assert market_data.book(product).asks == []
    assert market_data.book_full(product).asks == []
    assert market_data.ticker(product).ask is None
    order_cancel(owner=owner, user=None, order_id=by_limit)
    run_engine()
    assert order(by_limit).done_reason == DoneReason.CANCELED
    assert wallet(owner, product)[:2] == (RICH - ONE, ONE)
    assert broken_invariants() == []


@pytest.mark.parametrize("batch_max", [1, 3, 500])
def test_a_cascade_of_stops_is_one_event_and_settles_exactly(
    product: Product, batch_max: int
) -> None:
    trade_at(product, P12)
    run_engine()
    bidder, seller = trader(product), trader(product)
    owners = [trader(product) for _ in range(4)]
    steps = (P12 - 200_000, P11, P10, P10 - 200_000)
    for price in steps:
        buy(product, bidder, price, ONE)
    stops = [
        stop_loss(product, owner, price, ONE)
        for owner, price in zip(owners, steps, strict=True)
    ]  # fmt: skip
    sell(product, seller, P12 - 200_000, ONE)
    with engine(batch_max=batch_max) as hand:
        hand.settle()
        audited(hand, product)
    made = Fill.objects.order_by("id").values_list("taker_order_id", "price")
    assert list(made)[2:] == list(zip(stops[:3], steps[1:], strict=True))
    assert [order(pk).done_reason for pk in stops] == [
        *[DoneReason.FILLED] * 3, DoneReason.NOT_FILLABLE
    ]  # fmt: skip


def test_a_stop_waits_through_a_restart_and_goes_off_afterwards(product: Product) -> None:
    trade_at(product, P12)
    owner = trader(product)
    entry = order_place(
        owner=owner, user=None, product=product, side=Side.BUY, order_type=OrderType.MARKET,
        funds=20_060_000, stop=Stop.ENTRY, stop_price=P12 + ONE,
    ).pk  # fmt: skip
    limit = buy(product, owner, P11, ONE, stop=Stop.LOSS, stop_price=P11)
    run_engine()
    assert wallet(owner, product)[3] == 20_060_000 + 11_033_000
    sell(product, trader(product), P12 + ONE, FIVE)
    trade_at(product, P12 + ONE)
    trade_at(product, P11)
    with engine(batch_max=2) as hand:
        hand.settle()
        audited(hand, product)
    assert (order(entry).done_reason, order(entry).size) == (DoneReason.FILLED, None)
    resting = order(limit)
    assert (resting.status, resting.parked) == (OrderStatus.OPEN, False)
    assert [level.price for level in market_data.book(product).bids] == [P11]
    assert broken_invariants() == []


def test_a_stop_whose_price_the_last_trade_before_the_restart_reached_goes_at_once(
    product: Product,
) -> None:
    trade_at(product, P10)
    run_engine()
    buy(product, trader(product), P10, FIVE)
    late = stop_loss(product, trader(product), P11, ONE)
    run_engine()
    assert order(late).done_reason == DoneReason.FILLED


# Time


def wait_past(moment: timedelta) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [moment.total_seconds()])


def test_an_order_ends_when_its_time_is_over_though_nobody_asks(product: Product) -> None:
    owner = trader(product)
    with engine() as hand:
        pk = buy(product, owner, P10, ONE, expires_at=timezone.now() + SOON)
        hand.settle()
        assert order(pk).status == OrderStatus.OPEN
        wait_past(SOON)
        assert hand.step() == []  # it says what time it is
        hand.settle()
        audited(hand, product)
    assert order(pk).done_reason == DoneReason.EXPIRED
    assert Command.objects.filter(kind=CommandKind.TIME).count() == 1
    assert wallet(owner, product) == (RICH, 0, RICH, 0)


def test_what_ended_while_the_engine_was_down_does_not_trade_when_it_is_back(
    product: Product,
) -> None:
    owner, other = trader(product), trader(product)
    over = buy(product, owner, P10, ONE, expires_at=timezone.now() + SOON)
    still = buy(product, owner, P10, ONE, expires_at=timezone.now() + LATER)
    run_engine()
    late = buy(product, owner, P10, ONE, expires_at=timezone.now() + SOON)
    sold = sell(product, other, P10, TWO)
    wait_past(SOON)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert order(over).done_reason == DoneReason.EXPIRED
    assert order(still).done_reason == DoneReason.FILLED
    refused = order(late)
    assert (refused.status, refused.done_reason) == (OrderStatus.REJECTED, DoneReason.EXPIRED)
    assert order(sold).filled_size == ONE
    assert wallet(owner, product)[3] == 0


def test_a_dead_mans_switch_falls_even_if_the_engine_was_down(product: Product) -> None:
    owner, other = trader(product), trader(product)
    mine = [buy(product, owner, P10, ONE), stop_loss(product, owner, P10, ONE)]
    theirs = buy(product, other, P10, ONE)
    switch_set(owner=owner, user=None, timeout_s=1, product=product)
    run_engine()
    assert Switch.objects.get().owner == owner
    wait_past(timedelta(seconds=1))
    sell(product, other, P10, ONE)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert {order(pk).done_reason for pk in mine} == {DoneReason.CANCELED}
    assert order(theirs).filled_size == 0  # dc: its own sell met it
    assert not Switch.objects.exists()
    assert not Fill.objects.exists()


def test_a_switch_that_is_set_again_or_taken_back_does_not_fall(product: Product) -> None:
    owner = trader(product)
    pk = buy(product, owner, P10, ONE)
    for timeout_s in (1, 600):
        switch_set(owner=owner, user=None, timeout_s=timeout_s)
    run_engine()
    wait_past(timedelta(seconds=1))
    with engine() as hand:
        hand.step()
        hand.settle()
        audited(hand, product)
        assert order(pk).status == OrderStatus.OPEN
        switch_set(owner=owner, user=None, timeout_s=0)
        hand.settle()
        audited(hand, product)
    assert not Switch.objects.exists()
    assert order(pk).status == OrderStatus.OPEN


# One trading entity


def member_of_an_organisation(product: Product) -> tuple[Owner, Owner]:
    """An organisation and one of its members, both with money."""
    person = user_make()
    organisation = organisation_make(trader=person)
    owners = organisation.owner, person.owner
    for owner in owners:
        for asset in (product.base, product.quote):
            fund(owner, asset, RICH)
    return owners


def test_an_organisation_does_not_trade_with_its_members(product: Product) -> None:
    company, person = member_of_an_organisation(product)
    resting = sell(product, company, P10, ONE)
    run_engine()
    taker = buy(product, person, P10, ONE, self_trade=SelfTrade.CN)
    back = buy(product, person, P10 - ONE, ONE)
    sold = sell(product, company, P10 - ONE, ONE, self_trade=SelfTrade.CO)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert not Fill.objects.exists()
    assert order(taker).done_reason == DoneReason.SELF_TRADE
    assert order(back).done_reason == DoneReason.SELF_TRADE
    assert [order(pk).status for pk in (resting, sold)] == [OrderStatus.OPEN] * 2


def test_control_without_the_entity_they_would_trade(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    entities_forget(monkeypatch)
    company, person = member_of_an_organisation(product)
    sell(product, company, P10, ONE)
    buy(product, person, P10, ONE)
    run_engine()
    assert Fill.objects.count() == 1
