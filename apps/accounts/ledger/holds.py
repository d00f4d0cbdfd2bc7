"""Who holds part of a balance, and why.

Every app that places holds says once where they stand: `check_invariants` adds them up to what
balances hold, and the API lists them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from apps.accounts.ledger.models import Balance

# By kind, SELECTs of what `Held` says, and of whom and what: (owner_id, asset_id, amount,
# created_at, row_id, public_id, ref).
_SOURCES: dict[str, str] = {}

_OF_BALANCE = """
SELECT kind, amount, created_at, row_id, public_id, ref FROM ({sources}) holds
WHERE owner_id = %(owner)s AND asset_id = %(asset)s
ORDER BY created_at DESC, row_id DESC
"""


@dataclass(frozen=True, slots=True)
class Held:
    """`amount` micro-units held by one row of this kind.

    `ref` is the public id of what a customer asked for. Orders have neither.
    """

    kind: str
    amount: int
    created_at: datetime
    row_id: int
    public_id: uuid.UUID | None
    ref: uuid.UUID | None


def holds_stand_in(sources: Mapping[str, str]) -> None:
    """Adds what an app holds by, as its rows say. For the app's `ready`."""
    _SOURCES.update(sources)


def hold_kinds() -> list[str]:
    """What there is that holds, by its kind."""
    return sorted(_SOURCES)


def hold_sources() -> list[str]:
    """SELECTs of (owner_id, asset_id, amount), which together explain all that is held."""
    return [
        f"SELECT owner_id, asset_id, amount FROM ({source}) {kind}_holds"  # noqa: S608
        for kind, source in _SOURCES.items()
    ]


def holds_of(balance: Balance) -> list[Held]:
    """What holds part of this balance, latest first."""
    sources = " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, * FROM ({source}) {kind}_holds"  # noqa: S608
        for kind, source in _SOURCES.items()
    )
    terms = {"owner": balance.owner_id, "asset": balance.asset_id}
    with connection.cursor() as cursor:
        cursor.execute(_OF_BALANCE.format(sources=sources), terms)
        return [Held(*row) for row in cursor.fetchall()]
