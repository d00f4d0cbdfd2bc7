"""Fixing yesterday on chain: leaves, root, intent, and from then on the bridge's machinery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.nft.merkle import MerkleTree
from apps.nft.models import (
    AnchorLeaf,
    BalanceLeaf,
    BalanceTree,
    ChainEvent,
    Contract,
    DayAnchor,
)
from apps.nft.selectors.balances import AssetBalances, balances_now
from apps.nft.selectors.record import balances_leaf, record_of
from apps.nft.services.contradiction import EventContradiction
from apps.nft.wakeups import intent_wake

State = DayAnchor.State

# What the contract calls the public record, in 32 bytes.
STREAM: Final = b"record".ljust(32, b"\0")
EPOCH: Final = date(1970, 1, 1)
# What was under way at midnight has been written by then.
GRACE: Final = timedelta(minutes=10)
LEAVES_AT_ONCE: Final = 2_000


def day_number(day: date) -> int:
    """Days since 1 January 1970, as the contract counts."""
    return (day - EPOCH).days


def days_anchor() -> list[DayAnchor]:
    """Anchors every day that is over and was not; the first time, yesterday alone."""
    deployed = Contract.objects.filter(
        chain_id=settings.CHAIN_ID, name="Anchor", confirmed_at__isnull=False
    )
    if not deployed.exists():
        return []
    yesterday = (timezone.now() - GRACE).astimezone(UTC).date() - timedelta(days=1)
    last = DayAnchor.objects.filter(chain_id=settings.CHAIN_ID).order_by("-day").first()
    first = last.day + timedelta(days=1) if last else yesterday
    days = (first + timedelta(days=n) for n in range((yesterday - first).days + 1))
    return [made for day in days if (made := day_anchor(day=day))]


def day_anchor(*, day: date) -> DayAnchor | None:
    """Writes the leaves and the root of a day that is over; None where there is nothing to fix.

    A day that has its row keeps it. Raises LiabilitiesUnequal, and fixes nothing, where what is
    owed is not what was issued.
    """
    assert datetime.now(UTC).date() > day, "a day is fixed when it is over"
    with transaction.atomic():
        # One snapshot: leaves of one moment.
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        known = DayAnchor.objects.filter(chain_id=settings.CHAIN_ID, day=day).first()
        if known is not None or not (leaves := list(record_of(day))):
            return known
        made = day_write(day=day, leaves=leaves, balances=balances_now())
        transaction.on_commit(partial(intent_wake, intent_id=made.pk, kind="anchor"))
    return made


def day_write(
    *, day: date, leaves: Sequence[AnchorLeaf], balances: Sequence[AssetBalances]
) -> DayAnchor:
    """The rows of a day: its leaves, one more for each tree of balances, and those trees."""
    leaves = [*leaves, *(balances_leaf(one) for one in balances)]
    tree = MerkleTree([leaf.hash for leaf in leaves])
    made = DayAnchor.objects.create(
        chain_id=settings.CHAIN_ID,
        day=day,
        root="0x" + tree.root.hex(),
        leaves_count=len(leaves),
    )
    for leaf in leaves:
        leaf.anchor = made
    AnchorLeaf.objects.bulk_create(leaves, batch_size=LEAVES_AT_ONCE)
    for one in balances:
        root = "0x" + one.root.hash.hex()
        owed = BalanceTree.objects.create(
            anchor=made, asset=one.asset, root=root, total=one.root.total
        )
        for share in one.leaves:
            share.tree = owed
        BalanceLeaf.objects.bulk_create(one.leaves, batch_size=LEAVES_AT_ONCE)
    return made


def anchor_fail(*, intent_id: int, seen: str, reason: str) -> None:
    """The contract will never take it; the row says why. Nothing was held for it."""
    DayAnchor.objects.filter(pk=intent_id, state=seen).update(
        state=State.FAILED, failure=reason[:300], updated_at=timezone.now()
    )


def anchored(event: ChainEvent) -> None:
    """A day was fixed for good: it must be ours, and have our root."""
    stream, number = event.arguments["stream"], int(event.arguments["day"])
    root = event.arguments["root"]
    day = EPOCH + timedelta(days=number) if number < day_number(date.max) else None
    ours = DayAnchor.objects.filter(chain=event.chain_id, day=day).first()
    if stream != "0x" + STREAM.hex() or ours is None or ours.root != root:
        raise EventContradiction(f"day {day or number} was anchored with {root}, not by us")
    DayAnchor.objects.filter(pk=ours.pk).update(
        state=State.FINAL, event=event, failure="", updated_at=timezone.now()
    )
