"""Where a bulk order waits: never more of a line, and never more money, than there is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.orderbook.planning.allotment import allot
from apps.orderbook.planning.problem import Demand, Level
from apps.orderbook.planning.resting import Book, Place, Wish, spread, worst_of

KILOGRAM = 1_000
TONNE = 1_000_000
CENT = 10_000
EVER = 1 << 62
PLENTY = 10**15


def book(*offers: tuple[int, int], **terms: int) -> Book:
    """A market of kilograms, with offers as (price, tonnes)."""
    fields = {
        "size_increment": KILOGRAM, "size_min": KILOGRAM, "notional_min": 0, "notional_max": EVER,
        "taker_bps": 0, "room": EVER, **terms,
    }  # fmt: skip
    levels = tuple(Level(price * TONNE, tonnes * TONNE) for price, tonnes in offers)
    return Book(levels=levels, **fields)  # type: ignore[arg-type]


def wish(tonnes: float, *limits: tuple[int, int]) -> Wish:
    """So many tonnes, with limits as (book, price)."""
    return Wish(int(tonnes * TONNE), {place: price * TONNE for place, price in limits})


def tonnes(found: dict[Place, int]) -> dict[tuple[int, int], float]:
    return {(place.book, place.price // TONNE): size / TONNE for place, size in found.items()}


def test_what_is_on_offer_comes_first_and_the_rest_waits_in_equal_parts() -> None:
    books = [book((4, 2), (9, 50)), book(), book()]
    found = spread(books, [wish(11, (0, 5), (1, 6), (2, 6))], PLENTY)
    assert tonnes(found) == {(0, 5): 5, (1, 6): 3, (2, 6): 3}


def test_each_line_waits_at_its_own_price_and_a_bound_one_goes_first() -> None:
    found = spread([book(), book()], [wish(2, (0, 5), (1, 7)), wish(3, (0, 4))], PLENTY)
    assert tonnes(found) == {(0, 5): 1, (1, 7): 1, (0, 4): 3}


def test_the_money_is_enough_for_all_of_it_at_its_limits() -> None:
    books = [book(taker_bps=100), book()]
    found = spread(books, [wish(10, (0, 5), (1, 5))], 30 * TONNE)
    worth = sum(worst_of(at.price, size, books[at.book].taker_bps) for at, size in found.items())
    assert 29 * TONNE < worth <= 30 * TONNE


def test_room_and_the_least_order_of_a_market_are_kept_to() -> None:
    books = [book(room=TONNE), book(notional_min=40 * TONNE)]
    assert tonnes(spread(books, [wish(10, (0, 5), (1, 5))], PLENTY)) == {(0, 5): 1, (1, 5): 9}
    assert tonnes(spread(books, [wish(7, (0, 5), (1, 5))], PLENTY)) == {(0, 5): 1}


def test_lots_beyond_one_line_are_the_next_one_s() -> None:
    lots = book(size_increment=TONNE, size_min=TONNE)
    found = spread([lots], [wish(0.4, (0, 5)), wish(0.5, (0, 5)), wish(0.3, (0, 5))], PLENTY)
    assert tonnes(found) == {(0, 5): 2}


def test_a_line_waits_in_eight_markets_at_most_and_stays_where_it_waits() -> None:
    books = [book(is_used=at >= 12) for at in range(20)]
    found = spread(books, [wish(8, *((at, 5) for at in range(20)))], PLENTY)
    assert {place.book for place in found} == set(range(12, 20))
    assert spread(books, [Wish(0, {})], PLENTY) == {}


prices = st.integers(1, 300).map(lambda price: price * CENT)
books = st.lists(
    st.builds(
        Book,
        levels=st.lists(
            st.builds(Level, prices, st.integers(1, 50).map(lambda n: n * KILOGRAM)), max_size=3
        ).map(tuple),
        size_increment=st.sampled_from([KILOGRAM, 100 * KILOGRAM, TONNE]),
        size_min=st.sampled_from([KILOGRAM, 250 * KILOGRAM]),
        notional_min=st.sampled_from([0, TONNE]),
        notional_max=st.just(EVER),
        taker_bps=st.integers(0, 100),
        room=st.sampled_from([EVER, 3 * TONNE]),
        is_used=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60)
@given(
    books=books,
    asked=st.lists(
        st.tuples(st.integers(1, 5_000_000), st.dictionaries(st.integers(0, 4), prices)), max_size=5
    ),
    money=st.integers(0, 10**8),
)
def test_whatever_fills_no_line_gets_too_much_and_no_total_is_passed(
    books: list[Book], asked: list[tuple[int, dict[int, int]]], money: int
) -> None:
    wishes = [
        Wish(grams, {at: price for at, price in limits.items() if at < len(books)})
        for grams, limits in asked
    ]
    found = spread(books, wishes, money)
    assert found == spread(books, wishes, money)
    worth = sum(worst_of(at.price, size, books[at.book].taker_bps) for at, size in found.items())
    assert worth <= money
    for place, size in found.items():
        market = books[place.book]
        assert size % market.size_increment == 0
        assert size >= market.least(place.price)
    for at, market in enumerate(books):
        assert sum(size for place, size in found.items() if place.book == at) <= market.room
    places = sorted(found)
    demands = tuple(
        Demand(
            wish.grams,
            tuple(n for n, at in enumerate(places) if at.price <= wish.limits.get(at.book, 0)),
        )
        for wish in wishes
    )
    filled = allot([[Level(at.price, found[at])] for at in places], demands).filled
    lots = sum(max(books[at.book].size_increment, books[at.book].least(at.price)) for at in places)
    assert sum(found.values()) - lots <= filled <= sum(wish.grams for wish in wishes)
