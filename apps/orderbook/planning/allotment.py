"""Who gets which of the grams that were bought: as many as can be had, to the gram.

Demands draw from what was bought in the markets that suit them, at prices that they pay. Which
demand gets what is a flow in a bipartite graph; the largest is found by augmenting paths
(Ford and Fulkerson), in whole grams throughout.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from apps.orderbook.planning.problem import Demand, Level

# What is usable without regard to price comes behind every price.
NO_LIMIT = 1 << 63


@dataclass(slots=True)
class Supply:
    """Grams of one market that the same demands can use. `given` is by the places of demands."""

    market: int
    price_max: int
    left: int
    given: dict[int, int] = field(default_factory=dict)


def supplies_of(taken: Iterable[Iterable[Level]], demands: Iterable[Demand]) -> list[Supply]:
    """What was bought in each market, cut at the highest prices that demands pay."""
    limits: dict[int, set[int]] = {}
    for demand in demands:
        limit = NO_LIMIT if demand.price_max is None else demand.price_max
        for market in demand.markets:
            limits.setdefault(market, set()).add(limit)
    found = []
    for market, levels in enumerate(taken):
        steps = sorted(limits.get(market, ()))
        sizes = [0] * len(steps)
        for level in levels:
            step = bisect_left(steps, level.price)
            if step < len(steps):
                sizes[step] += level.size
        found += [
            Supply(market, limit, size) for limit, size in zip(steps, sizes, strict=True) if size
        ]
    return found


class Allotment:
    """The largest flow of `supplies` to `demands`; `open` is what each demand still lacks."""

    def __init__(self, supplies: list[Supply], demands: tuple[Demand, ...]) -> None:
        self.supplies = supplies
        self.open = [demand.grams for demand in demands]
        of_market: dict[int, list[int]] = {}
        for place, supply in enumerate(supplies):
            of_market.setdefault(supply.market, []).append(place)
        self._usable = [
            [
                place
                for market in demand.markets
                for place in of_market.get(market, ())
                if demand.price_max is None or supplies[place].price_max <= demand.price_max
            ]
            for demand in demands
        ]
        # Those with the least to choose from first leaves little to be put right.
        for number in sorted(range(len(demands)), key=lambda n: len(self._usable[n])):
            self._draw(number)
        for number in range(len(demands)):
            while self.open[number] and self._augment(number):
                pass

    @property
    def filled(self) -> int:
        return sum(sum(supply.given.values()) for supply in self.supplies)

    def _draw(self, demand: int) -> None:
        """Takes what is left over."""
        for place in self._usable[demand]:
            supply = self.supplies[place]
            if size := min(self.open[demand], supply.left):
                self._give(place, demand, size)
                supply.left -= size
                self.open[demand] -= size
            if not self.open[demand]:
                return

    def _augment(self, first: int) -> bool:
        """Finds something left over for a demand by moving others to where they also may be."""
        came_from: dict[int, int] = {}
        gave_up: dict[int, int] = {}
        seen, waiting = {first}, deque([first])
        while waiting:
            demand = waiting.popleft()
            for place in self._usable[demand]:
                if place in came_from:
                    continue
                came_from[place] = demand
                if self.supplies[place].left:
                    self._move(place, first, came_from, gave_up)
                    return True
                for other in self.supplies[place].given:
                    if other not in seen:
                        seen.add(other)
                        gave_up[other] = place
                        waiting.append(other)
        return False

    def _move(
        self, last: int, first: int, came_from: dict[int, int], gave_up: dict[int, int]
    ) -> None:
        path = [(last, demand := came_from[last])]
        while demand != first:
            place = gave_up[demand]
            path.append((place, demand := came_from[place]))
        size = min(self.open[first], self.supplies[last].left)
        for (_, mover), (place, _taker) in pairwise(path):
            size = min(size, self.supplies[place].given[mover])
        self.supplies[last].left -= size
        self.open[first] -= size
        for place, taker in path:
            self._give(place, taker, size)
        for (_, mover), (place, _taker) in pairwise(path):
            self._give(place, mover, -size)

    def _give(self, place: int, demand: int, size: int) -> None:
        given = self.supplies[place].given
        given[demand] = given.get(demand, 0) + size
        if not given[demand]:
            del given[demand]


def allot(taken: Iterable[Iterable[Level]], demands: tuple[Demand, ...]) -> Allotment:
    """The largest allotment of what was taken from each market, by the places of markets."""
    return Allotment(supplies_of(taken, demands), demands)
