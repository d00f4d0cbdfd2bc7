"""From a problem to a plan: the solver's if it is better than the greedy one, and by how much.

Whatever the solver's floats say, a plan is judged in integers: what it buys are whole lots that the
markets take, the rules of the order hold exactly, and grams are allotted one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from apps.orderbook.engine.book.money import BPS
from apps.orderbook.planning.allotment import Allotment, allot
from apps.orderbook.planning.greedy import greedy, top_up
from apps.orderbook.planning.problem import Demand, Market, Problem
from apps.orderbook.planning.program import Program

TIME_LIMIT_S: Final = 3.0
MENDS_MAX: Final = 500

SOLVED, GREEDY, CHOSEN = "solved", "greedy", "chosen"
# Why a plan is the greedy one.
TOO_LARGE, NO_TIME, NO_BETTER = "too_large", "no_time", "no_better"
# Why a demand is not filled whole.
NO_MARKET, PRICE, DEPTH = "no_market", "price", "depth"
TOTAL, SHARES, LOTS = "total", "shares", "lots"
NOT_CHOSEN = "not_chosen"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Grams of a demand, by its place, that the plan leaves open, and why."""

    demand: int
    grams: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to buy in each market, by its place, and what came of it.

    `gap_ppm` is how much better any plan could be at most, in millionths of this one; None where
    nobody knows. `greedy_cost` and `greedy_filled` are those of the greedy plan.
    """

    sizes: tuple[int, ...]
    cost: int
    fees: int
    filled: int
    method: str
    notice: str
    gap_ppm: int | None
    greedy_cost: int
    greedy_filled: int
    shortfalls: tuple[Shortfall, ...]

    @property
    def saving(self) -> int | None:
        """What it costs less than the greedy plan; None where they do not fill the same."""
        return self.greedy_cost - self.cost if self.filled == self.greedy_filled else None


def plan(problem: Problem, *, time_limit_s: float = TIME_LIMIT_S) -> Plan:
    """The best plan found. HiGHS is given `time_limit_s` twice: for the relaxed and the whole."""
    first = greedy(problem)
    allotted = _allot(problem, first)
    score = problem.score(first, allotted.filled)
    greedy_cost, greedy_filled = problem.cost(first), allotted.filled
    best, method, notice, bound = first, GREEDY, NO_BETTER, None
    program = Program(problem)
    if not program.is_small_enough:
        notice = TOO_LARGE if program.pairs else ""
    elif (solved := program.solve(time_limit_s)) is None:
        notice = NO_TIME
    else:
        bound = solved.bound
        sizes = mended(problem, solved.sizes)
        if problem.is_sound(sizes):
            theirs = _allot(problem, sizes)
            if (found := problem.score(sizes, theirs.filled)) <= score:
                best, allotted, score, method, notice = sizes, theirs, found, SOLVED, ""
    gap_ppm = None
    if bound is not None:
        gap_ppm = max(0, round((score - bound) * 1_000_000 / max(score, 1)))
    return Plan(
        sizes=tuple(best),
        cost=problem.cost(best),
        fees=sum(m.fee(size) for m, size in zip(problem.markets, best, strict=True)),
        filled=allotted.filled,
        method=method,
        notice=notice,
        gap_ppm=gap_ppm,
        greedy_cost=greedy_cost,
        greedy_filled=greedy_filled,
        shortfalls=tuple(_shortfalls(problem, best, allotted)),
    )


def chosen(problem: Problem, sizes: list[int]) -> Plan:
    """The plan to buy just that, which somebody chose by hand. `sizes` are sound."""
    allotted = _allot(problem, sizes)
    cost = problem.cost(sizes)
    return Plan(
        sizes=tuple(sizes),
        cost=cost,
        fees=sum(m.fee(size) for m, size in zip(problem.markets, sizes, strict=True)),
        filled=allotted.filled,
        method=CHOSEN,
        notice=CHOSEN,
        gap_ppm=None,
        greedy_cost=cost,
        greedy_filled=allotted.filled,
        shortfalls=tuple(
            Shortfall(number, grams, NOT_CHOSEN)
            for number, grams in enumerate(allotted.open)
            if grams
        ),
    )


def mended(problem: Problem, sizes: list[int]) -> list[int]:
    """`sizes` without the few lots by which rounding broke rules, and topped up if that is better.

    What comes out may be unsound all the same.
    """
    sizes = list(sizes)
    for _time in range(MENDS_MAX):
        broken = problem.broken_rules(sizes)
        if not broken or not _lot_dropped(problem, sizes, broken[0]):
            break
    topped = top_up(problem, sizes, max(sum(sizes), problem.grams))
    # A lot for a few grams may cost more than they are worth.
    is_better = problem.is_sound(topped) and _score(problem, topped) < _score(problem, sizes)
    return topped if is_better else sizes


def _lot_dropped(problem: Problem, sizes: list[int], rule: str) -> bool:
    """Takes back the dearest lot of those that break the rule. False if there is none."""
    markets = [number for number, size in enumerate(sizes) if size]
    if rule == "removals":
        markets = [number for number in markets if not problem.markets[number].is_removal]
    elif rule == "project":
        of_project = problem.by_project(sizes)
        most = max(of_project, key=lambda project: of_project[project])
        markets = [number for number in markets if problem.markets[number].project == most]
    if not markets:
        return False
    dearest = max(markets, key=lambda number: problem.markets[number].price_at(sizes[number]))
    market = problem.markets[dearest]
    left = sizes[dearest] - market.size_increment
    sizes[dearest] = left if left >= market.size_least else 0
    return True


def _score(problem: Problem, sizes: list[int]) -> int:
    return problem.score(sizes, _allot(problem, sizes).filled)


def _allot(problem: Problem, sizes: list[int]) -> Allotment:
    taken = [m.taken(size) for m, size in zip(problem.markets, sizes, strict=True)]
    return allot(taken, problem.demands)


def _shortfalls(problem: Problem, sizes: list[int], allotted: Allotment) -> list[Shortfall]:
    return [
        Shortfall(number, grams, _reason(problem, problem.demands[number], sizes))
        for number, grams in enumerate(allotted.open)
        if grams
    ]


def _reason(problem: Problem, demand: Demand, sizes: list[int]) -> str:
    """What stands in the way of more for this demand."""
    if not demand.markets:
        return NO_MARKET
    markets = [(problem.markets[number], sizes[number]) for number in demand.markets]
    open_markets = [
        (market, size)
        for market, size in markets
        if market.depth_to(demand.price_max) >= size + market.size_increment
        and market.depth >= market.size_least
    ]
    if not open_markets:
        is_dearer = any(market.depth > market.depth_to(demand.price_max) for market, _ in markets)
        return PRICE if is_dearer else DEPTH
    total_max = problem.rules.total_max
    if total_max is not None:
        more = min(_next_lot(market, size) for market, size in open_markets)
        if problem.cost(sizes) + more > total_max:
            return TOTAL
    rules = problem.rules
    has_shares = rules.removals_min_bps > 0 or rules.project_max_bps < BPS
    return SHARES if has_shares else LOTS


def _next_lot(market: Market, size: int) -> int:
    bigger = max(size + market.size_increment, market.size_least)
    notional = market.notional(bigger) - market.notional(size)
    return notional + notional * market.taker_bps // BPS
