"""What must always be true of requests for quotes, recomputed from their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection

# Nothing is open before its deadline, and what is open is what the digest was made of.
_SEALED: Final = """
SELECT q.id FROM orderbook_quote q JOIN orderbook_quoterequest r ON r.id = q.request_id
LEFT JOIN LATERAL (
    SELECT count(*) AS lines, bool_or(l.price IS NOT NULL) AS is_open,
           bool_and((p.code, l.size, l.size_min, l.price) IS NOT DISTINCT FROM (
               said.line ->> 'product', (said.line ->> 'size')::bigint,
               (said.line ->> 'size_min')::bigint, (said.line ->> 'price')::bigint)) AS as_said
    FROM orderbook_quoteline l JOIN orderbook_product p ON p.id = l.product_id
    LEFT JOIN LATERAL (
        SELECT nullif(q.revealed, '')::jsonb -> 'lines' -> (l.number - 1) AS line
    ) said ON true
    WHERE l.quote_id = q.id
) l ON true
WHERE l.lines = 0
   OR CASE WHEN q.revealed = '' THEN l.is_open
      ELSE r.opened_at IS NULL OR NOT l.as_said
        OR encode(sha256(convert_to(q.revealed, 'UTF8')), 'hex') <> q.digest
        OR jsonb_array_length(q.revealed::jsonb -> 'lines') <> l.lines END
ORDER BY 1
"""
_OPENED: Final = """
SELECT id FROM orderbook_quoterequest WHERE opened_at < deadline ORDER BY 1
"""
# A step takes what a line offers, and its transfers are just that: credits to the buyer, money to
# the seller, and of either their fee to the market's account. Trades have larger references, and
# the pool's fees go to another account.
_EXCHANGED: Final = """
WITH moves AS MATERIALIZED (
    SELECT t.reference AS step, t.kind, f.owner_id AS payer, g.owner_id AS payee,
           g.asset_id AS asset, t.amount
    FROM accounts_transfer t
    JOIN accounts_balance f ON f.id = t.from_balance_id
    JOIN accounts_balance g ON g.id = t.to_balance_id
    WHERE t.kind = 14 OR (t.kind = 2 AND t.reference < 1::bigint << 40)
)
SELECT s.id FROM orderbook_bulkstep s
JOIN orderbook_quoteline l ON l.id = s.quote_line_id
JOIN orderbook_quote q ON q.id = l.quote_id
JOIN orderbook_quoterequest r ON r.id = q.request_id
JOIN orderbook_bulkexecution e ON e.id = s.execution_id
JOIN orderbook_bulkorder b ON b.id = e.order_id
JOIN orderbook_product p ON p.id = s.product_id
LEFT JOIN accounts_owner house ON house.platform_name = 'fees:' || p.code
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE kind = 14) AS legs,
        coalesce(sum(amount) FILTER (WHERE kind = 14 AND (payer, payee, asset)
            = (q.owner_id, b.owner_id, p.base_id)), 0) AS credits,
        coalesce(sum(amount) FILTER (WHERE kind = 14 AND (payer, payee, asset)
            = (b.owner_id, q.owner_id, p.quote_id)), 0) AS money,
        coalesce(sum(amount) FILTER (WHERE kind = 2 AND (payer, payee, asset)
            = (b.owner_id, house.id, p.quote_id)), 0) AS taker,
        coalesce(sum(amount) FILTER (WHERE kind = 2 AND (payer, payee, asset)
            = (q.owner_id, house.id, p.quote_id)), 0)
        - coalesce(sum(amount) FILTER (WHERE kind = 2 AND (payer, payee, asset)
            = (house.id, q.owner_id, p.quote_id)), 0) AS maker
    FROM moves WHERE moves.step = s.id
) moved
WHERE (s.product_id, s.price, r.order_id, q.state) IS DISTINCT FROM
      (l.product_id, l.price, b.id, 'taken')
   OR s.filled NOT BETWEEN l.size_min AND l.size
   OR s.notional * 1000000::numeric <> s.filled * s.price::numeric
   OR (moved.legs, moved.credits, moved.money, moved.taker, moved.maker)
      <> (2, s.filled, s.notional, s.fees, s.maker_fees)
ORDER BY 1
"""
_STRAY: Final = """
SELECT t.id FROM accounts_transfer t
LEFT JOIN orderbook_bulkstep s ON s.id = t.reference AND s.quote_line_id IS NOT NULL
WHERE t.kind = 14 AND s.id IS NULL ORDER BY 1
"""
# What is taken has a step, and nothing stands for a request that is over.
_STATES: Final = """
SELECT q.id FROM orderbook_quote q JOIN orderbook_quoterequest r ON r.id = q.request_id
WHERE (q.state = 'standing' AND r.state NOT IN ('open', 'opened'))
   OR (q.state = 'taken') <> EXISTS (
       SELECT FROM orderbook_quoteline l JOIN orderbook_bulkstep s ON s.quote_line_id = l.id
       WHERE l.quote_id = q.id)
   OR (q.state = 'taken' AND r.state <> 'accepted')
ORDER BY 1
"""


def quotes_open_as_they_were_sealed() -> Iterator[str]:
    """No price is there before the deadline, and then the one that was sealed."""
    for request in _ids(_OPENED):
        yield f"request for quotes {request}: was opened before its deadline"
    for quote in _ids(_SEALED):
        yield f"quote {quote}: is not what was sealed"


def quotes_are_exchanged_as_given() -> Iterator[str]:
    """Credits and money moved as the quote says, fees apart, and for quotes alone."""
    for step in _ids(_EXCHANGED):
        yield f"step {step} of a bulk order: is not what its quote offers"
    for transfer in _ids(_STRAY):
        yield f"transfer {transfer}: an exchange by quote without its step"


def quotes_stand_for_live_requests() -> Iterator[str]:
    """Nothing is held for a request that is over; what is taken was exchanged."""
    for quote in _ids(_STATES):
        yield f"quote {quote}: is not as its request is"


def _ids(query: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [pk for (pk,) in cursor.fetchall()]
