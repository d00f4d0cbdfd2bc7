"""What moved on a balance, in the order of the transfers' ids: who asks for that asks here.

Transfers are in two indexes, by the balance that they leave and by the one that they reach; all but
the fees of trades. Such a fee stands right behind the leg by which its payer pays, or is paid, for
the trade, and is found there by its id. Of a balance that is in no trade itself, as the platform's
accounts of fees are, such fees are not found here: what those got is summed over the whole ledger.
"""

from __future__ import annotations

from typing import Final

from apps.accounts.ledger.models import Transfer
from apps.accounts.ledger.numbers import FILLS_FROM, NUMBERED_FROM

# A trade is credits, money, the taker's fee and the maker's; the last two only if there are any.
FEES_BEHIND: Final = 2
AFTER_EVERY_ID: Final = 2**63 - 1

IS_FEE_OF_TRADE: Final = (
    f"id >= {NUMBERED_FROM} AND kind = {Transfer.Kind.FEE.value} AND reference >= {FILLS_FROM}"
)
# In the words of the indexes' own condition: the planner takes them for what says so.
IS_INDEXED: Final = f"NOT ({IS_FEE_OF_TRADE})"


def moved(
    balance: str,
    *,
    above: str = "0",
    below: str = str(AFTER_EVERY_ID),
    where: str = "true",
    apart_from: str = "'{}'::bigint[]",
    most: str = "",
    latest_first: bool = True,
) -> str:
    """A SELECT of (id, amount, kind, reference, created_at) of what moved on one balance.

    All arguments are SQL: the balance's id, two ids that the transfers are between, a condition on
    `created_at` alone, balances whose exchange with this one is left out (none of them trades with
    it), and how many are wanted at most, the latest or the first of them. `amount` is negative for
    what went out. However many rows there are, it reads as many as are wanted.
    """
    # Legs from a little above: the fee of one that is not wanted itself may be.
    legs = f"id > {above} - {FEES_BEHIND} AND id < {below} AND {where}"
    order = f"ORDER BY id {'DESC' if latest_first else 'ASC'}" if most else ""
    few, some = (f"LIMIT {most}", f"LIMIT {most} + {FEES_BEHIND}") if most else ("", "")
    return f"""
SELECT step.* FROM (
    (SELECT id, amount, kind, reference, created_at FROM accounts_transfer
     WHERE to_balance_id = {balance} AND from_balance_id <> ALL ({apart_from})
       AND {IS_INDEXED} AND {legs} {order} {some})
    UNION ALL
    (SELECT id, -amount, kind, reference, created_at FROM accounts_transfer
     WHERE from_balance_id = {balance} AND to_balance_id <> ALL ({apart_from})
       AND {IS_INDEXED} AND {legs} {order} {some})
) leg CROSS JOIN LATERAL (
    SELECT leg.id, leg.amount, leg.kind, leg.reference, leg.created_at
    UNION ALL
    SELECT id, CASE WHEN to_balance_id = {balance} THEN amount ELSE -amount END,
           kind, reference, created_at
    FROM accounts_transfer
    WHERE leg.kind = {Transfer.Kind.TRADE.value} AND id IN (leg.id + 1, leg.id + {FEES_BEHIND})
      AND reference = leg.reference AND {IS_FEE_OF_TRADE} AND {where}
      AND {balance} IN (from_balance_id, to_balance_id)
) step WHERE step.id > {above} AND step.id < {below} {order} {few}
"""  # noqa: S608
