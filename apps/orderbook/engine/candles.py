"""Candles, kept with the commit of the trades that they are of.

All trades of a batch have its time, so a batch changes one candle of each granularity. The first
and the last trade of a candle are those by number: clocks are put right now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from apps.orderbook.engine.book import Step
from apps.orderbook.engine.session import Connection, array
from apps.orderbook.engine.wire import Wire
from apps.orderbook.ids import id_first, id_last

GRANULARITIES_S: Final = (60, 300, 900, 3_600, 21_600, 86_400)
SECOND_US: Final = 1_000_000

_ADD: Final = f"""
INSERT INTO orderbook_candle AS candle
    (product_id, granularity_s, start_s, low, high, open, close, volume, trades)
SELECT v.product, g.step, v.at - v.at %% g.step, v.low, v.high, v.open, v.close, v.volume, v.trades
FROM (VALUES (%s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint,
    %s::bigint)) AS v (product, at, low, high, open, close, volume, trades),
    unnest('{array(GRANULARITIES_S)}'::int[]) AS g (step)
ON CONFLICT (product_id, granularity_s, start_s) DO UPDATE SET
    low = least(candle.low, excluded.low), high = greatest(candle.high, excluded.high),
    close = excluded.close, volume = candle.volume + excluded.volume,
    trades = candle.trades + excluded.trades
"""  # noqa: S608
# Every candle of these trades, from the trades themselves.
OF_FILLS: Final = f"""
SELECT fill.product_id, g.step AS granularity_s,
    at.second - at.second % g.step AS start_s, min(fill.price) AS low, max(fill.price) AS high,
    (array_agg(fill.price ORDER BY fill.id))[1] AS open,
    (array_agg(fill.price ORDER BY fill.id DESC))[1] AS close,
    sum(fill.size)::bigint AS volume, count(*) AS trades
FROM orderbook_fill fill
CROSS JOIN LATERAL (SELECT floor(extract(epoch FROM fill.created_at))::bigint) AS at (second)
CROSS JOIN unnest('{array(GRANULARITIES_S)}'::int[]) AS g (step)
"""  # noqa: S608
GROUPED: Final = "GROUP BY 1, 2, 3"
_FENCE: Final = "SELECT FROM orderbook_productlease WHERE product_id = %s FOR NO KEY UPDATE"
_CLEAR: Final = "DELETE FROM orderbook_candle WHERE product_id = %s"
_AGAIN: Final = f"""
INSERT INTO orderbook_candle
    (product_id, granularity_s, start_s, low, high, open, close, volume, trades)
{OF_FILLS.replace("%", "%%")} WHERE fill.id BETWEEN %s AND %s {GROUPED}
"""


def candles_add(wire: Wire, product_id: int, fills: Sequence[Step], *, at_us: int) -> None:
    """Say to count a batch's trades, at least one. `at_us` is the batch's time."""
    prices = [step[4] for step in fills]
    values = (min(prices), max(prices), prices[0], prices[-1], sum(step[5] for step in fills))
    wire.say(_ADD, (product_id, at_us // SECOND_US, *values, len(fills)))


def candles_rebuild(connection: Connection, product_id: int) -> None:
    """Make a product's candles anew from its trades. Its engine waits for that. Needs a
    transaction."""
    connection.execute(_FENCE, (product_id,))
    connection.execute(_CLEAR, (product_id,))
    connection.execute(_AGAIN, (id_first(product_id), id_last(product_id)))
