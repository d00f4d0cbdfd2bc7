"""What holds part of a balance in this app (`accounts.ledger.holds`)."""

from __future__ import annotations

from typing import Final

HOLDS: Final = {
    "nft": """
    SELECT i.owner_id, c.asset_id, i.amount_grams AS amount, i.created_at, i.id AS row_id,
           i.public_id, r.public_id AS ref
    FROM nft_bridgeintent i JOIN registry_creditclass c ON c.id = i.credit_class_id
    JOIN nft_mintrequest r ON r.id = i.request_id
    WHERE i.state NOT IN ('final', 'failed')
    """,
    "coin": """
    SELECT owner_id, asset_id, amount, created_at, id AS row_id, public_id,
           public_id AS ref
    FROM nft_coinwithdrawal WHERE state NOT IN ('final', 'failed')
    """,
}
