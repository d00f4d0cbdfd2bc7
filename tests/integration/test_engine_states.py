"""States of a market, auctions, the price band, the breaker and limits, through the database."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from apps.orderbook.engine import reader
from apps.orderbook.engine.audit import verify_chain, verify_replay
from apps.orderbook.engine.feed import messages_of
from apps.orderbook.engine.recovery import book_load, progress_read
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Command, Event, Fill, Order, Product
from apps.orderbook.models.enums import DoneReason, OrderStatus, OrderType, SelfTrade, Side, Stop
from apps.orderbook.selectors import market_data
from apps.orderbook.services.checks import InvalidOrder, MarketHalted
from apps.orderbook.services.commands import order_amend, order_cancel, order_place
from apps.orderbook.services.products import product_change, product_halt, product_open
from tests.support.engines import (
    RICH,
    Hand,
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
P9, P10, P11, P12 = 9_000_000, 10_000_000, 11_000_000, 12_000_000
State = Product.State


@pytest.fixture
def product() -> Product:
    return market_make(maker_bps=10, taker_bps=30)


def change(product: Product, state: Product.State | None = None, **rules: int) -> Command:
    product.refresh_from_db()
    return product_change(product=product, user=None, state=state, **rules)


def audited(hand: Hand, product: Product) -> None:
    """Memory, tables, journal and feed agree, and so does all the money."""
    book, progress = hand.market(product).book, progress_read(hand.connection, product.pk)
    assert book.state_hash() == book_load(hand.connection, progress).state_hash()
    assert list(verify_replay(hand.connection, product.pk)) == []
    assert list(verify_chain(hand.connection, product.pk)) == []
    assert broken_invariants() == []
    sequence = 0
    for event in Event.objects.order_by("id"):
        sequence += len(messages_of(event.body, product=product.code, sequence=sequence))
        assert sequence == event.sequence
        canonical = json.dumps(json.loads(event.body), sort_keys=True, separators=(",", ":"))
        assert canonical == event.body


def state_of(product: Product) -> str:
    product.refresh_from_db()
    return product.state


def let_time_pass(seconds: int) -> None:
    """What ends by itself ended so long ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orderbook_product SET state_until = state_until - make_interval(secs => %s)",
            [seconds],
        )


def outcome(order_id: int) -> tuple[int, int | None]:
    order = Order.objects.get(pk=order_id)
    return order.status, order.done_reason


