"""Where in a market's fills a time is: fills are numbered without a gap and in the order of time,
so it is found by halving, in about twenty look-ups however long the history is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.orderbook.ids import id_first, id_last

# Clocks are put right now and then: readers look this much further back, and filter by time.
CLOCK_SLACK: Final = timedelta(minutes=1)

_FIRST_SINCE: Final = """
WITH RECURSIVE halving (low, high) AS (
    SELECT %(first)s::bigint + 1, (
        SELECT coalesce(max(id), %(first)s) + 1 FROM orderbook_fill
        WHERE id BETWEEN %(first)s AND %(last)s
    )
    UNION ALL
    SELECT CASE WHEN fill.created_at < %(since)s THEN fill.id + 1 ELSE halving.low END,
           CASE WHEN fill.created_at < %(since)s THEN halving.high ELSE fill.id END
    FROM halving JOIN orderbook_fill fill ON fill.id = (halving.low + halving.high) / 2
    WHERE halving.low < halving.high
)
SELECT max(low) FROM halving
"""


def first_fill_since(product_id: int, since: datetime) -> int:
    """An id at or before the market's first fill since then; no fill before it is that young."""
    bounds = {"first": id_first(product_id), "last": id_last(product_id)}
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_SINCE, {**bounds, "since": since - CLOCK_SLACK})
        found: int = cursor.fetchone()[0]
        return found
