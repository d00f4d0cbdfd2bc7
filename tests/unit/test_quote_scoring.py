"""Points of quotes: price, coverage, certainty and quality, in whole basis points."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.orderbook.planning.scoring import CERTAIN_S, Points, Served, points_of

NOTHING = Served(0, 0, 0, 0, 0, 0, CERTAIN_S)


def served(filled: int, cost: int, **terms: int) -> Served:
    usual = {"removals": 0, "labelled": 0, "rated": 0, "stands_s": 0, "bought": filled}
    return Served(filled=filled, cost=cost, **(usual | terms))


def test_the_cheapest_has_all_points_of_price_and_twice_as_dear_half() -> None:
    cheap, dear = points_of([served(100, 300), served(50, 300)], asked=200)
    assert cheap == Points(10_000, 5_000, 0, 0)
    assert dear == Points(5_000, 2_500, 0, 0)
    assert (cheap.total, dear.total) == (6_500, 3_250)


def test_certainty_is_full_after_a_day_and_quality_for_all_three() -> None:
    best = {"removals": 10, "labelled": 10, "rated": 10, "stands_s": 2 * CERTAIN_S}
    [whole] = points_of([served(10, 1, **best)], asked=10)
    assert (whole, whole.total) == (Points(10_000, 10_000, 10_000, 10_000), 10_000)
    [half] = points_of([served(10, 1, labelled=10, stands_s=CERTAIN_S // 2)], asked=10)
    assert (half.certainty, half.quality) == (5_000, 3_333)


def test_what_fills_nothing_has_no_points_and_is_nobodys_cheapest() -> None:
    nothing, some = points_of([NOTHING, served(1, 7)], asked=1)
    assert (nothing, some.price) == (Points(0, 0, 0, 0), 10_000)
    assert points_of([NOTHING], asked=1) == [nothing]


@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(1, 10**18)), min_size=1, max_size=8))
def test_points_are_never_more_than_all_and_a_dearer_average_never_has_more(
    offers: list[tuple[int, int]],
) -> None:
    asked = max(1, *(filled for filled, _ in offers))
    every = [served(filled, cost) if filled else NOTHING for filled, cost in offers]
    found = points_of(every, asked=asked)
    assert all(0 <= points.total <= 10_000 for points in found)
    by_price = sorted(
        (one.cost / one.filled, -points.price)
        for one, points in zip(every, found, strict=True)
        if one.filled
    )
    assert all(a[1] <= b[1] + 1 for a, b in pairwise(by_price))
