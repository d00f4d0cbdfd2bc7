"""A bulk order against the books of a moment: from rows to a problem, from a plan to rows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.db import connection

from apps.orderbook.models import BulkBuy, BulkDemand, BulkOrder, BulkPlan, BulkShort, Product
from apps.orderbook.models.enums import OrderStatus, Side
from apps.orderbook.planning.planner import Plan, plan
from apps.orderbook.planning.problem import Demand, Level, Market, Problem, Rules
from apps.orderbook.selectors.bands import price_ceiling
from apps.orderbook.selectors.fees import own_fees
from apps.registry.matching import CreditConstraints, credit_classes_matching
from apps.registry.models import ClassEffect, CreditClass, Effect

# The asks in sight, but for the owner's own, which would not trade with them.
_ASKS: Final = """
SELECT l.product_id, l.price, l.size - coalesce(own.size, 0)
FROM orderbook_product p
JOIN orderbook_level l ON l.product_id = p.id AND l.side = %(sell)s AND l.orders > 0
LEFT JOIN (
    SELECT product_id, price, sum(size - filled_size - hidden)::bigint AS size
    FROM orderbook_order
    WHERE owner_id = %(owner)s AND status = %(open)s AND side = %(sell)s AND NOT parked
    GROUP BY 1, 2
) own ON own.product_id = l.product_id AND own.price = l.price
WHERE p.quote_id = %(quote)s AND p.state = 'open' AND l.size > coalesce(own.size, 0)
ORDER BY l.product_id, l.price
"""


def bulk_plan_make(*, order: BulkOrder) -> tuple[Problem, Plan, int]:
    """The problem, its plan, and how many milliseconds it took. Writes nothing."""
    began_s = time.perf_counter()
    problem = problem_of(order)
    made = plan(problem)
    return problem, made, int((time.perf_counter() - began_s) * 1_000)


def bulk_plan_keep(*, order: BulkOrder, problem: Problem, made: Plan, took_ms: int) -> BulkPlan:
    """The plan as rows. Within a transaction."""
    assert connection.in_atomic_block
    kept = BulkPlan.objects.create(
        order=order,
        took_ms=took_ms,
        method=made.method,
        notice=made.notice,
        gap_ppm=made.gap_ppm,
        filled=made.filled,
        cost=made.cost,
        fees=made.fees,
        greedy_cost=made.greedy_cost,
        greedy_filled=made.greedy_filled,
    )
    BulkBuy.objects.bulk_create(
        BulkBuy(
            plan=kept,
            product_id=market.key,
            size=size,
            price_best=market.levels[0].price,
            price_limit=market.price_at(size),
            notional=market.notional(size),
            fee=market.fee(size),
        )
        for market, size in zip(problem.markets, made.sizes, strict=True)
        if size
    )
    demands = list(_demands(order))
    BulkShort.objects.bulk_create(
        BulkShort(plan=kept, demand=demands[short.demand], grams=short.grams, reason=short.reason)
        for short in made.shortfalls
    )
    return kept


def problem_of(order: BulkOrder) -> Problem:
    """The order's demands and rules, and what the open markets of its currency offer."""
    markets, of_class = _markets(order)
    found = list(_demands(order))
    demands = []
    for demand, classes in zip(found, classes_of_demands(found), strict=True):
        places = tuple(sorted(of_class[pk] for pk in classes if pk in of_class))
        demands.append(Demand(demand.grams, places, demand.price_max))
    rules = Rules(order.total_max, order.removals_min_bps, order.project_max_bps)
    return Problem(tuple(markets), tuple(demands), rules)


def classes_of_demands(demands: Sequence[BulkDemand]) -> Iterator[frozenset[int]]:
    """The keys of the classes that each of the demands takes, as things are now."""
    known: dict[str, frozenset[int]] = {}
    for demand in demands:
        words = str(demand.constraints)
        if words not in known:
            classes = credit_classes_matching(constraints_of(demand))
            known[words] = frozenset(classes.values_list("pk", flat=True))
        yield known[words]


def constraints_of(demand: BulkDemand) -> CreditConstraints:
    """What the demand's classes have to be."""
    said: dict[str, Any] = demand.constraints
    return CreditConstraints(
        registries=tuple(said.get("registries", ())),
        types=tuple(said.get("types", ())),
        countries=tuple(said.get("countries", ())),
        labels=tuple(said.get("labels", ())),
        ratings_at_least=tuple(map(tuple, said.get("ratings_at_least", ()))),
        year_from=said.get("year_from"),
    )


def _demands(order: BulkOrder) -> Iterable[BulkDemand]:
    return order.demands.order_by("number")


def _markets(order: BulkOrder) -> tuple[list[Market], dict[int, int]]:
    """What is offered, and the place of each class's market in it."""
    levels = _levels(order)
    products = list(Product.objects.filter(pk__in=levels).order_by("pk"))
    classes = {
        credit_class.asset_id: credit_class
        for credit_class in CreditClass.objects.filter(
            asset__in=[product.base_id for product in products]
        )
    }
    removals = set(
        ClassEffect.objects.filter(
            effect=Effect.REMOVAL, credit_class__in=list(classes.values())
        ).values_list("credit_class", flat=True)
    )
    markets: list[Market] = []
    of_class: dict[int, int] = {}
    traded = [product for product in products if product.base_id in classes]
    for product, fees in zip(traded, own_fees(order.owner, traded), strict=True):
        credit_class, asks = classes[product.base_id], _within_band(product, levels[product.pk])
        if not asks:
            continue
        of_class[credit_class.pk] = len(markets)
        markets.append(
            Market(
                key=product.pk,
                project=credit_class.project_id,
                is_removal=credit_class.pk in removals,
                levels=_as_deep_as(asks, order.grams, product),
                size_increment=product.size_increment,
                size_min=product.size_min,
                notional_min=product.notional_min,
                taker_bps=fees.rates.taker_bps,
            )
        )
    return markets, of_class


def _levels(order: BulkOrder) -> dict[int, list[Level]]:
    asked = {
        "owner": order.owner_id,
        "quote": order.quote_id,
        "open": OrderStatus.OPEN,
        "sell": Side.SELL,
    }
    found: dict[int, list[Level]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_ASKS, asked)
        for product, price, size in cursor.fetchall():
            found[product].append(Level(price, size))
    return found


def _within_band(product: Product, levels: list[Level]) -> list[Level]:
    """The asks that an order may take today: dearer ones are out of the market's price band."""
    ceiling = price_ceiling(product)
    return [level for level in levels if ceiling is None or level.price <= ceiling]


def _as_deep_as(levels: list[Level], grams: int, product: Product) -> tuple[Level, ...]:
    """The levels down to where even all of the order, and the smallest size, would be had."""
    wanted, kept = max(grams, product.size_min) + product.size_increment, []
    for level in levels:
        kept.append(level)
        wanted -= level.size
        if wanted <= 0 and product.notional_min == 0:
            break
    return tuple(kept)
