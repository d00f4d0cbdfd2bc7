"""Counting what owners have traded: each fill once, a batch of fills at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import connection, transaction

from apps.orderbook.ids import id_first
from apps.orderbook.models import VolumeCursor

# Fills counted in one transaction.
COUNT_MAX: Final = 20_000

_CURSORS: Final = """
INSERT INTO orderbook_volumecursor (product_id)
SELECT id FROM orderbook_product ON CONFLICT DO NOTHING
"""
# The engine numbers trades without a gap and commits the number with them, so all up to it are
# there. Read before the fills are.
_COMMITTED: Final = """
SELECT l.product_id, p.quote_id, l.trade_number FROM orderbook_productlease l
JOIN orderbook_product p ON p.id = l.product_id
JOIN orderbook_volumecursor c ON c.product_id = l.product_id AND c.trades < l.trade_number
ORDER BY l.product_id
"""
_NEW: Final = """
CREATE TEMPORARY TABLE volume_new ON COMMIT DROP AS
SELECT owner, day, sum(notional)::bigint AS traded FROM (
    SELECT maker_owner_id AS owner, (created_at AT TIME ZONE 'UTC')::date AS day, notional
    FROM orderbook_fill WHERE id > %(after)s AND id <= %(upto)s
    UNION ALL
    SELECT taker_owner_id, (created_at AT TIME ZONE 'UTC')::date, notional
    FROM orderbook_fill WHERE id > %(after)s AND id <= %(upto)s
) sides GROUP BY owner, day
"""
_DAYS: Final = "SELECT DISTINCT day FROM volume_new ORDER BY day"
# Another market's trades of a later day may have been counted before.
_LATER: Final = """
UPDATE orderbook_volume v SET total = v.total + n.traded FROM volume_new n
WHERE n.day = %(day)s AND v.owner_id = n.owner AND v.asset_id = %(quote)s AND v.day > n.day
"""
_DAY: Final = """
INSERT INTO orderbook_volume AS v (owner_id, asset_id, day, total)
SELECT n.owner, %(quote)s, n.day, n.traded + coalesce((
    SELECT b.total FROM orderbook_volume b
    WHERE b.owner_id = n.owner AND b.asset_id = %(quote)s AND b.day <= n.day
    ORDER BY b.day DESC LIMIT 1
), 0)
FROM volume_new n WHERE n.day = %(day)s
ON CONFLICT (owner_id, asset_id, day) DO UPDATE SET total = EXCLUDED.total
"""


def volumes_count() -> int:
    """Adds the fills that are not counted yet to their owners' volumes. Returns how many it were.

    Whoever counts at the same time waits, and then finds them counted.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CURSORS)
    counted = 0
    while done := _count_some():
        counted += done
    return counted


@transaction.atomic
def _count_some() -> int:
    """Counts up to so many fills of each product."""
    cursors = {cursor.pk: cursor for cursor in _cursors_locked()}
    with connection.cursor() as cursor:
        cursor.execute(_COMMITTED)
        waiting = cursor.fetchall()
    counted = 0
    for product, quote, trades in waiting:
        before = cursors[product].trades
        upto = min(trades, before + COUNT_MAX)
        _count(id_first(product), before, upto, quote)
        cursors[product].trades = upto
        cursors[product].save(update_fields=["trades"])
        counted += upto - before
    return counted


def _cursors_locked() -> Iterable[VolumeCursor]:
    return VolumeCursor.objects.select_for_update().order_by("pk")


def _count(first: int, after: int, upto: int, quote: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NEW, {"after": first + after, "upto": first + upto})
        cursor.execute(_DAYS)
        for (day,) in cursor.fetchall():
            cursor.execute(_LATER, {"day": day, "quote": quote})
            cursor.execute(_DAY, {"day": day, "quote": quote})
        cursor.execute("DROP TABLE volume_new")
