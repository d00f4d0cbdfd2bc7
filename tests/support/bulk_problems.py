"""Small bulk orders against small books, and what is best for them by trying everything."""

from __future__ import annotations

from itertools import chain, combinations, product

from hypothesis import strategies as st

from apps.orderbook.planning.allotment import allot
from apps.orderbook.planning.problem import Demand, Level, Market, Problem, Rules

TONNE = UNIT = 1_000_000


def market_make(*levels: tuple[int, int], project: int = 1, **fields: int | bool) -> Market:
    """A market of whole tonnes: levels as (price, tonnes)."""
    terms: dict[str, int | bool] = {"size_increment": TONNE, "size_min": TONNE, **fields}
    offered = tuple(Level(price * UNIT, tonnes * TONNE) for price, tonnes in levels)
    is_removal = bool(terms.pop("is_removal", False))
    return Market(key=project, project=project, is_removal=is_removal, levels=offered, **terms)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Up to three markets of up to four lots, up to three demands, and some rules."""
    markets = tuple(_market(draw) for _ in range(draw(st.integers(1, 3))))
    places = st.lists(st.integers(0, len(markets) - 1), unique=True)
    demands = tuple(
        Demand(
            grams=draw(st.integers(1, 4 * TONNE)),
            markets=tuple(sorted(draw(places))),
            price_max=draw(st.none() | st.integers(1, 6).map(lambda price: price * UNIT)),
        )
        for _ in range(draw(st.integers(1, 3)))
    )
    rules = Rules(
        total_max=draw(st.none() | st.integers(1, 30).map(lambda price: price * UNIT)),
        removals_min_bps=draw(st.sampled_from((0, 0, 2_500, 5_000))),
        project_max_bps=draw(st.sampled_from((10_000, 10_000, 6_000, 5_000))),
    )
    return Problem(markets, demands, rules)


def _market(draw: st.DrawFn) -> Market:
    prices = sorted(draw(st.lists(st.integers(1, 8), min_size=1, max_size=2, unique=True)))
    return market_make(
        *((price, draw(st.integers(1, 2))) for price in prices),
        project=draw(st.integers(1, 3)),
        is_removal=draw(st.booleans()),
        size_min=draw(st.sampled_from((1, 1, 2))) * TONNE,
        taker_bps=draw(st.sampled_from((0, 100))),
    )


def best_score(problem: Problem) -> int:
    """The lowest score of all purchases that are sound."""
    choices = [range(0, m.depth + 1, m.size_increment) for m in problem.markets]
    sound = (list(sizes) for sizes in product(*choices) if problem.is_sound(list(sizes)))
    return min(problem.score(sizes, filled_by_cuts(problem, sizes)) for sizes in sound)


def filled_by_cuts(problem: Problem, sizes: list[int]) -> int:
    """The most that these purchases fill, by the smallest cut: for each set of demands that is
    left out, the grams of the others are all that counts beside what the set could use."""
    taken = [list(m.taken(size)) for m, size in zip(problem.markets, sizes, strict=True)]
    demands = range(len(problem.demands))
    sets = chain.from_iterable(combinations(demands, n) for n in range(len(demands) + 1))
    return min(
        sum(problem.demands[n].grams for n in demands if n not in chosen)
        + sum(
            level.size
            for market, levels in enumerate(taken)
            for level in levels
            if any(_may_use(problem.demands[n], market, level) for n in chosen)
        )
        for chosen in sets
    )


def _may_use(demand: Demand, market: int, level: Level) -> bool:
    return market in demand.markets and (
        demand.price_max is None or level.price <= demand.price_max
    )


def filled_by_flow(problem: Problem, sizes: list[int]) -> int:
    """The same as it is allotted."""
    taken = [m.taken(size) for m, size in zip(problem.markets, sizes, strict=True)]
    return allot(taken, problem.demands).filled
