"""One rule of the book per test, in round numbers."""

import pytest

from apps.orderbook.engine.book import Book, Order, Rules
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.book.snapshot import PriceLevel, level_size, levels, resting_orders
from tests.support.book_pair import Ask, BookPair

ANN, BOB, CAT = 1, 2, 3
P10, P11, P12 = 10_000_000, 11_000_000, 12_000_000  # quote per whole unit
ONE, TWO, THREE, FIVE = 1_000_000, 2_000_000, 3_000_000, 5_000_000


@pytest.fixture
def pair() -> BookPair:
    return BookPair()


def buy(owner: int, price: int, size: int, **more: int) -> Ask:
    return Ask(owner, w.BUY, price, size, **more)


def sell(owner: int, price: int, size: int, **more: int) -> Ask:
    return Ask(owner, w.SELL, price, size, **more)


def fills(pair: BookPair) -> list[tuple[int, int, int]]:
    """(maker, price, size) of the last command's trades."""
    return [step[1:4] for step in pair.reference.steps if step[0]]


def test_best_price_trades_first_and_at_the_makers_price(pair: BookPair):
    far, near = pair.place(sell(ANN, P12, ONE)), pair.place(sell(ANN, P11, ONE))
    taker = pair.place(buy(BOB, P12, TWO))
    assert fills(pair) == [(near.id, P11, ONE), (far.id, P12, ONE)]
    assert taker.done == w.FILLED


def test_at_one_price_who_came_first_trades_first(pair: BookPair):
    first, second = pair.place(buy(ANN, P10, ONE)), pair.place(buy(BOB, P10, ONE))
    pair.place(sell(CAT, P10, ONE))
    assert fills(pair) == [(first.id, P10, ONE)]
    assert (first.done, second.done) == (w.FILLED, 0)


def test_what_is_left_of_a_limit_order_rests(pair: BookPair):
    pair.place(sell(ANN, P10, ONE))
    taker = pair.place(buy(BOB, P10, THREE))
    assert (taker.done, taker.remaining, taker.filled_size) == (0, TWO, ONE)
    assert levels(pair.book.bids) == [PriceLevel(P10, TWO, 1)]
    assert resting_orders(pair.book.bids) == [(P10, TWO, taker.id)]


def test_immediate_or_cancel_never_rests(pair: BookPair):
    pair.place(sell(ANN, P10, ONE))
    taker = pair.place(buy(BOB, P10, THREE, time_in_force=w.IOC))
    assert (taker.done, taker.filled_size) == (w.NOT_FILLABLE, ONE)
    assert not pair.book.bids.keys


def test_fill_or_kill_trades_all_or_nothing(pair: BookPair):
    pair.place(sell(ANN, P10, TWO))
    killed = pair.place(buy(BOB, P10, THREE, time_in_force=w.FOK))
    assert (killed.done, fills(pair)) == (w.NOT_FILLABLE, [])
    filled = pair.place(buy(BOB, P10, TWO, time_in_force=w.FOK))
    assert filled.done == w.FILLED


def test_post_only_is_refused_when_it_would_trade(pair: BookPair):
    pair.place(sell(ANN, P10, ONE))
    assert pair.place(buy(BOB, P10, ONE, post_only=True)).done == w.POST_ONLY
    assert pair.place(buy(BOB, P10 - 10_000, ONE, post_only=True)).done == 0


def test_a_market_order_does_not_rest(pair: BookPair):
    pair.place(buy(ANN, P10, ONE))
    taker = pair.place(Ask(BOB, w.SELL, size=THREE))
    assert (taker.done, taker.filled_size) == (w.NOT_FILLABLE, ONE)


def test_a_market_buy_by_funds_never_spends_more_than_them(pair: BookPair):
    pair.place(sell(ANN, P10, FIVE))
    taker = pair.place(Ask(BOB, w.BUY, funds=21_000_000, taker_bps=30))
    # 2.0 for 20 and a fee of 0.06; 0.1 more would have come to 21.063.
    assert (taker.done, taker.filled_size) == (w.FILLED, TWO)
    assert taker.filled_notional + taker.fees == 20_060_000


