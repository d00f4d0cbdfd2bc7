"""What crossed the platform's edge, as its owner sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from apps.accounts.ledger.movements import AFTER_EVERY_ID, IS_INDEXED
from apps.accounts.models import Balance, Transfer

EDGE: Final = frozenset(
    {
        Transfer.Kind.BANK,
        Transfer.Kind.CUSTODY,
        Transfer.Kind.WITHDRAWAL,
        Transfer.Kind.MINT,
        Transfer.Kind.REDEEM,
        Transfer.Kind.COIN_OUT,
        Transfer.Kind.COIN_IN,
    }
)

# As the ledger's newest rows are read: an index on (balance, id) per direction. Those that do not
# cross the edge are skipped; a busy trader's page reads past their trades.
_PAGE: Final = f"""
SELECT id, balance, amount, kind, reference, created_at, is_deposit
FROM unnest(%(balances)s::bigint[]) AS mine(balance), LATERAL (
    (SELECT id, amount, kind, reference, created_at, true AS is_deposit FROM accounts_transfer
     WHERE %(deposits)s::boolean IS NOT FALSE AND to_balance_id = mine.balance AND {IS_INDEXED}
       AND id > %(low)s AND id < %(high)s AND kind = ANY(%(kinds)s)
     ORDER BY id DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT id, amount, kind, reference, created_at, false FROM accounts_transfer
     WHERE %(deposits)s::boolean IS NOT TRUE AND from_balance_id = mine.balance AND {IS_INDEXED}
       AND id > %(low)s AND id < %(high)s AND kind = ANY(%(kinds)s)
     ORDER BY id DESC LIMIT %(limit)s)
) newest
ORDER BY id DESC LIMIT %(limit)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Crossing:
    """`amount` in micro-units, never negative; `is_deposit` says which way it went."""

    pk: int
    balance: Balance
    amount: int
    kind: Transfer.Kind
    reference: int
    created_at: datetime
    is_deposit: bool


def crossings_of(
    balances: Sequence[Balance],
    *,
    deposits: bool | None,
    after: int | None,
    before: int | None,
    limit: int,
) -> list[Crossing]:
    """Latest first; `deposits` False means withdrawals, None both. Bounds are transfers' ids."""
    by_pk = {balance.pk: balance for balance in balances}
    parameters = {
        "balances": list(by_pk),
        "deposits": deposits,
        "kinds": sorted(EDGE),
        "low": before or 0,
        "high": after if after is not None else AFTER_EVERY_ID,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, parameters)
        rows = cursor.fetchall()
    return [
        Crossing(pk, by_pk[balance], amount, Transfer.Kind(kind), reference, at, is_deposit)
        for pk, balance, amount, kind, reference, at, is_deposit in rows
    ]
