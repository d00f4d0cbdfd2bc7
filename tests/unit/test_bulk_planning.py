"""Plans of bulk orders: exact, within the rules, never worse than greedy, and the best there is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.orderbook.planning import planner
from apps.orderbook.planning.allotment import allot
from apps.orderbook.planning.greedy import greedy
from apps.orderbook.planning.planner import plan
from apps.orderbook.planning.problem import Demand, Problem, Rules
from benchmarks.bulk_books import SHAPES, problem_of
from tests.support.bulk_problems import (
    TONNE,
    UNIT,
    best_score,
    filled_by_cuts,
    filled_by_flow,
    market_make,
    problems,
)

few = settings(max_examples=60, deadline=None)


@few
@given(problems())
def test_a_plan_is_as_good_as_the_best_of_all(problem: Problem) -> None:
    made = plan(problem)
    score, best = problem.score(list(made.sizes), made.filled), best_score(problem)
    # Fees are floors, of which the solver knows nothing: a micro-unit a level.
    assert best <= score <= best + best // 100_000 + 10 * UNIT


@few
@given(problems())
def test_a_plan_keeps_to_the_rules_and_is_never_worse_than_greedy(problem: Problem) -> None:
    made, by_hand = plan(problem), greedy(problem)
    assert problem.is_sound(by_hand)
    assert problem.is_sound(list(made.sizes))
    theirs = problem.score(by_hand, filled_by_flow(problem, by_hand))
    assert problem.score(list(made.sizes), made.filled) <= theirs
    assert made.filled + sum(short.grams for short in made.shortfalls) == problem.grams


@few
@given(problems(), st.data())
def test_as_many_grams_are_allotted_as_the_smallest_cut_lets_through(
    problem: Problem, data: st.DataObject
) -> None:
    sizes = [
        data.draw(st.integers(0, market.depth // market.size_increment)) * market.size_increment
        for market in problem.markets
    ]
    assert filled_by_flow(problem, sizes) == filled_by_cuts(problem, sizes)


@few
@given(problems())
def test_nobody_gets_what_does_not_suit_them_nor_more_than_there_is(problem: Problem) -> None:
    sizes = [market.depth for market in problem.markets]
    taken = [list(m.taken(size)) for m, size in zip(problem.markets, sizes, strict=True)]
    found = allot(taken, problem.demands)
    got = [0] * len(problem.demands)
    for supply in found.supplies:
        for number, grams in supply.given.items():
            demand = problem.demands[number]
            assert supply.market in demand.markets
            assert demand.price_max is None or supply.price_max <= demand.price_max
            assert grams > 0
            got[number] += grams
    wanted = [demand.grams for demand in problem.demands]
    assert [had + lacks for had, lacks in zip(got, found.open, strict=True)] == wanted
    for market, size in enumerate(sizes):
        given_away = sum(
            sum(supply.given.values()) for supply in found.supplies if supply.market == market
        )
        assert given_away <= size


def test_a_demand_that_can_choose_leaves_the_cheap_credits_to_one_that_cannot() -> None:
    # By hand one takes the cheapest for the first; the second then pays 9 for what cost 1.
    cheap, dear = market_make((1, 10), (9, 10)), market_make((2, 20), project=2)
    demands = (Demand(10 * TONNE, (0, 1)), Demand(10 * TONNE, (0,)), Demand(5 * TONNE, (1,)))
    made = plan(Problem((cheap, dear), demands))
    assert made.sizes == (10 * TONNE, 15 * TONNE)
    assert made.cost == 40 * UNIT
    assert not made.shortfalls


def test_shares_hold_for_what_is_bought() -> None:
    markets = (
        market_make((1, 100)),
        market_make((2, 100), project=2),
        market_make((9, 100), project=3, is_removal=True),
    )
    rules = Rules(removals_min_bps=1_000, project_max_bps=6_000)
    made = plan(Problem(markets, (Demand(100 * TONNE, (0, 1, 2)),), rules))
    assert made.sizes == (60 * TONNE, 30 * TONNE, 10 * TONNE)
    assert made.saving is not None
    assert made.saving >= 0


def test_money_that_is_short_buys_what_it_can_and_fees_count() -> None:
    market = market_make((10, 100), taker_bps=100)
    demand = Demand(100 * TONNE, (0,))
    made = plan(Problem((market,), (demand,), Rules(total_max=505 * UNIT)))
    assert made.sizes == (50 * TONNE,)
    assert (made.cost, made.fees) == (505 * UNIT, 5 * UNIT)
    assert [(short.grams, short.reason) for short in made.shortfalls] == [
        (50 * TONNE, planner.TOTAL)
    ]


def test_what_cannot_be_filled_is_said_with_its_reason() -> None:
    markets = (market_make((5, 10)), market_make((1, 3), project=2))
    demands = (
        Demand(1 * TONNE, ()),
        Demand(2 * TONNE, (0,), price_max=4 * UNIT),
        Demand(5 * TONNE, (1,)),
    )
    made = plan(Problem(markets, demands))
    assert {(short.demand, short.grams, short.reason) for short in made.shortfalls} == {
        (0, 1 * TONNE, planner.NO_MARKET),
        (1, 2 * TONNE, planner.PRICE),
        (2, 2 * TONNE, planner.DEPTH),
    }


def test_parts_of_a_lot_are_bought_once_for_all_who_share_them() -> None:
    market = market_make((5, 10))
    demands = (Demand(TONNE // 2, (0,)), Demand(TONNE // 3, (0,), price_max=9 * UNIT))
    made = plan(Problem((market,), demands))
    assert made.sizes == (TONNE,)
    assert made.filled == TONNE // 2 + TONNE // 3


def test_a_market_that_takes_no_small_orders_gets_one_of_its_smallest_or_none() -> None:
    markets = (market_make((1, 50), size_min=20 * TONNE), market_make((3, 50), project=2))
    made = plan(Problem(markets, (Demand(2 * TONNE, (0, 1)),)))
    assert made.sizes == (0, 2 * TONNE)
    made = plan(Problem(markets, (Demand(8 * TONNE, (0, 1)),)))
    assert made.sizes == (20 * TONNE, 0)


def test_a_lot_that_costs_more_than_its_few_grams_are_worth_is_left() -> None:
    # A tonne at 1 for a tenth of one that counts ten times as much: just not.
    problem = Problem((market_make((1, 1)),), (Demand(99_988, (0,)),))
    made = plan(problem)
    assert made.sizes == (0,)
    assert [(short.grams, short.reason) for short in made.shortfalls] == [(99_988, planner.LOTS)]


def test_without_an_answer_of_the_solver_the_plan_is_the_greedy_one_and_says_so() -> None:
    problem = problem_of(SHAPES[1])
    made = plan(problem, time_limit_s=0.0)
    assert (made.method, made.notice) == (planner.GREEDY, planner.NO_TIME)
    assert list(made.sizes) == greedy(problem)
    assert made.gap_ppm is None


def test_nothing_on_offer_is_a_plan_that_buys_nothing() -> None:
    made = plan(Problem((), (Demand(TONNE, ()),)))
    assert (made.sizes, made.filled, made.cost, made.notice) == ((), 0, 0, "")
    assert [short.reason for short in made.shortfalls] == [planner.NO_MARKET]


def test_the_written_down_books_are_planned_within_the_rules_and_no_worse_than_greedy() -> None:
    for shape in SHAPES[:12:3]:
        problem = problem_of(shape)
        made = plan(problem)
        assert problem.is_sound(list(made.sizes)), shape.name
        assert made.filled >= made.greedy_filled, shape.name
        assert made.saving is None or made.saving >= 0, shape.name
        assert made.gap_ppm is not None
        assert made.gap_ppm <= 100, shape.name