def test_funds_used_up_to_the_last_unit_are_a_fill_even_when_the_book_is_empty(pair: BookPair):
    pair.place(sell(ANN, P10, TWO))
    taker = pair.place(Ask(BOB, w.BUY, funds=20_000_000, maker_bps=0, taker_bps=0))
    assert (taker.done, taker.filled_notional) == (w.FILLED, 20_000_000)


def test_funds_too_small_for_the_smallest_size_buy_nothing(pair: BookPair):
    pair.place(sell(ANN, P10, TWO))
    assert pair.place(Ask(BOB, w.BUY, funds=999_999)).done == w.NOT_FILLABLE


def test_a_market_buy_by_size_stops_when_its_owners_money_is_out():
    pair = BookPair(money=25_000_000)
    pair.place(sell(ANN, P10, FIVE))
    taker = pair.place(Ask(BOB, w.BUY, size=FIVE))
    assert taker.done == w.INSUFFICIENT_FUNDS
    assert taker.filled_size == 2_400_000
    assert pair.available(BOB, w.BUY) == 25_000_000 - 24_000_000 - 72_000


def test_a_market_sell_by_funds_earns_what_was_asked_for(pair: BookPair):
    pair.place(buy(ANN, P10, FIVE))
    taker = pair.place(Ask(BOB, w.SELL, funds=30_000_000))
    assert (taker.done, taker.filled_size) == (w.FILLED, THREE)


def test_a_market_sell_by_funds_ends_with_what_its_owner_has():
    pair = BookPair(money=20_050_000)
    pair.place(buy(ANN, ONE, 15_000_000))
    pair.place(buy(BOB, ONE, 15_000_000))
    taker = pair.place(Ask(CAT, w.SELL, funds=30_000_000))
    assert (taker.done, taker.filled_size) == (w.INSUFFICIENT_FUNDS, 20_000_000)


def test_a_limit_order_without_cover_is_refused(pair: BookPair):
    rich = buy(ANN, P10, 100 * ONE, taker_bps=0)
    assert pair.place(rich).done == 0
    assert pair.place(buy(ANN, P10, 100_000)).done == w.INSUFFICIENT_FUNDS


@pytest.mark.parametrize(
    ("price", "size"), [(0, ONE), (-P10, ONE), (P10 + 1, ONE), (P10, 0), (P10, ONE + 1)]
)
def test_what_is_not_a_whole_increment_is_refused(price: int, size: int, pair: BookPair):
    assert pair.place(buy(ANN, price, size)).done == w.INVALID


@pytest.mark.parametrize(("size", "funds"), [(0, None), (-ONE, None), (1, None), (None, 0)])
def test_a_market_order_for_nothing_is_refused(size: int | None, funds: int | None, pair: BookPair):
    assert pair.place(Ask(ANN, w.BUY, size=size, funds=funds)).done == w.INVALID


# Self-trade prevention


@pytest.mark.parametrize(
    ("rule", "maker", "taker"),
    [
        (w.DC, (0, TWO, TWO), (w.SELF_TRADE, 0, 0)),
        (w.CO, (w.SELF_TRADE, FIVE, FIVE), (0, THREE, THREE)),
        (w.CN, (0, FIVE, FIVE), (w.SELF_TRADE, THREE, THREE)),
        (w.CB, (w.SELF_TRADE, FIVE, FIVE), (w.SELF_TRADE, THREE, THREE)),
    ],
)
def test_an_owner_does_not_trade_with_itself(rule: int, maker, taker, pair: BookPair):
    resting = pair.place(sell(ANN, P10, FIVE))
    incoming = pair.place(buy(ANN, P10, THREE, self_trade=rule))
    assert (resting.done, resting.size, resting.remaining) == maker
    assert (incoming.done, incoming.size, incoming.remaining) == taker
    assert not fills(pair)


