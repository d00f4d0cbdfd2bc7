"""Schedules of fees, and what a maker pays or gets."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orderbook.engine.book.money import fee_of, maker_fee_of
from apps.orderbook.engine.fees import NOBODY, Rates, Schedule, Standing, Tier

SCHEDULE = Schedule(
    Rates(10, 30), (Tier(1_000, None, 5, 25), Tier(5_000, 700, 0, 20), Tier(None, 900, -3, 10))
)


@pytest.mark.parametrize(
    ("standing", "tier", "rates"),
    [
        (NOBODY, 0, (10, 30)),
        (Standing(999, 699), 0, (10, 30)),
        (Standing(1_000, 0), 1, (5, 25)),
        (Standing(0, 700), 2, (0, 20)),
        (Standing(5_000, 0), 2, (0, 20)),
        (Standing(10**15, 899), 2, (0, 20)),
        (Standing(0, 900), 3, (-3, 10)),
    ],
)
def test_the_best_tier_that_is_reached_either_way_counts(
    standing: Standing, tier: int, rates: tuple[int, int]
):
    assert SCHEDULE.tier_of(standing) == tier
    assert SCHEDULE.rates_of(standing) == rates


@given(st.integers(1, 10**15), st.integers(-9_999, 9_999), st.integers(0, 9_999))
def test_a_rebate_is_rounded_down_and_never_more_than_the_taker_pays(
    notional: int, maker_bps: int, taker_bps: int
):
    taker_fee = fee_of(notional, taker_bps)
    maker_fee = maker_fee_of(notional, maker_bps, taker_fee)
    exact = Fraction(notional * maker_bps, 10_000)
    assert taker_fee + maker_fee >= 0
    if maker_bps >= 0:
        assert maker_fee == fee_of(notional, maker_bps)
    else:
        assert exact <= maker_fee <= 0
        assert maker_fee - exact < 1 or maker_fee == -taker_fee
