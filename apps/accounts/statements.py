"""An owner's account over a month: what there was, what came in and went out, what is left.

A statement is computed from the transfers and never stored: they are append-only, so it comes out
the same whenever it is asked for. Months are UTC's. A transfer has the time at which its
transaction began and is seen once that has ended, so a month that has just ended is not `is_final`
yet. A statement is of one account, or of the `whole` of an organisation from its main account: then
without what went from one of its accounts to another. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.ledger.movements import moved

# No transaction that moves something is open for longer.
SETTLED_AFTER: Final = timedelta(hours=1)
ROWS_AT_ONCE: Final = 2_000

_FIRST: Final = f"""
SELECT min(first.created_at) FROM accounts_balance b,
LATERAL ({moved("b.id", most="1", latest_first=False)}) first
WHERE b.owner_id = ANY(%(owners)s::bigint[])
"""  # noqa: S608
_INNER: Final = "%(inner)s::bigint[]"
_SUMS: Final = f"""
SELECT b.asset_id, CASE WHEN t.created_at >= %(start)s THEN t.kind END,
       coalesce(sum(t.amount) FILTER (WHERE t.amount > 0), 0)::bigint,
       coalesce(-sum(t.amount) FILTER (WHERE t.amount < 0), 0)::bigint
FROM accounts_balance b,
LATERAL ({moved("b.id", apart_from=_INNER, where="created_at < %(end)s")}) t
WHERE b.owner_id = ANY(%(owners)s::bigint[])
GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608
_PAGE: Final = moved(
    "b.id",
    apart_from=_INNER,
    above="%(after)s",
    where="created_at >= %(start)s AND created_at < %(end)s",
    most="%(most)s",
    latest_first=False,
)
_ROWS: Final = f"""
SELECT t.id, t.created_at, t.kind, t.reference, t.amount
FROM accounts_balance b, LATERAL ({_PAGE}) t
WHERE b.owner_id = ANY(%(owners)s::bigint[]) AND b.asset_id = %(asset)s
ORDER BY t.id LIMIT %(most)s
"""  # noqa: S608


class Month(NamedTuple):
    """A month of a year, in UTC."""

    year: int
    month: int

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.next.start

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def name(self) -> str:
        return f"{self.year}-{self.month:02}"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can come to it."""
        return timezone.now() >= self.end + SETTLED_AFTER


class Moved(NamedTuple):
    """Micro-units that came in and went out by one kind of movement."""

    kind: Transfer.Kind
    came: int
    went: int


@dataclass(frozen=True, slots=True)
class AssetStatement:
    """One asset over the month, in micro-units."""

    asset: Asset
    opening: int
    moved: tuple[Moved, ...]

    @property
    def closing(self) -> int:
        return self.opening + sum(item.came - item.went for item in self.moved)


class StatementRow(NamedTuple):
    """One movement: `amount` is negative when it went out, `balance` what was left then."""

    at: datetime
    kind: Transfer.Kind
    reference: int
    amount: int
    balance: int


def months_of(owner: Owner, *, whole: bool = False) -> list[Month]:
    """The months since something moved first, latest first; the one that runs included."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, _accounts(owner, whole))
        (first,) = cursor.fetchone() or (None,)
    if first is None:
        return []
    first, now = first.astimezone(UTC), timezone.now()
    found, month = [], Month(first.year, first.month)
    while month.start <= now:
        found.append(month)
        month = month.next
    return found[::-1]


def statement_of(owner: Owner, month: Month, *, whole: bool = False) -> list[AssetStatement]:
    """By the asset's code; without those of which there was and moved nothing."""
    opening: dict[int, int] = {}
    moved: dict[int, list[Moved]] = {}
    terms = {**_accounts(owner, whole), "start": month.start, "end": month.end}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, terms)
        for asset, kind, came, went in cursor.fetchall():
            if kind is None:
                opening[asset] = came - went
            else:
                moved.setdefault(asset, []).append(Moved(Transfer.Kind(kind), came, went))
    assets = Asset.objects.filter(pk__in={*opening, *moved}).order_by("code")
    found = [
        AssetStatement(asset, opening.get(asset.pk, 0), tuple(moved.get(asset.pk, ())))
        for asset in assets
    ]
    return [item for item in found if item.opening or item.moved]


def rows_of(
    owner: Owner, month: Month, item: AssetStatement, *, whole: bool = False
) -> Iterator[StatementRow]:
    """Every movement of one asset in the month, in their order. A few at a time."""
    terms = {
        **_accounts(owner, whole),
        "asset": item.asset.pk,
        "start": month.start,
        "end": month.end,
        "most": ROWS_AT_ONCE,
    }
    after, balance = 0, item.opening
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_ROWS, {**terms, "after": after})
            rows = cursor.fetchall()
        for after, at, kind, reference, amount in rows:  # noqa: B007
            balance += amount
            yield StatementRow(at, Transfer.Kind(kind), reference, amount, balance)
        if len(rows) < ROWS_AT_ONCE:
            return


def _accounts(owner: Owner, whole: bool) -> dict[str, Any]:
    """Whose statement it is, and the balances between which nothing counts."""
    if not whole:
        return {"owners": [owner.pk], "inner": []}
    accounts = Owner.objects.filter(Q(pk=owner.pk) | Q(parent=owner))
    owners = list(accounts.values_list("pk", flat=True))
    inner = Balance.objects.filter(owner__in=owners).values_list("pk", flat=True)
    return {"owners": owners, "inner": list(inner)}