def test_a_smaller_resting_order_is_cancelled_and_the_rest_trades_on(pair: BookPair):
    mine, other = pair.place(sell(ANN, P10, ONE)), pair.place(sell(BOB, P10, FIVE))
    taker = pair.place(buy(ANN, P10, THREE))
    assert (mine.done, mine.filled_size) == (w.SELF_TRADE, 0)
    assert fills(pair) == [(other.id, P10, TWO)]
    assert (taker.done, taker.size, taker.filled_size) == (w.FILLED, TWO, TWO)


def test_two_owners_of_one_entity_do_not_trade_either(pair: BookPair):
    resting = pair.place(sell(ANN, P10, ONE, entity=77))
    incoming = pair.place(buy(BOB, P10, ONE, entity=77, self_trade=w.CN))
    assert (resting.done, incoming.done) == (0, w.SELF_TRADE)


def test_control_two_entities_do_trade(pair: BookPair):
    pair.place(sell(ANN, P10, ONE, entity=77))
    assert pair.place(buy(BOB, P10, ONE, entity=78)).done == w.FILLED


def test_fill_or_kill_does_not_count_its_own_orders(pair: BookPair):
    pair.place(sell(ANN, P10, ONE))
    pair.place(sell(BOB, P10, TWO))
    for rule in (w.DC, w.CN, w.CB):
        killed = pair.place(buy(ANN, P10, TWO, time_in_force=w.FOK, self_trade=rule))
        assert (killed.done, len(pair.book)) == (w.NOT_FILLABLE, 2)
    filled = pair.place(buy(ANN, P10, TWO, time_in_force=w.FOK, self_trade=w.CO))
    assert (filled.done, len(pair.book)) == (w.FILLED, 0)


# Stops


def loss(owner: int, stop_price: int, size: int, price: int | None = None, **more: int) -> Ask:
    return Ask(owner, w.SELL, price, size, stop=w.LOSS, stop_price=stop_price, **more)


def trade_at(pair: BookPair, price: int, size: int = 100_000) -> None:
    pair.place(sell(4, price, size))
    pair.place(buy(5, price, size))


def test_a_stop_order_waits_outside_the_depth_and_holds_what_it_needs(pair: BookPair):
    trade_at(pair, P12)
    before = pair.available(ANN, w.SELL)
    order = pair.place(loss(ANN, P11, TWO, P10))
    assert (order.parked, order.done, order.hold) == (True, 0, TWO)
    assert not pair.book.asks.keys
    assert pair.available(ANN, w.SELL) == before - TWO
    assert pair.cancel(ANN, order.id) is order
    assert pair.available(ANN, w.SELL) == before


def test_a_trade_at_the_stop_price_sets_it_off(pair: BookPair):
    trade_at(pair, P12)
    order = pair.place(loss(ANN, P11, TWO))
    trade_at(pair, P11 + 10_000)
    assert order.parked
    pair.place(buy(BOB, P11, FIVE))
    pair.place(sell(4, P11, ONE))
    assert (order.done, order.filled_size, order.filled_notional) == (w.FILLED, TWO, 22_000_000)


def test_a_stop_limit_rests_behind_whoever_was_there(pair: BookPair):
    trade_at(pair, P10)
    waiting = pair.place(sell(ANN, P12, ONE, stop=w.ENTRY, stop_price=P11))
    first = pair.place(sell(BOB, P12, ONE))
    trade_at(pair, P11)
    assert resting_orders(pair.book.asks) == [(P12, ONE, first.id), (P12, ONE, waiting.id)]


def test_a_stop_whose_price_was_reached_before_comes_in_at_once(pair: BookPair):
    trade_at(pair, P10)
    pair.place(buy(BOB, P10, ONE))
    assert pair.place(loss(ANN, P11, ONE)).done == w.FILLED


