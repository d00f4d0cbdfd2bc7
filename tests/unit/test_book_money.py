"""Notionals are exact, fees rounded down, and a hold always covers what comes out of it."""

from hypothesis import given
from hypothesis import strategies as st

from apps.orderbook.engine.book.money import affordable_size, fee_of, hold_of, notional_of
from apps.orderbook.engine.book.words import BUY, SELL

bps = st.integers(0, 9_999)


@given(st.integers(1, 10**9), st.integers(0, 10**12), bps, st.integers(1, 10**6))
def test_an_affordable_size_is_affordable_and_the_next_one_is_not(price, money, fee_bps, increment):
    price *= 1_000_000  # so that any size is exact

    def cost(size: int) -> int:
        notional = notional_of(price, size)
        return notional + fee_of(notional, fee_bps)

    size = affordable_size(price, money, fee_bps, increment)
    assert size % increment == 0
    assert cost(size) <= money < cost(size + increment)


@given(
    st.integers(1, 10**7),
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**7)), min_size=1, max_size=6),
    bps,
)
def test_a_buys_hold_covers_every_way_of_filling_it(price, parts, taker_bps):
    price *= 1_000_000
    remaining = sum(size for size, _ in parts)
    for size, better in parts:
        before = hold_of(BUY, price, remaining, taker_bps)
        remaining -= size
        released = before - hold_of(BUY, price, remaining, taker_bps)
        notional = notional_of(max(1, price - better), size)
        assert released >= notional + fee_of(notional, taker_bps)
    assert hold_of(BUY, price, remaining, taker_bps) == 0


@given(st.integers(1, 10**12), st.integers(0, 10**12), bps)
def test_a_sell_holds_what_remains_of_it(price, remaining, taker_bps):
    assert hold_of(SELL, price, remaining, taker_bps) == remaining


def test_a_fee_is_rounded_down():
    assert fee_of(9_999, 1) == 0
    assert fee_of(10_000, 1) == 1
    assert fee_of(19_999, 1) == 1
