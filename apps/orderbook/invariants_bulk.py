"""What must always be true of bulk orders, recomputed from their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection

# An order without lines has none in any of the sums.
_LINES: Final = """
WITH lines AS (
    SELECT order_id, count(*) AS lines, sum(grams) AS grams FROM orderbook_bulkline GROUP BY 1
), demands AS (
    SELECT order_id, sum(lines_count) AS lines, sum(grams) AS grams FROM orderbook_bulkdemand
    GROUP BY 1
)
SELECT o.id FROM orderbook_bulkorder o
LEFT JOIN lines l ON l.order_id = o.id LEFT JOIN demands d ON d.order_id = o.id
WHERE (coalesce(l.lines, 0), coalesce(l.grams, 0)) <> (coalesce(d.lines, 0), coalesce(d.grams, 0))
   OR coalesce(l.grams, 0) <> o.grams
   OR (o.grams > 0 AND l.lines <> o.lines_count)
ORDER BY 1
"""
_DEMANDS: Final = """
SELECT d.id FROM orderbook_bulkdemand d LEFT JOIN (
    SELECT demand_id, order_id, count(*) AS lines, sum(grams) AS grams FROM orderbook_bulkline
    GROUP BY 1, 2
) l ON l.demand_id = d.id
WHERE (d.order_id, d.lines_count, d.grams) IS DISTINCT FROM (l.order_id, l.lines, l.grams)
ORDER BY 1
"""
_PLANS: Final = """
SELECT p.id FROM orderbook_bulkplan p JOIN orderbook_bulkorder o ON o.id = p.order_id
LEFT JOIN LATERAL (
    SELECT coalesce(sum(size), 0) AS size, coalesce(sum(notional + fee), 0) AS cost,
           coalesce(sum(fee), 0) AS fees
    FROM orderbook_bulkbuy WHERE plan_id = p.id
) bought ON true
LEFT JOIN LATERAL (
    SELECT coalesce(sum(grams), 0) AS grams FROM orderbook_bulkshort WHERE plan_id = p.id
) short ON true
WHERE p.filled + short.grams <> o.grams OR bought.size < p.filled
   OR (bought.cost, bought.fees) <> (p.cost, p.fees)
ORDER BY 1
"""


def bulk_orders_are_their_lines() -> Iterator[str]:
    """An order is as many grams and lines as its lines, and so are its demands."""
    for order in _ids(_LINES):
        yield f"bulk order {order}: is not the sum of its lines"
    for demand in _ids(_DEMANDS):
        yield f"demand {demand} of a bulk order: is not the sum of its lines"


def plans_account_for_every_gram() -> Iterator[str]:
    """What a plan fills and what it leaves open is the order; it costs what its purchases do."""
    for plan in _ids(_PLANS):
        yield f"plan {plan} of a bulk order: does not add up"


def _ids(query: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [pk for (pk,) in cursor.fetchall()]
