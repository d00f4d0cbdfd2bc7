"""What a market takes in each state, how auctions find their price, and what trips the breaker."""

import pytest

from apps.orderbook.engine.book import Rules
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.book.auction import clearing_of, indicative
from tests.support.book_pair import Ask, BookPair

ONE, TWO, FIVE = 1_000_000, 2_000_000, 5_000_000
P9, P10, P11, P12 = 9_000_000, 10_000_000, 11_000_000, 12_000_000
ANN, BOB, CAT = 1, 2, 3
SECOND_US = 1_000_000


def buy(owner: int, price: int, size: int, **terms: int) -> Ask:
    return Ask(owner, w.BUY, price, size, **terms)


def sell(owner: int, price: int, size: int, **terms: int) -> Ask:
    return Ask(owner, w.SELL, price, size, **terms)


@pytest.fixture
def pair() -> BookPair:
    return BookPair()


@pytest.mark.parametrize(
    ("bids", "asks", "reference", "price", "size"),
    [
        ([(10, 5)], [(11, 5)], 0, None, None),
        ([(10, 5)], [], 0, None, None),
        ([(11, 5)], [(9, 3)], 9, 11, 3),  # buyers are left over
        ([(11, 3)], [(9, 5)], 11, 9, 3),  # sellers are
        ([(11, 5)], [(9, 5)], 9, 9, 5),  # nobody is: the nearest to the last trade
        ([(11, 5)], [(9, 5)], 10, 9, 5),  # the lower of two
        ([(11, 5)], [(9, 5)], 99, 11, 5),
        ([(12, 2), (10, 2)], [(9, 2), (10, 2)], 0, 10, 4),  # most is traded
        ([(12, 2), (11, 1)], [(9, 2), (12, 9)], 0, 11, 2),  # least is left over, then buyers
    ],
)
def test_an_auction_finds_one_price(
    bids: list[tuple[int, int]],
    asks: list[tuple[int, int]],
    reference: int,
    price: int | None,
    size: int | None,
):
    clearing = clearing_of(bids, asks, reference)
    assert (clearing and clearing.price, clearing and clearing.size) == (price, size)


def test_in_an_auction_orders_rest_across_each_other_until_it_ends(pair: BookPair):
    pair.change(Rules(), w.AUCTION)
    pair.place(sell(ANN, P9, TWO))
    bid = pair.place(buy(BOB, P11, ONE))
    assert (bid.done, pair.book.trade_number) == (0, 0)
    clearing = indicative(pair.book)
    assert clearing is not None
    assert clearing == (P9, ONE)
    turn = pair.change(Rules(), w.OPEN)
    assert turn is not None
    assert [(c.price, c.size) for c in turn.crosses] == [(P9, ONE)]
    assert (bid.done, bid.filled_notional) == (w.FILLED, 9_000_000)
    assert indicative(pair.book) is None


def test_the_later_of_two_pays_as_the_taker(pair: BookPair):
    pair.change(Rules(), w.AUCTION)
    first = pair.place(buy(ANN, P10, ONE, maker_bps=10, taker_bps=30))
    second = pair.place(sell(BOB, P10, ONE, maker_bps=10, taker_bps=30))
    pair.change(Rules(), w.OPEN)
    assert (first.fees, second.fees) == (10_000, 30_000)


def test_prices_of_an_auction_that_self_trades_upset_still_leave_nobody_who_could_trade(
    pair: BookPair,
):
    pair.change(Rules(), w.AUCTION)
    pair.place(sell(ANN, P9, TWO))
    pair.place(buy(ANN, P12, TWO, self_trade=w.CB))
    pair.place(sell(BOB, P10, ONE))
    pair.place(buy(CAT, P10, ONE))
    pair.change(Rules(), w.OPEN)
    assert pair.book.trade_number == 1
    assert indicative(pair.book) is None


@pytest.mark.parametrize(
    ("state", "ask", "done"),
    [
        (w.POSTING, buy(ANN, P10, ONE), w.POST_ONLY),
        (w.POSTING, buy(ANN, P9, ONE), 0),
        (w.POSTING, buy(ANN, P9, ONE, time_in_force=w.IOC), w.NOT_OPEN),
        (w.POSTING, Ask(ANN, w.BUY, size=ONE), w.NOT_OPEN),
        (w.AUCTION, buy(ANN, P10, ONE), 0),
        (w.AUCTION, buy(ANN, P10, ONE, post_only=True), w.NOT_OPEN),
        (w.AUCTION, buy(ANN, P10, ONE, stop=w.LOSS, stop_price=P9), w.NOT_OPEN),
        (w.CANCELING, buy(ANN, P9, ONE), w.NOT_OPEN),
        (w.HALTED, buy(ANN, P9, ONE), w.NOT_OPEN),
    ],
)
def test_what_each_state_takes(pair: BookPair, state: int, ask: Ask, done: int):
    offer = pair.place(sell(BOB, P10, ONE))
    pair.change(Rules(), state)
    assert pair.place(ask).done == done
    assert pair.book.trade_number == 0
    assert pair.cancel(BOB, offer.id) is offer


