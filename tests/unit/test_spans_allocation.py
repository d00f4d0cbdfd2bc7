"""Which grams are taken: plain arithmetic on addresses."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.registry.allocation import (
    TONNE,
    Grams,
    take_for_retirement,
    take_whole_tonnes,
    without,
)


@st.composite
def free_ranges(draw: st.DrawFn) -> list[Grams]:
    """Disjoint ranges, some touching, cut anywhere or at whole tonnes."""
    cut = st.one_of(st.integers(0, 12 * TONNE), st.integers(0, 12).map(lambda tonne: tonne * TONNE))
    cuts = sorted(draw(st.sets(cut, min_size=2, max_size=10)))
    ranges = [Grams(lower, upper) for lower, upper in pairwise(cuts)]
    kept = draw(st.lists(st.booleans(), min_size=len(ranges), max_size=len(ranges)))
    return [piece for piece, is_kept in zip(ranges, kept, strict=True) if is_kept]


def size(ranges: list[Grams]) -> int:
    return sum(piece.size for piece in ranges)


def check_taken(taken: list[Grams], free: list[Grams], amount: int) -> None:
    assert size(taken) == amount
    assert all(piece.size > 0 for piece in taken)
    for piece in taken:
        assert sum(r.lower <= piece.lower and piece.upper <= r.upper for r in free) == 1
    for one, other in pairwise(sorted(taken)):
        assert one.upper <= other.lower


@given(free_ranges(), st.integers(1, 13 * TONNE))
def test_a_retirement_takes_just_its_amount_of_what_is_free(free: list[Grams], amount: int) -> None:
    taken = take_for_retirement(free, amount)
    if size(free) < amount:
        assert taken is None
    else:
        assert taken is not None
        check_taken(taken, free, amount)


@given(free_ranges(), st.integers(1, 13))
def test_whole_tonnes_are_whole_serials(free: list[Grams], tonnes: int) -> None:
    taken = take_whole_tonnes(free, tonnes)
    wholes = sum(
        r.lower <= tonne * TONNE and (tonne + 1) * TONNE <= r.upper
        for r in free
        for tonne in range(13)
    )
    if wholes < tonnes:
        assert taken is None
    else:
        assert taken is not None
        check_taken(taken, free, tonnes * TONNE)
        assert all(piece.lower % TONNE == piece.upper % TONNE == 0 for piece in taken)


@given(st.lists(st.integers(1, 3 * TONNE), max_size=30))
def test_one_retirement_after_another_leaves_at_most_one_tonne_partly_used(
    amounts: list[int],
) -> None:
    free = [Grams(0, 20 * TONNE), Grams(20 * TONNE, 100 * TONNE)]
    for amount in amounts:
        taken = take_for_retirement(free, amount)
        assert taken is not None
        for piece in taken:
            free = without(free, piece)
        partly = {
            edge // TONNE for piece in free for edge in piece if edge % TONNE and edge < 100 * TONNE
        }
        assert len(partly) <= 1


def test_a_fraction_fills_the_tonne_that_the_last_one_began() -> None:
    free = [Grams(300_000, 5 * TONNE)]
    assert take_for_retirement(free, 200_000) == [Grams(300_000, 500_000)]
    assert take_for_retirement(free, 700_000) == [Grams(300_000, TONNE)]


def test_a_fraction_that_does_not_fit_goes_on_in_the_next_tonne() -> None:
    assert take_for_retirement([Grams(300_000, 5 * TONNE)], 900_000) == [
        Grams(300_000, TONNE + 200_000)
    ]


def test_a_whole_tonne_is_a_whole_serial_although_another_is_begun() -> None:
    free = [Grams(300_000, 5 * TONNE)]
    assert take_for_retirement(free, TONNE) == [Grams(TONNE, 2 * TONNE)]
    assert take_for_retirement(free, TONNE + 200_000) == [
        Grams(300_000, 500_000),
        Grams(TONNE, 2 * TONNE),
    ]


def test_pieces_of_two_touching_blocks_stay_apart() -> None:
    free = [Grams(0, 2 * TONNE), Grams(2 * TONNE, 4 * TONNE)]
    assert take_for_retirement(free, 3 * TONNE) == [
        Grams(0, 2 * TONNE),
        Grams(2 * TONNE, 3 * TONNE),
    ]


@given(free_ranges(), free_ranges())
def test_taking_away_and_what_is_left_are_all_there_was(
    ranges: list[Grams], gone: list[Grams]
) -> None:
    left = ranges
    for piece in gone:
        left = without(left, piece)
    both = sum(max(0, min(a.upper, b.upper) - max(a.lower, b.lower)) for a in ranges for b in gone)
    assert size(left) == size(ranges) - both
