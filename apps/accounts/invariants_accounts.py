"""What must always be true of moves between accounts, recomputed from the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from apps.accounts.ledger.models import Transfer

MOVES = """
SELECT m.id, count(t.id) FROM accounts_accountmove m
LEFT JOIN accounts_balance f ON f.owner_id = m.from_owner_id AND f.asset_id = m.asset_id
LEFT JOIN accounts_balance g ON g.owner_id = m.to_owner_id AND g.asset_id = m.asset_id
LEFT JOIN accounts_transfer t ON t.from_balance_id = f.id AND t.to_balance_id = g.id
 AND t.kind = %(move)s AND t.reference = m.id AND t.amount = m.amount
GROUP BY m.id HAVING count(t.id) <> 1 ORDER BY m.id
"""
OTHERS = """
SELECT t.id FROM accounts_transfer t
WHERE t.kind = %(move)s
  AND NOT EXISTS (SELECT FROM accounts_accountmove m WHERE m.id = t.reference)
ORDER BY t.id
"""


def moves_are_transfers() -> Iterator[str]:
    """Every move between accounts is one transfer, and no other transfer is of that kind."""
    terms = {"move": Transfer.Kind.MOVE}
    with connection.cursor() as cursor:
        cursor.execute(MOVES, terms)
        for move, transfers in cursor.fetchall():
            yield f"move {move}: {transfers} transfers are what it says, not 1"
        cursor.execute(OTHERS, terms)
        for (transfer,) in cursor.fetchall():
            yield f"transfer {transfer}: a move between accounts that nobody asked for"