def test_a_halt_ends_in_an_auction_and_the_auction_ends_by_itself(pair: BookPair):
    rules = Rules(auction_s=10)
    pair.change(rules, w.HALTED)
    pair.change(rules, w.OPEN)
    assert (pair.book.state, pair.book.next_due()) == (w.AUCTION, pair.now_us + 10 * SECOND_US)
    pair.place(sell(ANN, P10, ONE))
    ending = pair.place(buy(BOB, P10, ONE, time_in_force=w.GTT, expires_us=11 * SECOND_US))
    pair.pass_time(60 * SECOND_US)
    assert pair.book.state == w.OPEN
    assert ending.done == w.FILLED, "the auction ended before the order did"


def trade_at(pair: BookPair, price: int) -> None:
    pair.place(sell(ANN, price, ONE))
    pair.place(buy(BOB, price, ONE))


def test_the_breaker_lets_trades_go_so_far_and_no_further(pair: BookPair):
    rules = Rules(breaker_bps=1_000, breaker_window_s=60, breaker_pause_s=30, auction_s=30)
    trade_at(pair, P10)
    pair.change(rules)
    for price in (P11, P12):
        pair.place(sell(ANN, price, ONE))
    stop = pair.place(buy(CAT, P12, ONE, stop=w.ENTRY, stop_price=P11))
    taker = pair.place(buy(BOB, P12, FIVE))
    assert (pair.book.state, pair.book.last_price) == (w.HALTED, P11)
    assert (taker.done, taker.filled_size, stop.parked) == (0, ONE, True)
    pair.pass_time(30 * SECOND_US)
    assert (pair.book.state, taker.filled_size) == (w.AUCTION, ONE)
    pair.pass_time(30 * SECOND_US)
    assert (pair.book.state, taker.filled_size, stop.parked) == (w.OPEN, TWO, False)


def test_slow_prices_do_not_trip_the_breaker(pair: BookPair):
    trade_at(pair, P9)
    pair.change(Rules(breaker_bps=1_200, breaker_window_s=60))
    for price in (P10, P11, P12):
        pair.pass_time(60 * SECOND_US)
        trade_at(pair, price)
        assert pair.book.state == w.OPEN


def test_what_cannot_be_filled_within_the_breaker_is_killed_whole(pair: BookPair):
    trade_at(pair, P10)
    pair.change(Rules(breaker_bps=1_000, breaker_window_s=60))
    for price in (P11, P12):
        pair.place(sell(ANN, price, ONE))
    order = pair.place(buy(BOB, P12, TWO, time_in_force=w.FOK))
    assert (order.done, order.filled_size, pair.book.state) == (w.NOT_FILLABLE, 0, w.OPEN)


def test_the_band_follows_the_last_trade_and_holds_market_orders(pair: BookPair):
    pair.change(Rules(band_bps=1_000))
    far = pair.place(buy(BOB, P12, ONE))
    assert far.done == 0, "without a trade there is nothing to be far from"
    pair.cancel(BOB, far.id)
    trade_at(pair, P10)
    assert pair.place(buy(BOB, P12, ONE)).done == w.OUT_OF_BAND
    assert pair.place(buy(BOB, P9, ONE)).done == 0, "a buy may be as low as it likes"
    for price in (P11, P12):
        pair.place(sell(ANN, price, ONE))
    market = pair.place(Ask(CAT, w.BUY, size=TWO))
    assert (market.done, market.filled_size) == (w.NOT_FILLABLE, ONE)


@pytest.mark.parametrize(
    ("rules", "ask"),
    [
        (Rules(size_min=TWO), buy(ANN, P10, ONE)),
        (Rules(size_max=ONE), buy(ANN, P10, TWO)),
        (Rules(notional_min=P11), buy(ANN, P10, ONE)),
        (Rules(notional_max=P9), buy(ANN, P10, ONE)),
        (Rules(notional_max=P9), Ask(ANN, w.BUY, funds=P10)),
        (Rules(size_min=TWO), Ask(ANN, w.BUY, size=ONE)),
    ],
)
def test_limits_hold_for_every_kind_of_order(pair: BookPair, rules: Rules, ask: Ask):
    pair.change(rules)
    assert pair.place(ask).done == w.OUT_OF_LIMITS


def test_an_order_is_not_changed_out_of_the_limits(pair: BookPair):
    trade_at(pair, P10)
    order = pair.place(buy(ANN, P9, ONE))
    pair.change(Rules(size_max=TWO, band_bps=500))
    assert pair.amend(ANN, order.id, size=FIVE).refused == w.OUT_OF_LIMITS
    assert pair.amend(ANN, order.id, price=P11).refused == w.OUT_OF_BAND
    pair.change(Rules(), w.HALTED)
    assert pair.amend(ANN, order.id, price=P10).refused == w.NOT_OPEN
