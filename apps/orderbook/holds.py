"""What holds part of a balance in this app (`accounts.ledger.holds`)."""

from __future__ import annotations

from typing import Final

HOLDS: Final = {
    "order": """
    SELECT o.owner_id, CASE WHEN o.side = 0 THEN p.quote_id ELSE p.base_id END AS asset_id,
           o.hold AS amount, o.created_at, o.id AS row_id, NULL::uuid AS public_id,
           NULL::uuid AS ref
    FROM orderbook_order o JOIN orderbook_product p ON p.id = o.product_id
    WHERE o.status = 1 AND o.hold > 0
    """,
    "quote": """
    SELECT q.owner_id, p.base_id AS asset_id, sum(l.size)::bigint AS amount,
           q.answered_at AS created_at, q.id AS row_id, q.public_id, q.public_id AS ref
    FROM orderbook_quote q JOIN orderbook_quoteline l ON l.quote_id = q.id
    JOIN orderbook_product p ON p.id = l.product_id
    WHERE q.state = 'standing'
    GROUP BY q.id, p.base_id
    """,
}