def test_stops_set_each_other_off_in_a_cascade_within_one_command(pair: BookPair):
    trade_at(pair, P12)
    for price in (P12 - 100_000, P11, P10):
        pair.place(buy(BOB, price, ONE))
    late = pair.place(loss(ANN, P11, ONE))
    early = pair.place(loss(ANN, P12 - 100_000, ONE))
    event = pair.book.event_number + 1
    pair.place(sell(CAT, P12 - 100_000, ONE))
    assert [activation[0] for activation in pair.reference.activations] == [early.id, late.id]
    assert (early.filled_notional, late.filled_notional) == (P11, P10)
    assert pair.book.event_number == event


def test_of_stops_that_one_sweep_sets_off_the_first_placed_goes_first(pair: BookPair):
    trade_at(pair, P12)
    deep = pair.place(loss(ANN, P10, ONE))
    near = pair.place(loss(CAT, P11, ONE))
    pair.place(buy(BOB, P11, ONE))
    pair.place(buy(BOB, P10, FIVE))
    pair.place(sell(4, P10, TWO))
    assert [activation[0] for activation in pair.reference.activations] == [deep.id, near.id]


def test_a_stop_that_buys_needs_to_know_what_it_may_spend(pair: BookPair):
    trade_at(pair, P10)
    unbounded = Ask(ANN, w.BUY, size=ONE, stop=w.ENTRY, stop_price=P11)
    assert pair.place(unbounded).done == w.INVALID
    order = pair.place(Ask(ANN, w.BUY, funds=12_000_000, stop=w.ENTRY, stop_price=P11))
    assert order.hold == 12_000_000
    pair.place(sell(BOB, P11, ONE))
    pair.place(buy(5, P11, 500_000))
    assert (order.done, order.filled_notional) == (w.NOT_FILLABLE, 5_500_000)


# Icebergs


def test_only_a_part_of_an_iceberg_is_in_sight_and_all_of_it_on_hold(pair: BookPair):
    order = pair.place(sell(ANN, P10, FIVE, display=ONE))
    assert (order.remaining, order.hidden, order.hold) == (ONE, 4 * ONE, FIVE)
    assert levels(pair.book.asks) == [PriceLevel(P10, ONE, 1)]


def test_its_next_part_goes_to_the_back_of_the_queue(pair: BookPair):
    iceberg = pair.place(sell(ANN, P10, THREE, display=ONE))
    other = pair.place(sell(BOB, P10, ONE))
    pair.place(buy(CAT, P10, ONE))
    assert resting_orders(pair.book.asks) == [(P10, ONE, other.id), (P10, ONE, iceberg.id)]
    pair.place(buy(CAT, P10, FIVE))
    assert fills(pair) == [(other.id, P10, ONE), (iceberg.id, P10, ONE), (iceberg.id, P10, ONE)]
    assert (iceberg.done, iceberg.filled_size, iceberg.hold) == (w.FILLED, THREE, 0)


def test_what_an_iceberg_takes_as_it_comes_in_is_not_held_back(pair: BookPair):
    pair.place(buy(BOB, P10, TWO))
    iceberg = pair.place(sell(ANN, P10, FIVE, display=ONE))
    assert (iceberg.filled_size, iceberg.remaining, iceberg.hidden) == (TWO, ONE, TWO)


def test_fill_or_kill_counts_what_is_out_of_sight(pair: BookPair):
    pair.place(sell(ANN, P10, FIVE, display=ONE))
    assert pair.place(buy(BOB, P10, FIVE, time_in_force=w.FOK)).done == w.FILLED


def test_its_own_order_uses_up_an_iceberg_part_by_part(pair: BookPair):
    iceberg = pair.place(sell(ANN, P10, THREE, display=ONE))
    pair.place(buy(ANN, P10, TWO))
    assert (iceberg.size, iceberg.remaining, iceberg.hidden, iceberg.done) == (ONE, ONE, 0, 0)


# Slippage


