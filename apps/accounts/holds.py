"""What holds part of a balance in this app (`ledger.holds`)."""

from __future__ import annotations

from typing import Final

HOLDS: Final = {
    "gift": """
    SELECT owner_id, asset_id, amount, created_at, id AS row_id, public_id,
           public_id AS ref
    FROM accounts_gift WHERE state = 'open'
    """,
}
