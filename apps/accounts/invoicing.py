"""What fees were paid, from the ledger, and what invoices say of them. Reads only.

A fee is a transfer of that kind between a customer and the platform. The owner on the platform's
side says what it was for: `fees:PRODUCT` takes those of trades and pays rebates, the house takes
those of redemptions. What sub-accounts paid is on the invoice of their organisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from apps.accounts.acting import Acting
from apps.accounts.ledger.models import Transfer
from apps.accounts.ledger.services import (
    BRIDGE,
    CUSTODY,
    HOUSE,
    POOL,
    RETIRED,
    UNCLAIMED,
)
from apps.accounts.models import Invoice, InvoicedMonth, InvoiceLine
from apps.accounts.roles import sees_the_whole
from apps.accounts.statements import Month

Kind = InvoiceLine.Kind
MARKET_PREFIX: Final = "fees:"
# They see more transfers than all others, and no fee is ever paid to them.
_TAKE_NO_FEES: Final = (CUSTODY, BRIDGE, POOL, RETIRED, UNCLAIMED)

# The fees of a month are found in one look at the whole ledger: of trades none is in an index.
_PAID: Final = """
WITH fees AS (
    SELECT from_balance_id, to_balance_id, amount FROM accounts_transfer
    WHERE kind = %(fee)s AND created_at >= %(start)s AND created_at < %(end)s
)
SELECT coalesce(o.parent_id, o.id), b.asset_id, CASE WHEN o.parent_id IS NOT NULL THEN o.id END,
       platform.platform_name, t.is_paid, count(*), sum(t.amount)::bigint
FROM (
    SELECT from_balance_id AS customer, to_balance_id AS platform, amount, true AS is_paid
    FROM fees
    UNION ALL
    SELECT to_balance_id, from_balance_id, amount, false FROM fees
) t
JOIN accounts_balance b ON b.id = t.platform
JOIN accounts_owner platform ON platform.id = b.owner_id
 AND platform.platform_name <> ALL (%(never)s)
JOIN accounts_balance customer ON customer.id = t.customer
JOIN accounts_owner o ON o.id = customer.owner_id AND o.platform_name IS NULL
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3 NULLS FIRST, 5 DESC, 4
"""
_FIRST: Final = """
SELECT t.created_at FROM accounts_transfer t
JOIN accounts_balance b ON b.id = t.to_balance_id
JOIN accounts_owner platform ON platform.id = b.owner_id
 AND (platform.platform_name LIKE 'fees:%%' OR platform.platform_name = %(house)s)
WHERE t.kind = %(fee)s ORDER BY t.id LIMIT 1
"""


@dataclass(frozen=True, slots=True, order=True)
class Paid:
    """`count` fees of one kind; `amount` in micro-units, negative for what was paid back.

    `account_id` is the sub-account that paid them, or 0.
    """

    account_id: int
    kind: str
    market: str
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What one owner paid in one currency, with their sub-accounts."""

    owner_id: int
    asset_id: int
    lines: tuple[Paid, ...]

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


def bills_of(month: Month) -> Iterator[Bill]:
    """Everybody's fees of the month, by owner and currency."""
    terms: dict[str, Any] = {
        "fee": Transfer.Kind.FEE,
        "never": [*_TAKE_NO_FEES],
        "start": month.start,
        "end": month.end,
    }
    found: dict[tuple[int, int], list[Paid]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PAID, terms)
        for owner, asset, account, name, is_paid, count, amount in cursor.fetchall():
            kind, market = _what(name, is_paid=is_paid)
            line = Paid(account or 0, kind, market, count, amount if is_paid else -amount)
            found.setdefault((owner, asset), []).append(line)
    for (owner, asset), lines in found.items():
        yield Bill(owner, asset, tuple(_together(lines)))


def months_due() -> list[Month]:
    """Months that are over, and of which fees are not on invoices; the oldest first."""
    last = InvoicedMonth.objects.order_by("-month").values_list("month", flat=True).first()
    month = _month(last).next if last else _first_month()
    due = []
    while month is not None and month.is_final:
        due.append(month)
        month = month.next
    return due


def invoices_seen(who: Acting) -> QuerySet[Invoice]:
    """Those of whom one acts for, the newest first. An organisation's are of all its accounts: only
    who acts for all of them sees any."""
    if who.owner.organisation_id is not None and not sees_the_whole(owner=who.owner, user=who.user):
        return Invoice.objects.none()
    return who.owner.invoices.select_related("asset").order_by("-number")


def lines_of(invoice: Invoice) -> Sequence[InvoiceLine]:
    """By account, kind and market, in the order they were written."""
    return list(invoice.lines.order_by("pk"))


def _first_month() -> Month | None:
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, {"fee": Transfer.Kind.FEE, "house": HOUSE})
        first: tuple[datetime] | None = cursor.fetchone()
    return _month(first[0].astimezone(UTC)) if first else None


def _month(day: date) -> Month:
    return Month(day.year, day.month)


def _what(platform_name: str, *, is_paid: bool) -> tuple[str, str]:
    if platform_name.startswith(MARKET_PREFIX):
        kind = Kind.TRADING if is_paid else Kind.REBATE
        return kind, platform_name.removeprefix(MARKET_PREFIX)
    if platform_name == HOUSE and is_paid:
        return Kind.REDEMPTION, ""
    return (Kind.OTHER if is_paid else Kind.REBATE), ""


def _together(lines: Sequence[Paid]) -> Iterator[Paid]:
    """One line of each account, kind and market, whichever accounts of ours they came from."""
    sums: dict[tuple[int, str, str], tuple[int, int]] = {}
    for line in lines:
        key = (line.account_id, line.kind, line.market)
        count, amount = sums.get(key, (0, 0))
        sums[key] = (count + line.count, amount + line.amount)
    for key, (count, amount) in sums.items():
        yield Paid(*key, count, amount)
