"""Synthetic bulk orders: books of the shape of real ones, and demands with constraints.

All of it follows from a seed. Prices of projects are spread as lognormals around those of their
kind (removals several times those of reductions), vintages of a project are dearer the younger
they are, and levels grow apart from the best price while their sizes are heavily skewed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from apps.orderbook.planning.problem import Demand, Level, Market, Problem, Rules

TONNE: Final = 1_000_000
UNIT: Final = 1_000_000


@dataclass(frozen=True)
class Shape:
    """What an instance is like. `share` is how much of all that is offered the order asks for."""

    name: str
    seed: int
    projects: int = 60
    demands: int = 12
    share: float = 0.2
    choice: float = 0.3
    removals_min_bps: int = 0
    project_max_bps: int = 10_000
    money: float | None = None
    limits: float = 0.0
    lot_grams: int = 1_000
    size_min_lots: int = 1


# What is measured. `bulk_plan` is of all of them; two are as wide as an order may get.
SHAPES: Final = (
    Shape("one demand, any credits", 1, demands=1, choice=1.0),
    Shape("departments with tastes", 2),
    Shape("departments, thin books", 3, share=0.6),
    Shape("many departments, thin books", 4, demands=40, share=0.7, choice=0.15),
    Shape("limits of price", 5, limits=0.6, share=0.4),
    Shape("a tenth of removals", 6, removals_min_bps=1_000),
    Shape("a third of removals, thin", 7, removals_min_bps=3_300, share=0.5),
    Shape("no project above a twentieth", 8, project_max_bps=500, share=0.3),
    Shape("no project above a tenth, tastes", 9, project_max_bps=1_000, choice=0.1),
    Shape("all rules", 10, removals_min_bps=1_500, project_max_bps=800, limits=0.3),
    Shape("too little money", 11, money=0.6, share=0.4),
    Shape("too little money, all rules", 12, money=0.7, removals_min_bps=1_000, limits=0.3),
    Shape("more than there is", 13, share=1.3),
    Shape("markets of whole tonnes", 14, lot_grams=TONNE, share=0.01),
    Shape("markets of ten tonnes or more", 15, lot_grams=TONNE, size_min_lots=10, share=0.02),
    Shape("a few kilograms", 16, projects=20, demands=3, share=0.000_001),
    Shape("wide", 17, projects=150, demands=60, share=0.4, choice=0.2, limits=0.3),
    Shape("wide, all rules", 18, projects=150, demands=60, share=0.3, choice=0.2,
          removals_min_bps=1_000, project_max_bps=500, limits=0.3),
)  # fmt: skip


def problem_of(shape: Shape) -> Problem:
    """The instance."""
    chance = random.Random(shape.seed)
    markets = [
        market for project in range(shape.projects) for market in _project(chance, project, shape)
    ]
    depth = sum(market.depth for market in markets)
    demands = tuple(_demands(chance, markets, int(depth * shape.share), shape))
    total_max = None
    if shape.money is not None:
        wanted = sum(demand.grams for demand in demands)
        typical = sorted(market.levels[0].price for market in markets)[len(markets) // 3]
        total_max = int(wanted * typical * shape.money) // UNIT
    rules = Rules(total_max, shape.removals_min_bps, shape.project_max_bps)
    return Problem(tuple(markets), demands, rules)


def _project(chance: random.Random, project: int, shape: Shape) -> list[Market]:
    """Up to four vintages of one project."""
    is_removal = chance.random() < 0.2
    mean = chance.lognormvariate(2.6 if is_removal else 1.2, 0.6)
    return [
        Market(
            key=project * 10 + vintage,
            project=project,
            is_removal=is_removal,
            levels=tuple(_levels(chance, mean * 1.06**vintage, shape)),
            size_increment=shape.lot_grams,
            size_min=shape.lot_grams * shape.size_min_lots,
            taker_bps=chance.choice((0, 10, 25)),
        )
        for vintage in range(chance.randint(1, 4))
    ]


def _levels(chance: random.Random, best: float, shape: Shape) -> list[Level]:
    price, found = best * chance.uniform(0.97, 1.03), []
    for _level in range(chance.randint(3, 12)):
        lots = max(1, int(chance.lognormvariate(5, 1.5) * TONNE) // shape.lot_grams)
        found.append(Level(max(1, int(price * 100)) * (UNIT // 100), lots * shape.lot_grams))
        price = max(price + 0.01, price * chance.uniform(1.002, 1.04))
    return found


def _demands(
    chance: random.Random, markets: list[Market], grams: int, shape: Shape
) -> list[Demand]:
    parts = [chance.uniform(0.2, 1) for _ in range(shape.demands)]
    found = []
    for part in parts:
        projects = {market.project for market in markets if chance.random() < shape.choice}
        suited = tuple(n for n, market in enumerate(markets) if market.project in projects)
        if not suited:
            suited = (chance.randrange(len(markets)),)
        price_max = None
        if chance.random() < shape.limits:
            prices = sorted(markets[number].levels[0].price for number in suited)
            price_max = prices[len(prices) // 2]
        found.append(Demand(max(1, int(grams * part / sum(parts))), suited, price_max))
    return found
