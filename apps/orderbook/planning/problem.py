"""What a plan is made from: books, demands and the rules of the whole order.

Sizes are grams, prices quote micro-units per tonne, shares basis points. No Django, no clock.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from apps.orderbook.engine.book.money import BPS, MICRO, fee_of, notional_of

# An unfilled gram counts as much as so many of the dearest: filling always comes first.
SHORTFALL_TIMES = 10


class Level(NamedTuple):
    """`size` grams offered at `price`."""

    price: int
    size: int


@dataclass(frozen=True)
class Market:
    """What one book offers, best first, and what it takes. `key` and `project` are the caller's.

    A line of a quote is such a book, too: of one level, all of which may have to be taken.
    """

    key: Hashable
    project: int
    is_removal: bool
    levels: tuple[Level, ...]
    size_increment: int
    size_min: int
    notional_min: int = 0
    taker_bps: int = 0

    @cached_property
    def depth(self) -> int:
        return sum(level.size for level in self.levels)

    @cached_property
    def size_least(self) -> int:
        """The smallest size that the market takes at these prices; more than `depth` if none."""
        size = -(-self.size_min // self.size_increment) * self.size_increment
        while size <= self.depth and self.notional(size) < self.notional_min:
            price = self.price_at(size)
            missing = -(-(self.notional_min - self.notional(size)) * MICRO // price)
            size += max(1, -(-missing // self.size_increment)) * self.size_increment
        return size

    def taken(self, size: int) -> Iterator[Level]:
        """The levels, or their parts, that buying `size` takes."""
        assert 0 <= size <= self.depth, (size, self.depth)
        for level in self.levels:
            if size <= 0:
                return
            yield Level(level.price, min(level.size, size))
            size -= level.size

    def notional(self, size: int) -> int:
        """What `size` costs, without fees."""
        return sum(notional_of(level.price, level.size) for level in self.taken(size))

    def fee(self, size: int) -> int:
        """The fees on it: no less than what will be paid, however its levels are made up."""
        return sum(
            fee_of(notional_of(level.price, level.size), self.taker_bps)
            for level in self.taken(size)
        )

    def price_at(self, size: int) -> int:
        """The dearest price among the first `size` grams; the best one for none."""
        price = self.levels[0].price
        for level in self.taken(size):
            price = level.price
        return price

    def depth_to(self, price_max: int | None) -> int:
        """What is offered at that price or lower."""
        if price_max is None:
            return self.depth
        return sum(level.size for level in self.levels if level.price <= price_max)


@dataclass(frozen=True, slots=True)
class Demand:
    """Grams that lines with the same constraints ask for.

    `markets` are the places of the markets in the problem that meet them. `price_max` is the most
    that any gram of theirs may cost, without fees.
    """

    grams: int
    markets: tuple[int, ...]
    price_max: int | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the order as a whole has to keep to. Shares are of the grams that are bought."""

    total_max: int | None = None
    removals_min_bps: int = 0
    project_max_bps: int = BPS


@dataclass(frozen=True)
class Problem:
    """One bulk order against the books of one moment."""

    markets: tuple[Market, ...]
    demands: tuple[Demand, ...]
    rules: Rules = field(default_factory=Rules)

    @cached_property
    def grams(self) -> int:
        return sum(demand.grams for demand in self.demands)

    @cached_property
    def offers(self) -> list[tuple[int, int, int]]:
        """Every level, cheapest first: price, place of its market, size at which it ends there."""
        found = []
        for place, market in enumerate(self.markets):
            ends = accumulate(level.size for level in market.levels)
            found += [
                (level.price, place, end) for level, end in zip(market.levels, ends, strict=True)
            ]
        return sorted(found)

    @cached_property
    def by_choice(self) -> list[int]:
        """The places of demands, from the one with the least to choose from."""
        depths: dict[tuple[tuple[int, ...], int | None], int] = {}
        for demand in self.demands:
            key = demand.markets, demand.price_max
            if key not in depths:
                depths[key] = sum(self.markets[m].depth_to(demand.price_max) for m in key[0])
        choices = [depths[demand.markets, demand.price_max] for demand in self.demands]
        return sorted(range(len(choices)), key=choices.__getitem__)

    @cached_property
    def lots(self) -> list[int]:
        """The most that may be bought for each demand beyond what it needs."""
        sizes = [max(market.size_increment, market.size_min) for market in self.markets]
        return [max((sizes[m] for m in demand.markets), default=0) for demand in self.demands]

    @cached_property
    def shortfall_price(self) -> int:
        """What an unfilled tonne counts when plans are compared."""
        dearest = max((m.levels[-1].price for m in self.markets if m.levels), default=1)
        return SHORTFALL_TIMES * dearest

    def only(self, places: Sequence[int], rules: Rules) -> Problem:
        """The same demands where there are just these markets, under other rules."""
        moved = {place: at for at, place in enumerate(places)}
        demands = tuple(
            replace(demand, markets=tuple(moved[m] for m in demand.markets if m in moved))
            for demand in self.demands
        )
        return Problem(tuple(self.markets[place] for place in places), demands, rules)

    def cost(self, sizes: list[int]) -> int:
        """All that these purchases cost, fees included. `sizes` are by the places of markets."""
        return sum(
            market.notional(size) + market.fee(size)
            for market, size in zip(self.markets, sizes, strict=True)
        )

    def score(self, sizes: list[int], filled: int) -> int:
        """What a plan is judged by, the lower the better: its cost, and what it leaves open."""
        return self.cost(sizes) * MICRO + self.shortfall_price * (self.grams - filled)

    def broken_rules(self, sizes: list[int]) -> list[str]:
        """The rules that these purchases break, of `total`, `removals` and `project`."""
        rules, total, broken = self.rules, sum(sizes), []
        if rules.total_max is not None and self.cost(sizes) > rules.total_max:
            broken.append("total")
        if self.removals(sizes) * BPS < rules.removals_min_bps * total:
            broken.append("removals")
        of_projects = self.by_project(sizes).values()
        if any(size * BPS > rules.project_max_bps * total for size in of_projects):
            broken.append("project")
        return broken

    def is_sound(self, sizes: list[int]) -> bool:
        """Whether the markets would take these sizes and the rules allow them."""
        taken = all(
            size == 0
            or (size % market.size_increment == 0 and market.size_least <= size <= market.depth)
            for market, size in zip(self.markets, sizes, strict=True)
        )
        return taken and not self.broken_rules(sizes)

    def removals(self, sizes: list[int]) -> int:
        """How much of it is removals."""
        return sum(
            size for market, size in zip(self.markets, sizes, strict=True) if market.is_removal
        )

    def by_project(self, sizes: list[int]) -> dict[int, int]:
        """How much of it is of each project."""
        found: dict[int, int] = {}
        for market, size in zip(self.markets, sizes, strict=True):
            found[market.project] = found.get(market.project, 0) + size
        return found
