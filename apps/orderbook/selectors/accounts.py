"""An owner's balances as the API's accounts: what moved on them, and what is held for what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from apps.accounts.ledger.movements import AFTER_EVERY_ID, moved
from apps.accounts.models import Balance, Owner, Transfer
from apps.orderbook.models import Fill

OF_TRADES: Final = frozenset({Transfer.Kind.TRADE, Transfer.Kind.FEE})

# What the balance was after each row: what it is now, less everything that moved later. One
# statement, so that all of it is of one moment.
_LEDGER: Final = f"""
WITH page AS ({moved("%(balance)s", above="%(low)s", below="%(high)s", most="%(limit)s")}),
later AS (
    SELECT coalesce(sum(amount), 0) AS amount
    FROM ({moved("%(balance)s", above="(SELECT max(id) FROM page)")}) moves
)
SELECT page.id, page.amount, page.kind, page.reference, page.created_at,
       (b.available + b.held - later.amount - coalesce(
           sum(page.amount) OVER (ORDER BY page.id DESC ROWS BETWEEN UNBOUNDED PRECEDING
                                                            AND 1 PRECEDING), 0))::bigint
FROM page, later, accounts_balance b
WHERE b.id = %(balance)s
ORDER BY page.id DESC
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of a balance: `amount` is negative for what went out, `balance` what there was
    after it. `fill` is the trade it belongs to, with the owner's `order_id` in it."""

    id: int
    amount: int
    kind: Transfer.Kind
    reference: int
    created_at: datetime
    balance: int
    fill: Fill | None = None
    order_id: int | None = None


def accounts_of(owner: Owner) -> QuerySet[Balance]:
    """Every balance that the owner has, by asset code."""
    return Balance.objects.filter(owner=owner).select_related("asset").order_by("asset__code")


def account_ledger(
    balance: Balance, *, after: int | None, before: int | None, limit: int
) -> list[Entry]:
    """Movements of a balance, latest first; `after` and `before` are ids of entries."""
    parameters = {
        "balance": balance.pk,
        "low": before or 0,
        "high": after if after is not None else AFTER_EVERY_ID,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER, parameters)
        rows = cursor.fetchall()
    trades = _fills(reference for _, _, kind, reference, *_ in rows if kind in OF_TRADES)
    return [_entry(balance, row, trades) for row in rows]


def _entry(balance: Balance, row: tuple[int, ...], trades: dict[int, Fill]) -> Entry:
    pk, amount, kind, reference, created_at, after = row
    fill = trades.get(reference) if kind in OF_TRADES else None
    order_id = None
    if fill is not None:
        is_taker = fill.taker_owner_id == balance.owner_id
        order_id = fill.taker_order_id if is_taker else fill.maker_order_id
    return Entry(pk, amount, Transfer.Kind(kind), reference, created_at, after, fill, order_id)  # type: ignore[arg-type]


def _fills(ids: Iterable[int]) -> dict[int, Fill]:
    return Fill.objects.select_related("product__base", "product__quote").in_bulk(set(ids))
