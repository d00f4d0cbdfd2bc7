"""What must always be true of the ledger, recomputed from its rows.

Each function yields one line for each thing that is broken and nothing when all is well.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from apps.accounts.ledger.holds import hold_sources
from apps.accounts.ledger.models import Transfer
from apps.accounts.ledger.movements import FEES_BEHIND, IS_FEE_OF_TRADE

BALANCE_IS_ITS_TRANSFERS = """
WITH moved AS (
    SELECT balance, sum(amount) AS amount FROM (
        SELECT to_balance_id AS balance, amount FROM accounts_transfer
        UNION ALL
        SELECT from_balance_id, -amount FROM accounts_transfer
    ) movements GROUP BY balance
)
SELECT b.id, b.available + b.held, coalesce(m.amount, 0)
FROM accounts_balance b LEFT JOIN moved m ON m.balance = b.id
WHERE b.available + b.held <> coalesce(m.amount, 0)
ORDER BY b.id
"""

SUM_PER_ASSET_IS_ZERO = """
SELECT a.code, sum(b.available + b.held)
FROM accounts_balance b JOIN accounts_asset a ON a.id = b.asset_id
GROUP BY a.code HAVING sum(b.available + b.held) <> 0 ORDER BY a.code
"""

FEE_ELSEWHERE = f"""
SELECT id FROM accounts_transfer fee
WHERE {IS_FEE_OF_TRADE} AND NOT EXISTS (
    SELECT FROM accounts_transfer leg
    WHERE leg.id IN (fee.id - 1, fee.id - {FEES_BEHIND}) AND leg.kind = {Transfer.Kind.TRADE.value}
      AND leg.reference = fee.reference AND leg.batch = fee.batch
      AND (fee.from_balance_id IN (leg.from_balance_id, leg.to_balance_id)
           OR fee.to_balance_id IN (leg.from_balance_id, leg.to_balance_id))
) ORDER BY id
"""  # noqa: S608

HELD_IS_ITS_HOLDS = """
WITH explained AS (
    SELECT owner_id, asset_id, sum(amount) AS amount FROM ({sources}) holds
    GROUP BY owner_id, asset_id
)
SELECT coalesce(b.owner_id, e.owner_id), coalesce(b.asset_id, e.asset_id),
       coalesce(b.held, 0), coalesce(e.amount, 0)
FROM accounts_balance b
FULL JOIN explained e ON e.owner_id = b.owner_id AND e.asset_id = b.asset_id
WHERE coalesce(b.held, 0) <> coalesce(e.amount, 0)
ORDER BY 1, 2
"""


def balances_equal_transfers() -> Iterator[str]:
    """Every balance is the sum of the transfers that touched it."""
    with connection.cursor() as cursor:
        cursor.execute(BALANCE_IS_ITS_TRANSFERS)
        for balance, total, moved in cursor.fetchall():
            yield f"balance {balance}: holds {total} but its transfers add up to {moved}"


def fees_stand_behind_their_trades() -> Iterator[str]:
    """Every fee that is in no index is where `movements` looks for it."""
    with connection.cursor() as cursor:
        cursor.execute(FEE_ELSEWHERE)
        for (transfer,) in cursor.fetchall():
            yield f"transfer {transfer}: the fee of a trade that does not stand behind it"


def assets_sum_to_zero() -> Iterator[str]:
    """Nothing comes from nowhere: per asset, custody's negative equals what all others own."""
    with connection.cursor() as cursor:
        cursor.execute(SUM_PER_ASSET_IS_ZERO)
        for code, total in cursor.fetchall():
            yield f"asset {code}: all balances add up to {total}, not 0"


def held_equals_holds() -> Iterator[str]:
    """Every held amount is explained by the rows that hold it, in every app that places holds."""
    query = HELD_IS_ITS_HOLDS.format(sources=" UNION ALL ".join(hold_sources()))
    with connection.cursor() as cursor:
        cursor.execute(query)
        for owner, asset, held, explained in cursor.fetchall():
            yield f"owner {owner} asset {asset}: {held} held, {explained} explained by holds"