def test_a_market_order_slips_no_further_than_it_may(pair: BookPair):
    for price in (P10, P11, P12):
        pair.place(sell(ANN, price, ONE))
    taker = pair.place(Ask(BOB, w.BUY, size=FIVE, slippage_bps=1_000))
    assert (taker.done, taker.filled_size) == (w.NOT_FILLABLE, TWO)
    pair.place(buy(ANN, P10, ONE))
    taker = pair.place(Ask(BOB, w.BUY, funds=100_000_000, slippage_bps=0))
    assert (taker.done, taker.filled_notional) == (w.NOT_FILLABLE, P12)
    pair.place(buy(ANN, P10 - ONE, ONE))
    taker = pair.place(Ask(BOB, w.SELL, size=FIVE, slippage_bps=999))
    assert (taker.done, taker.filled_size) == (w.NOT_FILLABLE, ONE)


# Amending


def test_less_of_an_order_keeps_its_place(pair: BookPair):
    mine, other = pair.place(sell(ANN, P10, FIVE)), pair.place(sell(BOB, P10, ONE))
    assert pair.amend(ANN, mine.id, size=TWO).kept_place
    assert resting_orders(pair.book.asks) == [(P10, TWO, mine.id), (P10, ONE, other.id)]
    assert levels(pair.book.asks) == [PriceLevel(P10, THREE, 2)]
    assert mine.hold == TWO


@pytest.mark.parametrize(("price", "size"), [(None, FIVE), (P10, FIVE), (P11, None), (P11, ONE)])
def test_more_of_it_or_another_price_costs_the_place(
    price: int | None, size: int | None, pair: BookPair
):
    mine, other = pair.place(sell(ANN, P10, TWO)), pair.place(sell(BOB, P10, ONE))
    at_eleven = pair.place(sell(BOB, P11, ONE))
    found = pair.amend(ANN, mine.id, price, size)
    assert not found.kept_place
    assert [resting[2] for resting in resting_orders(pair.book.asks)] == (
        [other.id, mine.id, at_eleven.id] if price != P11 else [other.id, at_eleven.id, mine.id]
    )


def test_a_changed_price_may_trade_at_once(pair: BookPair):
    other = pair.place(buy(BOB, P10, TWO))
    mine = pair.place(sell(ANN, P11, THREE))
    pair.place(buy(CAT, P11, ONE))
    found = pair.amend(ANN, mine.id, price=P10)
    assert fills(pair) == [(other.id, P10, TWO)]
    assert found.order is not None
    assert (found.order.done, found.order.filled_notional) == (w.FILLED, 31_000_000)


def test_a_post_only_order_is_not_changed_into_a_trade(pair: BookPair):
    pair.place(buy(BOB, P10, ONE))
    mine = pair.place(sell(ANN, P11, ONE, post_only=True))
    assert pair.amend(ANN, mine.id, price=P10).refused == w.POST_ONLY
    assert resting_orders(pair.book.asks) == [(P11, ONE, mine.id)]


