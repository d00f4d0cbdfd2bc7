"""A plan as a careful buyer would make it by hand: the cheapest first.

The demands with the least to choose from come first; the share of removals before the rest. It is
what the solver is measured against, what is used without it, and what tops its plan up.
"""

from __future__ import annotations

from apps.orderbook.engine.book.money import BPS
from apps.orderbook.planning.allotment import allot
from apps.orderbook.planning.problem import Problem

ROUNDS_MAX = 60
ROUNDS_MIN = 6
# Demands times markets that all rounds together may look at.
_LOOKS_MAX = 4_000_000


def greedy(problem: Problem) -> list[int]:
    """What to buy in each market. Nothing, if it finds nothing that keeps to the rules."""
    target = problem.grams
    looks = sum(len(demand.markets) for demand in problem.demands)
    rounds = max(ROUNDS_MIN, min(ROUNDS_MAX, _LOOKS_MAX // max(1, looks)))
    for number in range(rounds):
        sizes = top_up(problem, [0] * len(problem.markets), target)
        if problem.is_sound(sizes):
            return sizes
        # Shares are of what is bought: where less can be had, less of each project may be.
        less = target * 9 // 10 if number < rounds // 2 else target // 2
        target = min(sum(sizes), less)
        if not target:
            break
    return [0] * len(problem.markets)


def top_up(problem: Problem, sizes: list[int], target: int) -> list[int]:
    """`sizes`, and whatever can be bought for those demands that they leave open.

    Shares are taken of `target`. What comes out is to be checked: it may break them.
    """
    buying = _Buying(problem, sizes, target)
    # What is bought of lots is a little more than what is asked for.
    wanted = target + sum(problem.lots)
    quota = -(-problem.rules.removals_min_bps * wanted // BPS)
    for only_removals in (True, False) if quota else (False,):
        for demand in problem.by_choice:
            room = quota - problem.removals(buying.sizes) if only_removals else problem.grams
            buying.fill(demand, room, only_removals)
    return buying.sizes


class _Buying:
    """What is bought so far, and who still needs some."""

    def __init__(self, problem: Problem, sizes: list[int], target: int) -> None:
        self._problem = problem
        self.sizes = list(sizes)
        allotted = allot(
            (m.taken(size) for m, size in zip(problem.markets, sizes, strict=True)),
            problem.demands,
        )
        self._open = allotted.open
        # Bought, and nobody's: by market. Its price does not matter any more.
        self._spare = [0] * len(sizes)
        for supply in allotted.supplies:
            self._spare[supply.market] += supply.left
        self._project_max = problem.rules.project_max_bps * target // BPS
        self._of_project = problem.by_project(self.sizes)
        total_max = problem.rules.total_max
        self._money = None if total_max is None else total_max - problem.cost(self.sizes)

    def fill(self, demand: int, room: int, only_removals: bool) -> None:
        """Buys at most `room` grams for a demand, level by level from the cheapest."""
        wanted = self._problem.demands[demand]
        markets = set(wanted.markets)
        for price, market, upto in self._problem.offers:
            need = min(self._open[demand], room)
            if need <= 0 or (wanted.price_max is not None and price > wanted.price_max):
                return
            if market not in markets or (upto <= self.sizes[market] and not self._spare[market]):
                continue
            if only_removals and not self._problem.markets[market].is_removal:
                continue
            got = self._from_market(market, need, upto)
            self._open[demand] -= got
            room -= got

    def _from_market(self, number: int, need: int, upto: int) -> int:
        """Takes what is spare, then buys whole lots up to the size `upto`. What it got."""
        spare = min(need, self._spare[number])
        self._spare[number] -= spare
        need -= spare
        lots = self._lots(number, need, upto) if need else 0
        if not lots:
            return spare
        market = self._problem.markets[number]
        before = self.sizes[number]
        self.sizes[number] += lots
        self._of_project[market.project] += lots
        if self._money is not None:
            self._money -= self._price_of(number, before, lots)
        got = min(need, lots)
        self._spare[number] += lots - got
        return spare + got

    def _lots(self, number: int, need: int, upto: int) -> int:
        """Grams in whole lots that can be bought for `need`; 0 if the market takes no such size."""
        market, bought = self._problem.markets[number], self.sizes[number]
        lot = market.size_increment
        size = max(-(-need // lot) * lot, market.size_least - bought)
        size = min(size, upto - bought, self._project_max - self._of_project[market.project])
        size -= size % lot
        if size <= 0 or bought + size < market.size_least:
            return 0
        if self._money is None or self._price_of(number, bought, size) <= self._money:
            return size
        size = self._affordable(number, size, lot)
        return size if bought + size >= market.size_least else 0

    def _affordable(self, number: int, size: int, lot: int) -> int:
        """The most lots that the money left buys: by halving."""
        assert self._money is not None
        low, high = 0, size // lot
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._price_of(number, self.sizes[number], middle * lot) <= self._money
            low, high = (middle, high) if fits else (low, middle - 1)
        return low * lot

    def _price_of(self, number: int, bought: int, more: int) -> int:
        """What `more` costs after `bought`, with fees."""
        market = self._problem.markets[number]
        return sum(
            sign * (market.notional(size) + market.fee(size))
            for sign, size in ((1, bought + more), (-1, bought))
        )
