"""A bulk order against the books of a moment, and the quotes that stand for it: from rows to a
problem, from a plan to rows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from django.db import connection
from django.utils import timezone

from apps.orderbook.models import (
    BulkBuy,
    BulkDemand,
    BulkOrder,
    BulkPlan,
    BulkShort,
    Product,
    Quote,
    QuoteLine,
    QuoteRequest,
)
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


class Source(NamedTuple):
    """What a market of a problem is: a book, or a line of a quote."""

    product_id: int
    quote_line_id: int | None = None


class _Offered(NamedTuple):
    """What can be bought of one product in one place: taken from `size_min` on."""

    source: Source
    product: Product
    levels: tuple[Level, ...]
    size_min: int
    notional_min: int


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
            product_id=source.product_id,
            quote_line_id=source.quote_line_id,
            size=size,
            price_best=market.levels[0].price,
            price_limit=market.price_at(size),
            notional=market.notional(size),
            fee=market.fee(size),
        )
        for source, market, size in zip(
            sources_of(problem), problem.markets, made.sizes, strict=True
        )
        if size
    )
    demands = list(_demands(order))
    BulkShort.objects.bulk_create(
        BulkShort(plan=kept, demand=demands[short.demand], grams=short.grams, reason=short.reason)
        for short in made.shortfalls
    )
    return kept


def problem_of(order: BulkOrder, *, any_size: bool = False) -> Problem:
    """The order's demands and rules, what the open markets of its currency offer, and the quotes
    that stand for it; but, without `any_size`, none whose least is more than the whole order."""
    offered = [*_on_books(order), *_quoted(order, any_size=any_size)]
    markets, of_class = _markets(order, offered)
    found = list(_demands(order))
    demands = []
    for demand, classes in zip(found, classes_of_demands(found), strict=True):
        places = tuple(sorted(place for pk in classes for place in of_class.get(pk, ())))
        demands.append(Demand(demand.grams, places, demand.price_max))
    rules = Rules(order.total_max, order.removals_min_bps, order.project_max_bps)
    return Problem(tuple(markets), tuple(demands), rules)


def sources_of(problem: Problem) -> list[Source]:
    """What the markets of a problem made here are."""
    found = []
    for market in problem.markets:
        assert isinstance(market.key, Source)
        found.append(market.key)
    return found


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


def _markets(
    order: BulkOrder, offered: Sequence[_Offered]
) -> tuple[list[Market], dict[int, list[int]]]:
    """What is offered, and the places of each class in it."""
    products = {one.product.pk: one.product for one in offered}
    classes = {
        credit_class.asset_id: credit_class
        for credit_class in CreditClass.objects.filter(
            asset__in=[product.base_id for product in products.values()]
        )
    }
    removals = set(
        ClassEffect.objects.filter(
            effect=Effect.REMOVAL, credit_class__in=list(classes.values())
        ).values_list("credit_class", flat=True)
    )
    traded = [product for product in products.values() if product.base_id in classes]
    fees = {own.product.pk: own.rates.taker_bps for own in own_fees(order.owner, traded)}
    markets: list[Market] = []
    of_class: dict[int, list[int]] = defaultdict(list)
    for one in offered:
        if one.product.pk not in fees:
            continue
        credit_class = classes[one.product.base_id]
        of_class[credit_class.pk].append(len(markets))
        markets.append(
            Market(
                key=one.source,
                project=credit_class.project_id,
                is_removal=credit_class.pk in removals,
                levels=one.levels,
                size_increment=one.product.size_increment,
                size_min=one.size_min,
                notional_min=one.notional_min,
                taker_bps=fees[one.product.pk],
            )
        )
    return markets, of_class


def _on_books(order: BulkOrder) -> Iterator[_Offered]:
    levels = asks_of(order)
    for product in Product.objects.filter(pk__in=levels).order_by("pk"):
        if asks := _within_band(product, levels[product.pk]):
            yield _Offered(
                Source(product.pk),
                product,
                _as_deep_as(asks, order.grams, product),
                product.size_min,
                product.notional_min,
            )


def _quoted(order: BulkOrder, *, any_size: bool) -> Iterator[_Offered]:
    """The lines of opened quotes that still stand."""
    lines = QuoteLine.objects.filter(
        quote__request__order=order,
        quote__request__state=QuoteRequest.State.OPENED,
        quote__state=Quote.State.STANDING,
        quote__valid_until__gt=timezone.now(),
        price__isnull=False,
    ).exclude(product__state=Product.State.HALTED)
    for line in lines.select_related("product").order_by("pk"):
        if any_size or line.size_min < order.grams + line.product.size_increment:
            assert line.price is not None
            levels = (Level(line.price, line.size),)
            source = Source(line.product_id, line.pk)
            yield _Offered(source, line.product, levels, line.size_min, 0)


def asks_of(order: BulkOrder) -> dict[int, list[Level]]:
    """What the open markets of its currency have on offer, by product, best first."""
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