def test_a_change_needs_cover_for_what_is_more(pair: BookPair):
    rest = pair.money - 2 * P10
    pair.place(buy(ANN, P10, rest * ONE // P10 // 100_000 * 100_000, taker_bps=0, maker_bps=0))
    mine = pair.place(buy(ANN, P10, ONE, taker_bps=0, maker_bps=0))
    assert pair.amend(ANN, mine.id, size=THREE).refused == w.INSUFFICIENT_FUNDS
    assert pair.amend(ANN, mine.id, size=TWO).refused == 0


def test_an_order_cannot_become_smaller_than_what_is_filled(pair: BookPair):
    mine = pair.place(sell(ANN, P10, FIVE))
    pair.place(buy(BOB, P10, TWO))
    assert pair.amend(ANN, mine.id, size=TWO).refused == w.INVALID
    assert pair.amend(ANN, mine.id, size=THREE).refused == 0
    assert (mine.size, mine.remaining) == (THREE, ONE)


def test_what_is_out_of_sight_goes_first(pair: BookPair):
    mine = pair.place(sell(ANN, P10, FIVE, display=TWO))
    pair.amend(ANN, mine.id, size=THREE)
    assert (mine.remaining, mine.hidden) == (TWO, ONE)
    pair.amend(ANN, mine.id, size=ONE)
    assert (mine.remaining, mine.hidden) == (ONE, 0)


def test_only_what_rests_and_is_ones_own_can_be_changed(pair: BookPair):
    mine = pair.place(sell(ANN, P10, ONE))
    assert pair.amend(BOB, mine.id, size=TWO).refused == w.NOT_FOUND
    pair.cancel(ANN, mine.id)
    assert pair.amend(ANN, mine.id, size=TWO).refused == w.NOT_FOUND
    waiting = pair.place(loss(ANN, P10, ONE))
    assert pair.amend(ANN, waiting.id, size=TWO).refused == w.INVALID


# Time


def test_an_order_ends_at_its_time_and_not_before(pair: BookPair):
    order = pair.place(buy(ANN, P10, ONE, time_in_force=w.GTT, expires_us=10))
    assert pair.pass_time(8) == []
    assert pair.pass_time(1) == [order]
    assert (order.done, pair.available(ANN, w.BUY)) == (w.EXPIRED, pair.money)


def test_what_is_over_does_not_trade_with_the_command_that_comes_next(pair: BookPair):
    over = pair.place(buy(ANN, P10, ONE, time_in_force=w.GTT, expires_us=10))
    pair.now_us = 1_000
    assert pair.place(sell(BOB, P10, ONE)).done == 0
    assert over.done == w.EXPIRED


def test_an_order_that_comes_too_late_is_refused(pair: BookPair):
    pair.now_us = 10
    late = pair.place(buy(ANN, P10, ONE, time_in_force=w.GTT, expires_us=10))
    assert late.done == w.EXPIRED


def test_a_dead_mans_switch_cancels_everything_unless_it_is_set_again(pair: BookPair):
    mine = [pair.place(buy(ANN, P10, ONE)), pair.place(loss(ANN, P10, ONE))]
    other = pair.place(buy(BOB, P10, ONE))
    pair.set_switch(ANN, 10)
    pair.pass_time(5)
    pair.set_switch(ANN, 20)
    assert pair.pass_time(10) == []
    assert pair.pass_time(5) == mine
    assert ({order.done for order in mine}, other.done) == ({w.CANCELED}, 0)
    later = pair.place(buy(ANN, P10, ONE))
    assert pair.pass_time(100) == []
    assert later.done == 0


def test_a_switch_that_was_cleared_does_not_fall(pair: BookPair):
    order = pair.place(buy(ANN, P10, ONE))
    pair.set_switch(ANN, 10)
    pair.set_switch(ANN, None)
    assert pair.pass_time(100) == []
    assert order.done == 0


def test_what_is_not_due_any_more_is_forgotten(pair: BookPair):
    order = pair.place(buy(ANN, P10, ONE, time_in_force=w.GTT, expires_us=10))
    pair.cancel(ANN, order.id)
    assert pair.book.next_due() > 10**18
    assert pair.book.clock.heap == []


# Cancelling


def test_only_its_owner_can_cancel_an_order(pair: BookPair):
    order = pair.place(buy(ANN, P10, ONE))
    assert pair.cancel(BOB, order.id) is None
    assert pair.cancel(ANN, order.id) is order
    assert pair.cancel(ANN, order.id) is None
    assert pair.available(ANN, w.BUY) == pair.money


def test_cancel_all_takes_both_sides_of_one_owner(pair: BookPair):
    mine = [pair.place(buy(ANN, P10, ONE)), pair.place(sell(ANN, P12, ONE))]
    other = pair.place(buy(BOB, P10, ONE))
    assert pair.cancel_all(ANN) == mine
    assert pair.cancel_all(ANN) == []
    assert list(pair.book.resting()) == [other]


def test_cancelled_orders_do_not_pile_up_in_a_level(pair: BookPair):
    keep = pair.place(buy(ANN, P10, ONE))
    for _ in range(200):
        pair.cancel(BOB, pair.place(buy(BOB, P10, ONE)).id)
    assert len(pair.book.bids.levels[P10].queue) < 100
    last = pair.place(buy(CAT, P10, ONE))
    pair.place(sell(BOB, P10, TWO))
    assert fills(pair) == [(keep.id, P10, ONE), (last.id, P10, ONE)]


def test_levels_come_and_go_at_any_depth(pair: BookPair):
    orders = [pair.place(buy(ANN, price * 1_000_000, ONE)) for price in (5, 3, 4, 1, 2)]
    pair.cancel(ANN, orders[1].id)
    assert [level.price // 1_000_000 for level in levels(pair.book.bids)] == [5, 4, 2, 1]
    assert [level.price // 1_000_000 for level in levels(pair.book.bids, 2)] == [5, 4]
    assert level_size(pair.book, w.BUY, 4_000_000) == ONE
    assert level_size(pair.book, w.BUY, 3_000_000) == 0


# Numbers and state


def test_commands_and_trades_are_numbered_without_a_gap(pair: BookPair):
    pair.place(buy(ANN, P10, TWO))
    pair.cancel(BOB, 99)
    pair.place(buy(ANN, P10 + 1, TWO))
    pair.change(Rules(), w.HALTED)
    pair.place(buy(ANN, P10, ONE))
    pair.change(Rules(), w.OPEN)
    for _ in range(2):
        pair.place(sell(BOB, P10, ONE))
    assert (pair.book.event_number, pair.book.trade_number) == (8, 2)
    assert [step[0] for step in pair.reference.steps] == [2]


def test_a_book_loaded_from_its_orders_is_the_same_book(pair: BookPair):
    for owner, price, size in ((ANN, P10, ONE), (BOB, P10, TWO), (CAT, P11, ONE), (ANN, P11, TWO)):
        pair.place(buy(owner, price, size))
    pair.place(sell(CAT, P12, FIVE, display=ONE))
    pair.place(buy(BOB, P12, TWO))
    end = {"time_in_force": w.GTT, "expires_us": 50}
    pair.place(buy(ANN, P11, ONE, stop=w.ENTRY, stop_price=P12 + P10, **end))
    pair.place(Ask(BOB, w.BUY, funds=FIVE, stop=w.LOSS, stop_price=P10))
    pair.set_switch(CAT, 70)
    book = pair.book
    copies = [copy_of(order) for order in (*reversed(list(book.resting())), *book.stops)]
    loaded = Book(pair.price_increment, pair.size_increment)
    switches = book.clock.switches.items()
    loaded.load(copies, book.event_number, book.trade_number, book.last_price, switches)
    assert loaded.next_due() == 50
    assert loaded.state_hash() == pair.book.state_hash()
    assert list(map(resting_orders, (loaded.bids, loaded.asks))) == list(
        map(resting_orders, (pair.book.bids, pair.book.asks))
    )


def test_the_state_hash_sees_every_difference(pair: BookPair):
    order = pair.place(buy(ANN, P10, TWO))
    amounts = ("size", "remaining", "hold", "priority", "filled_notional", "fees")
    for name in (*amounts, "owner", "entity", "id"):
        before = pair.book.state_hash()
        setattr(order, name, getattr(order, name) + 1)
        assert pair.book.state_hash() != before
        setattr(order, name, getattr(order, name) - 1)


def copy_of(order: Order) -> Order:
    o = order
    copy = Order(o.id, o.owner, o.entity, o.side, o.price, o.size, o.terms, o.funds)
    for name in ("remaining", "hidden", "hold", "priority", "filled_notional", "fees", "parked"):
        setattr(copy, name, getattr(order, name))
    return copy
