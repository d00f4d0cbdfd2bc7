"""The only code that changes a balance, apart from the engine's batch.

Rules, which the engine keeps as well:
- locks are taken once per transaction, over every balance it touches, sorted by primary key;
- a transfer moves a total (`available + held`); a hold moves between the two parts of one balance;
- whoever places a hold keeps the row that explains it (an open order, an intent), so that `held`
  can always be recomputed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from django.db import connection
from django.utils.translation import gettext as _

from apps.accounts.errors import InsufficientFunds, ServiceError
from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.ledger.numbers import DRAW, PLACES

CUSTODY, BRIDGE, POOL, RETIRED, UNCLAIMED = "custody", "bridge", "pool", "retired", "unclaimed"
# The platform's own holdings, out of which it fills up tonnes that fractions left open.
HOUSE = "house"

BALANCE_MAX = 2**63 - 1

Key: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Leg:
    """`amount` micro-units of one asset from one owner to another.

    `from_held` takes it out of what the sender holds instead of what is available.
    `reference` is the id of the cause named by `kind`.
    """

    from_owner: Owner
    to_owner: Owner
    asset: Asset
    amount: int
    kind: Transfer.Kind
    reference: int
    from_held: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """`amount` micro-units moved from available to held; negative releases."""

    owner: Owner
    asset: Asset
    amount: int


def platform_owner_get(*, name: str) -> Owner:
    """The platform's own owner of that name, created on first use."""
    return Owner.objects.get_or_create(platform_name=name)[0]


def balances_ensure(*, keys: Iterable[tuple[int, int]]) -> None:
    """Creates the missing balances of (owner id, asset id) pairs, in a fixed order."""
    rows = [Balance(owner_id=owner, asset_id=asset) for owner, asset in sorted(set(keys))]
    Balance.objects.bulk_create(rows, ignore_conflicts=True)


def balances_lock(*, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Balance]:
    """Locks the balances of (owner id, asset id) pairs, sorted by primary key, creating none.

    Call it once per transaction with everything the transaction touches.
    """
    wanted = set(keys)
    rows = (
        Balance.objects.filter(
            owner_id__in={owner for owner, _ in wanted},
            asset_id__in={asset for _, asset in wanted},
        )
        .only("id", "owner_id", "asset_id")
        .values_list("id", "owner_id", "asset_id")
    )
    ids = [pk for pk, owner, asset in rows if (owner, asset) in wanted]
    locked = Balance.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return {(balance.owner_id, balance.asset_id): balance for balance in locked}


def ledger_post(*, legs: Sequence[Leg] = (), holds: Sequence[Hold] = ()) -> int:
    """Applies holds and transfers as one, and returns the batch number of its transfers.

    Must run inside `transaction.atomic()`. Raises, with nothing changed, InsufficientFunds when
    an available or held part would become negative anywhere but in custody, and ServiceError
    `amount_too_large` when one would become more than a bigint holds.
    """
    assert connection.in_atomic_block, "the ledger posts only inside a transaction"
    available, held = _deltas(legs, holds)
    keys = available.keys() | held.keys()
    balances_ensure(keys=keys)
    balances = balances_lock(keys=keys)
    for key, balance in balances.items():
        balance.available += available[key]
        balance.held += held[key]
        if balance.held < 0 or (balance.available < 0 and not balance.is_custody):
            raise InsufficientFunds(
                _("The balance does not cover this amount. Add funds or ask for less.")
            )
        if max(abs(balance.available), balance.held) > BALANCE_MAX:
            raise ServiceError(
                _("This is more than one balance can hold."), code="amount_too_large"
            )
    Balance.objects.bulk_update(balances.values(), ["available", "held"])
    return _transfers_write(legs, balances)


def _deltas(
    legs: Sequence[Leg], holds: Sequence[Hold]
) -> tuple[defaultdict[Key, int], defaultdict[Key, int]]:
    available: defaultdict[Key, int] = defaultdict(int)
    held: defaultdict[Key, int] = defaultdict(int)
    for leg in legs:
        assert leg.amount > 0, "a transfer moves a positive amount"
        assert leg.from_owner.pk != leg.to_owner.pk, "a transfer moves to somebody else"
        source = (leg.from_owner.pk, leg.asset.pk)
        (held if leg.from_held else available)[source] -= leg.amount
        available[leg.to_owner.pk, leg.asset.pk] += leg.amount
    for hold in holds:
        key = (hold.owner.pk, hold.asset.pk)
        available[key] -= hold.amount
        held[key] += hold.amount
    return available, held


def _transfers_write(legs: Sequence[Leg], balances: dict[Key, Balance]) -> int:
    assert len(legs) <= PLACES, "a batch has room for its transfers"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {DRAW}")
        batch = int(cursor.fetchone()[0])
    Transfer.objects.bulk_create(
        Transfer(
            id=number,
            from_balance=balances[leg.from_owner.pk, leg.asset.pk],
            to_balance=balances[leg.to_owner.pk, leg.asset.pk],
            amount=leg.amount,
            kind=leg.kind,
            reference=leg.reference,
            batch=batch,
        )
        for number, leg in enumerate(legs, batch)
    )
    return batch
