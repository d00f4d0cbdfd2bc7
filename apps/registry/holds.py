"""What holds part of a balance in this app (`accounts.ledger.holds`)."""

from __future__ import annotations

from typing import Final

HOLDS: Final = {
    "withdrawal": """
    SELECT w.owner_id, c.asset_id, w.tonnes * 1000000 AS amount, w.created_at, w.id AS row_id,
           w.public_id, w.public_id AS ref
    FROM registry_withdrawal w JOIN registry_creditclass c ON c.id = w.credit_class_id
    WHERE w.state IN ('requested', 'processing')
    """,
}
