"""What must always be true of bulk orders that were carried out, recomputed from their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection

# A step says what its order came to, and its order is the one that the owner placed by its name.
_STEPS: Final = """
SELECT s.id FROM orderbook_bulkstep s
JOIN orderbook_bulkexecution e ON e.id = s.execution_id
JOIN orderbook_bulkorder b ON b.id = e.order_id
LEFT JOIN orderbook_order o ON o.id = s.placed_id
WHERE s.quote_line_id IS NULL AND s.over_at IS NOT NULL
  AND (s.placed_id IS NOT NULL OR s.filled > 0)
  AND (s.filled, s.notional, s.fees, s.product_id, s.client_oid, b.owner_id) IS DISTINCT FROM
      (o.filled_size, o.filled_notional, o.fees, o.product_id, o.client_oid, o.owner_id)
ORDER BY 1
"""
# A step that waits is the order that it says, which ends with the deadline that was let; nothing
# waits for an order that is over, and what is cancelled ends with the next command of its market.
_WAITING: Final = """
SELECT s.id FROM orderbook_bulkstep s
JOIN orderbook_bulkexecution e ON e.id = s.execution_id
JOIN orderbook_bulkorder b ON b.id = e.order_id
LEFT JOIN orderbook_order o ON o.id = s.placed_id
WHERE s.expires_at IS NOT NULL AND (
    s.expires_at IS DISTINCT FROM e.deadline
    OR (s.over_at IS NULL AND (s.placed_id IS NULL OR b.state IN ('done', 'cancelled')))
    OR (o.id IS NOT NULL AND
        (s.product_id, s.client_oid, s.price, s.size, s.expires_at, s.display_size, b.owner_id)
        IS DISTINCT FROM (o.product_id, o.client_oid, o.price, o.size, o.expires_at,
                          o.display_size, o.owner_id))
)
ORDER BY 1
"""
# What a step filled is drawn by demands but for its surplus, and what is drawn goes to lines.
_ALLOTTED: Final = """
SELECT s.id FROM orderbook_bulkstep s
LEFT JOIN LATERAL (
    SELECT coalesce(sum(grams), 0) AS grams FROM orderbook_bulkdraw WHERE step_id = s.id
) d ON true
LEFT JOIN LATERAL (
    SELECT coalesce(sum(grams), 0) AS grams FROM orderbook_bulkpart WHERE step_id = s.id
) p ON true
WHERE p.grams <> d.grams
   OR d.grams + s.surplus <> CASE WHEN s.allotted_at IS NULL THEN 0 ELSE s.filled END
ORDER BY 1
"""
# No line gets more than it asked for, and only of its own order.
_LINES: Final = """
SELECT l.id FROM orderbook_bulkline l
JOIN orderbook_bulkpart p ON p.line_id = l.id
JOIN orderbook_bulkstep s ON s.id = p.step_id
JOIN orderbook_bulkexecution e ON e.id = s.execution_id
GROUP BY l.id, l.grams, l.order_id
HAVING sum(p.grams) > l.grams OR bool_or(e.order_id <> l.order_id)
ORDER BY 1
"""
# A retirement is of the grams of its parts: no more, no fewer, of their class and their owner.
_RETIRED: Final = """
SELECT r.id FROM orderbook_bulkpart p
JOIN registry_retirement r ON r.id = p.retirement_id
JOIN registry_creditclass c ON c.id = r.credit_class_id
JOIN orderbook_bulkline l ON l.id = p.line_id
JOIN orderbook_bulkstep s ON s.id = p.step_id
JOIN orderbook_product m ON m.id = s.product_id
JOIN orderbook_bulkexecution e ON e.id = s.execution_id
JOIN orderbook_bulkorder b ON b.id = e.order_id
GROUP BY r.id, r.amount_grams, r.owner_id, c.asset_id
HAVING sum(p.grams) <> r.amount_grams
    OR bool_or(m.base_id <> c.asset_id OR b.owner_id <> r.owner_id OR e.keep <> 'retire')
    OR count(DISTINCT l.beneficiary) > 1
ORDER BY 1
"""
# What waits counts with all that it holds: it may fill.
_EXECUTIONS: Final = """
SELECT e.id FROM orderbook_bulkexecution e JOIN orderbook_bulkorder b ON b.id = e.order_id
LEFT JOIN LATERAL (
    SELECT coalesce(sum(t.notional + t.fees
                        + coalesce(o.filled_notional + o.fees + o.hold, 0)), 0) AS spent,
           bool_or(t.allotted_at IS NULL) AS is_open
    FROM orderbook_bulkstep t
    LEFT JOIN orderbook_order o ON o.id = t.placed_id AND t.over_at IS NULL
    WHERE t.execution_id = e.id
) s ON true
LEFT JOIN LATERAL (
    SELECT bool_or(p.retirement_id IS NULL) AS is_open
    FROM orderbook_bulkstep t JOIN orderbook_bulkpart p ON p.step_id = t.id
    WHERE t.execution_id = e.id
) p ON true
WHERE s.spent > e.total_max
   OR (e.started_at IS NULL AND s.is_open IS NOT NULL)
   OR (e.ended_at IS NOT NULL AND (s.is_open OR (e.keep = 'retire' AND p.is_open)))
   OR (e.ended_at IS NOT NULL AND b.state NOT IN ('done', 'cancelled'))
   OR (b.state = 'done' AND e.started_at IS NOT NULL AND e.ended_at IS NULL)
ORDER BY 1
"""
_CERTIFICATES: Final = """
SELECT c.id FROM orderbook_bulkcertificate c
LEFT JOIN LATERAL (
    SELECT coalesce(sum(p.grams), 0) AS grams FROM orderbook_bulkstep s
    JOIN orderbook_bulkpart p ON p.step_id = s.id JOIN orderbook_bulkline l ON l.id = p.line_id
    WHERE s.execution_id = c.execution_id AND p.retirement_id IS NOT NULL
      AND c.beneficiary IN ('', l.beneficiary)
) retired ON true
WHERE c.grams <> retired.grams ORDER BY 1
"""


def steps_are_their_orders() -> Iterator[str]:
    """A step of a bulk order filled and cost what its order did."""
    for step in _ids(_STEPS):
        yield f"step {step} of a bulk order: is not what its order came to"
    for step in _ids(_WAITING):
        yield f"step {step} of a bulk order: waits for something else than was let"


def bulk_fills_are_allotted_to_the_gram() -> Iterator[str]:
    """Grams of lines = grams drawn = grams filled, but for a surplus; no line gets too much."""
    for step in _ids(_ALLOTTED):
        yield f"step {step} of a bulk order: is not what its lines got"
    for line in _ids(_LINES):
        yield f"line {line} of a bulk order: got more than it asked for, or of another order"


def bulk_retirements_are_their_parts() -> Iterator[str]:
    """Nothing is retired twice, or for others, and certificates say what was retired."""
    for retirement in _ids(_RETIRED):
        yield f"retirement {retirement}: is not the sum of its lines of a bulk order"
    for certificate in _ids(_CERTIFICATES):
        yield f"certificate {certificate} of a bulk order: is not what was retired"


def bulk_executions_keep_to_their_totals() -> Iterator[str]:
    """None costs more than was let, begins before it was, or ends with something left to do."""
    for execution in _ids(_EXECUTIONS):
        yield f"execution {execution} of a bulk order: is not as it was let"


def _ids(query: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [pk for (pk,) in cursor.fetchall()]
