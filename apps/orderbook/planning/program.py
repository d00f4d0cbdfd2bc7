"""A bulk order as a mixed-integer linear program, solved by HiGHS.

Sizes in the program are floats of a unit that keeps them small; what comes out is made whole lots
again and judged in integers (`planning.plan`). The variables are, in their order: what each demand
gets of each market, what is bought of each level, the lots bought in each market, whether anything
is bought in markets that take no less than several lots, and what stays unfilled.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from math import ceil, inf
from typing import Any, NamedTuple

from apps.orderbook.engine.book.money import BPS, MICRO
from apps.orderbook.planning.problem import Problem

# Beyond, building and solving take longer than anybody waits.
PAIRS_MAX = 300_000
LIMIT_TERMS_MAX = 2_000_000
# A lot that is a smaller part of the whole needs no integers: rounding up costs next to nothing.
FINE_LOTS = 1_000_000
REL_GAP = 1e-6
# HiGHS' own tolerance, in units: a ten-thousandth of a lot must not look like nothing.
UNITS_MAX = 10_000_000

Term = tuple[int, float]


class Solved(NamedTuple):
    """What to buy in each market, and what no plan scores below (as `Problem.score`)."""

    sizes: list[int]
    bound: float


class Program:
    """The rows and columns of one problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.markets = [
            number
            for number, market in enumerate(problem.markets)
            if market.depth >= market.size_least and market.levels
        ]
        usable = set(self.markets)
        self.pairs = [
            (number, market)
            for number, demand in enumerate(problem.demands)
            for market in demand.markets
            if market in usable
        ]
        smallest = min((problem.markets[m].size_increment for m in self.markets), default=1)
        self.unit = max(smallest, problem.grams // UNITS_MAX, 1)
        self._rows: list[tuple[list[Term], float, float]] = []
        self._cost: list[float] = []
        self._upper: list[float] = []
        self._whole: list[int] = []

    @property
    def is_small_enough(self) -> bool:
        return 0 < len(self.pairs) <= PAIRS_MAX and self._limit_terms() <= LIMIT_TERMS_MAX

    def _limit_terms(self) -> int:
        """How much there is to be said of limits of price: each holds back all below it."""
        limits: dict[int, set[int | None]] = {}
        columns: dict[int, int] = {}
        for number, market in self.pairs:
            limits.setdefault(market, set()).add(self.problem.demands[number].price_max)
            columns[market] = columns.get(market, 0) + 1
        return sum(len(limits[market]) * columns[market] for market in columns)

    def solve(self, time_limit_s: float) -> Solved | None:
        """None if nothing was found in time."""
        self._columns()
        self._link()
        self._keep_rules()
        relaxed = self._run(self._cost, time_limit_s, whole=False)
        if relaxed is None or relaxed.x is None:
            return None
        bound = relaxed.fun
        found = relaxed
        if any(self._whole):
            # The constant part of the score is left out, or the gap would be one to it.
            self._upper_bound_of_filling(relaxed.x[-1])
            found = self._run(self._cost, time_limit_s, whole=True)
            if found is None or found.x is None:
                return None
            if found.mip_dual_bound is not None:
                bound = max(bound, found.mip_dual_bound)
        return Solved(self._sizes(found.x), bound * self.unit * MICRO)

    def _columns(self) -> None:
        """What each variable costs, at most is, and whether it is whole."""
        problem, unit = self.problem, self.unit
        for place, number in self.pairs:
            grams = problem.demands[place].grams
            self._column(0, min(grams, problem.markets[number].depth) / unit)
        self.first_level: dict[int, int] = {}
        for number in self.markets:
            market = problem.markets[number]
            self.first_level[number] = len(self._cost)
            for level in market.levels:
                price = level.price * (1 + market.taker_bps / BPS) / MICRO
                self._column(price, level.size / unit)
        self.lots: dict[int, int] = {}
        for number in self.markets:
            market = problem.markets[number]
            is_coarse = market.size_increment * FINE_LOTS > problem.grams
            self.lots[number] = self._column(0, market.depth // market.size_increment, is_coarse)
        self.used = {
            number: self._column(0, 1, True)
            for number in self.markets
            if problem.markets[number].size_least > problem.markets[number].size_increment
        }
        self.unfilled = self._column(problem.shortfall_price / MICRO, problem.grams / unit)

    def _column(self, cost: float, upper: float, is_whole: bool = False) -> int:
        self._cost.append(cost)
        self._upper.append(upper)
        self._whole.append(int(is_whole))
        return len(self._cost) - 1

    def _row(self, terms: Iterable[Term], lower: float, upper: float) -> None:
        self._rows.append((list(terms), lower, upper))

    def _link(self) -> None:
        """Demands get what is bought, in markets that take such sizes."""
        of_market: dict[int, list[int]] = {number: [] for number in self.markets}
        of_demand: list[list[int]] = [[] for _ in self.problem.demands]
        for column, (number, market) in enumerate(self.pairs):
            of_market[market].append(column)
            of_demand[number].append(column)
        for number, columns in enumerate(of_demand):
            upper = self.problem.demands[number].grams / self.unit
            self._row([(column, 1) for column in columns], 0, upper)
        for number in self.markets:
            self._link_market(number, of_market[number])
        everything = [(column, 1.0) for column in range(len(self.pairs))]
        total = self.problem.grams / self.unit
        self._row([*everything, (self.unfilled, 1)], total, total)

    def _link_market(self, number: int, columns: list[int]) -> None:
        market, first = self.problem.markets[number], self.first_level[number]
        levels = [(first + place, 1.0) for place in range(len(market.levels))]
        lot = market.size_increment / self.unit
        self._row([*levels, (self.lots[number], -lot)], 0, 0)
        if number in self.used:
            least, most = market.size_least / self.unit, market.depth / self.unit
            self._row([*levels, (self.used[number], -least)], 0, inf)
            self._row([*levels, (self.used[number], -most)], -inf, 0)
        # Whoever pays no more than a limit shares what is bought up to it.
        limits = {self.problem.demands[self.pairs[column][0]].price_max for column in columns}
        for limit in limits:
            within = [column for column in columns if self._is_within(column, limit)]
            offered = [
                (first + place, -1.0)
                for place, level in enumerate(market.levels)
                if limit is None or level.price <= limit
            ]
            self._row([*((column, 1.0) for column in within), *offered], -inf, 0)

    def _is_within(self, column: int, limit: int | None) -> bool:
        price_max = self.problem.demands[self.pairs[column][0]].price_max
        return limit is None or (price_max is not None and price_max <= limit)

    def _keep_rules(self) -> None:
        rules, problem = self.problem.rules, self.problem
        levels = [
            (self.first_level[number] + place, number)
            for number in self.markets
            for place in range(len(problem.markets[number].levels))
        ]
        if rules.total_max is not None:
            spent = [(column, self._cost[column]) for column, _number in levels]
            self._row(spent, 0, rules.total_max / self.unit)
        if rules.removals_min_bps:
            share = rules.removals_min_bps / BPS
            removals = [
                (column, problem.markets[number].is_removal - share) for column, number in levels
            ]
            self._row(removals, 0, inf)
        if rules.project_max_bps < BPS:
            share = rules.project_max_bps / BPS
            for project in {problem.markets[number].project for number in self.markets}:
                of_project = [
                    (column, (problem.markets[number].project == project) - share)
                    for column, number in levels
                ]
                self._row(of_project, -inf, 0)

    def _upper_bound_of_filling(self, unfilled: float) -> None:
        """No plan leaves less open than the one that may split lots."""
        missing = max(0.0, unfilled)
        self._row([(self.unfilled, 1)], missing - 1e-7 * max(1.0, missing), inf)

    def _run(self, cost: list[float], time_limit_s: float, *, whole: bool) -> Any:
        # Late: only workers plan, and it is larger than all the rest of them.
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        starts = [0, *accumulate(len(terms) for terms, _lower, _upper in self._rows)]
        columns = [column for terms, _lower, _upper in self._rows for column, _value in terms]
        values = [value for terms, _lower, _upper in self._rows for _column, value in terms]
        shape = (len(self._rows), len(cost))
        lowers, uppers = ([row[side] for row in self._rows] for side in (1, 2))
        return milp(
            cost,
            constraints=LinearConstraint(
                csr_array((values, columns, starts), shape=shape), lowers, uppers
            ),
            bounds=Bounds(0, self._upper),
            integrality=self._whole if whole else None,
            options={"time_limit": time_limit_s, "mip_rel_gap": REL_GAP},
        )

    def _sizes(self, values: Any) -> list[int]:
        """Whole lots, rounded up where the program split them."""
        sizes = [0] * len(self.problem.markets)
        for number in self.markets:
            market = self.problem.markets[number]
            lots = ceil(values[self.lots[number]] - 1e-5)
            size = max(0, lots) * market.size_increment
            if size:
                sizes[number] = min(max(size, market.size_least), market.depth)
        return sizes