@pytest.mark.parametrize("batch_max", [1, 500])
def test_an_opening_auction_trades_at_one_price_and_then_the_market_is_open(
    product: Product, batch_max: int
) -> None:
    seller, buyer, late = (trader(product) for _ in range(3))
    change(product, State.AUCTION)
    run_engine()
    cheap, dear = sell(product, seller, P9, TWO), sell(product, seller, P11, TWO)
    high = buy(product, buyer, P12, TWO)
    middle = buy(product, late, P10, ONE)
    with engine(batch_max=batch_max) as hand:
        hand.settle()
        assert not Fill.objects.exists()
        auction = market_data.auction(product)
        assert auction.clearing is not None
        assert auction.clearing == (P10, TWO)
        product_open(product=product, user=None)
        hand.settle()
        audited(hand, product)
    assert state_of(product) == State.OPEN
    fills = Fill.objects.values_list("maker_order_id", "taker_order_id", "price", "size")
    assert list(fills) == [(cheap, high, P10, TWO)]
    assert [order.status for order in Order.objects.filter(pk__in=(dear, middle))] == [1, 1]
    notional = 20_000_000
    assert wallet(buyer, product) == (RICH + TWO, 0, RICH - notional - notional * 30 // 10_000, 0)
    assert wallet(seller, product)[2] == RICH + notional - notional * 10 // 10_000


def test_an_auction_sets_off_stops_and_shows_icebergs_part_by_part(product: Product) -> None:
    seller, buyer, third = (trader(product) for _ in range(3))
    buy(product, third, P9, FIVE)
    stop = sell(product, third, P9, ONE, stop=Stop.LOSS, stop_price=P10)
    change(product, State.AUCTION)
    run_engine()
    iceberg = sell(product, seller, P10, FIVE, display_size=ONE)
    buy(product, buyer, P10, 3 * ONE)
    product_open(product=product, user=None)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert Fill.objects.filter(maker_order_id=iceberg).count() == 3
    order = Order.objects.get(pk=iceberg)
    assert (order.filled_size, order.hidden, order.hold) == (3 * ONE, ONE, TWO)
    # It was set off, and met nobody but its owner.
    assert not Order.objects.get(pk=stop).parked


@pytest.mark.parametrize("rule", SelfTrade)
def test_in_an_auction_too_nobody_trades_with_themselves(product: Product, rule: SelfTrade) -> None:
    owner, other = trader(product), trader(product)
    change(product, State.AUCTION)
    run_engine()
    sell(product, owner, P9, TWO)
    buy(product, owner, P11, ONE, self_trade=rule)
    buy(product, other, P10, ONE)
    product_open(product=product, user=None)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert not Fill.objects.filter(maker_owner=owner, taker_owner=owner).exists()
    book = market_data.book(product)
    assert not book.bids or not book.asks or book.bids[0].price < book.asks[0].price


def test_a_halt_ends_in_an_auction_and_both_end_in_time_also_after_downtime(
    product: Product,
) -> None:
    seller, buyer = trader(product), trader(product)
    change(product, auction_s=60)
    offer = sell(product, seller, P10, ONE)
    product_halt(product=product, user=None)
    run_engine()
    assert state_of(product) == State.HALTED
    with pytest.raises(MarketHalted):
        buy(product, buyer, P10, ONE)
    with pytest.raises(MarketHalted):
        order_amend(owner=seller, user=None, order_id=offer, price=P11)
    product_open(product=product, user=None)
    run_engine()
    assert state_of(product) == State.AUCTION
    assert product.state_until is not None
    buy(product, buyer, P10, ONE)
    run_engine()
    assert not Fill.objects.exists()
    let_time_pass(61)
    with engine() as hand:
        hand.settle()  # says what time it is
        hand.settle()
        assert state_of(product) == State.OPEN
        assert hand.market(product).book.state_hash()
    assert Fill.objects.get().price == P10
    assert broken_invariants() == []


def test_prices_that_run_away_halt_the_market_and_an_auction_opens_it(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    change(product, breaker_bps=1_000, breaker_window_s=60, breaker_pause_s=30, auction_s=30)
    sell(product, seller, P10, ONE)
    buy(product, buyer, P10, ONE)
    for price in (P11, P12):
        sell(product, seller, price, ONE)
    stop = buy(product, seller, P12, ONE, stop=Stop.ENTRY, stop_price=P11)
    greedy = buy(product, buyer, P12, 3 * ONE)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert state_of(product) == State.HALTED
    assert product.state_until is not None
    assert list(Fill.objects.order_by("id").values_list("price", flat=True)) == [P10, P11]
    order = Order.objects.get(pk=greedy)
    assert (order.status, order.filled_size) == (OrderStatus.OPEN, ONE)
    assert Order.objects.get(pk=stop).parked, "it waits until the market opens"
    let_time_pass(120)
    with engine() as hand:
        hand.settle()
        hand.settle()
        assert broken_invariants() == []
    assert state_of(product) == State.OPEN
    assert Fill.objects.order_by("id").values_list("price", flat=True)[2] == P12
    assert not Order.objects.get(pk=stop).parked


def test_the_breaker_holds_market_orders_too_and_waits_for_staff_without_a_pause(
    product: Product,
) -> None:
    seller, buyer = trader(product), trader(product)
    change(product, breaker_bps=1_000, breaker_window_s=60)
    for price in (P10, P12):
        sell(product, seller, price, ONE)
    buy(product, buyer, P10, ONE)
    command = order_place(
        owner=buyer, user=None, product=product, side=Side.BUY, order_type=OrderType.MARKET,
        funds=100_000_000,
    )  # fmt: skip
    with engine() as hand:
        hand.settle()
        audited(hand, product)
        assert (state_of(product), product.state_until) == (State.HALTED, None)
        assert outcome(command.pk) == (OrderStatus.DONE, DoneReason.NOT_FILLABLE)
        product_open(product=product, user=None)
        hand.settle()
        audited(hand, product)
        assert state_of(product) == State.OPEN


def test_limits_and_band_hold_for_what_was_accepted_before_they_changed(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    sell(product, seller, P10, TWO)
    buy(product, buyer, P10, ONE)
    change(product, band_bps=1_000, notional_min=5_000_000, size_max=FIVE)
    far = buy(product, buyer, P12, ONE)
    near = buy(product, buyer, P9, ONE)
    large = sell(product, seller, P10, 6 * ONE)
    small = sell(product, seller, P12, 100_000)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert outcome(far) == (OrderStatus.REJECTED, DoneReason.OUT_OF_BAND)
    assert outcome(near) == (OrderStatus.OPEN, None)
    for order_id in (large, small):
        assert outcome(order_id) == (OrderStatus.REJECTED, DoneReason.OUT_OF_LIMITS)
    product.refresh_from_db()
    for terms in ({"size": 6 * ONE}, {"size": 100_000}):
        with pytest.raises(InvalidOrder):
            buy(product, buyer, P10, **terms)


def test_changes_that_do_not_go_together_stop_no_market(product: Product) -> None:
    product_change(product=product, user=None, notional_max=5_000_000)
    product_change(product=product, user=None, notional_min=10_000_000)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    product.refresh_from_db()
    assert (product.notional_min, product.notional_max) == (0, 5_000_000)


def test_a_post_only_market_takes_only_what_rests(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    sell(product, seller, P10, ONE)
    change(product, State.POST_ONLY)
    crossing = buy(product, buyer, P10, ONE)
    run_engine()
    assert outcome(crossing) == (OrderStatus.REJECTED, DoneReason.POST_ONLY)
    product.refresh_from_db()
    resting = buy(product, buyer, P9, ONE)
    with pytest.raises(InvalidOrder) as refusal:
        order_place(
            owner=buyer, user=None, product=product, side=Side.BUY,
            order_type=OrderType.MARKET, funds=P10,
        )  # fmt: skip
    assert refusal.value.code == "market_limit_only"
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert outcome(resting) == (OrderStatus.OPEN, None)


@pytest.mark.parametrize("state", [State.CANCEL_ONLY, State.HALTED])
def test_cancels_always_get_through(product: Product, state: Product.State) -> None:
    owner = trader(product)
    order_id = buy(product, owner, P10, ONE)
    change(product, state)
    run_engine()
    order_cancel(owner=owner, user=None, order_id=order_id)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert outcome(order_id) == (OrderStatus.DONE, DoneReason.CANCELED)


def auction_among_strangers() -> None:
    """Whoever opens the market has no balance in it: all that is touched is others'."""
    product = market_make()
    change(product, State.AUCTION)
    run_engine()
    sell(product, trader(product), P9, ONE)
    buy(product, trader(product), P11, ONE)
    run_engine()
    product_open(product=product, user=None)
    with engine() as hand:
        hand.settle()
        audited(hand, product)
    assert Fill.objects.count() == 1


def test_the_end_of_an_auction_locks_everybody_in_the_book() -> None:
    auction_among_strangers()


def test_control_an_auction_that_locks_nobody_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "keys_of", lambda market, *_: [(market.fee_owner, market.quote)])
    with pytest.raises(KeyError):
        auction_among_strangers()


def test_the_book_over_rest_says_where_an_auction_stands(product: Product, client) -> None:  # type: ignore[no-untyped-def]
    change(product, State.AUCTION, auction_s=600)
    run_engine()
    offer = sell(product, trader(product), P9, ONE)
    buy(product, trader(product), P11, TWO)
    run_engine()
    path = f"/api/v1/products/{product.code}"
    book = client.get(f"{path}/book?level=3").json()
    assert book["auction_mode"] is True
    assert {**book["auction"], "ends_at": ""} == {
        "open_price": "11", "open_size": "1", "can_open": True, "ends_at": ""
    }  # fmt: skip
    assert book["asks"] == [["9", "1", str(order_uuid(offer))]]
    listed = client.get(path).json()
    assert (listed["auction_mode"], listed["limit_only"], listed["cancel_only"]) == (
        True, True, False
    )  # fmt: skip
    product_open(product=product, user=None)
    run_engine()
    book = client.get(f"{path}/book").json()
    assert (book["auction_mode"], book["auction"]) == (False, None)
