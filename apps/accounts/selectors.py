"""What an owner has, what moved, and whose an address is. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.ledger.movements import AFTER_EVERY_ID, moved
from apps.accounts.models import (
    ApiKey,
    Gift,
    Invitation,
    Membership,
    Organisation,
    Wallet,
)
from apps.accounts.roles import accounts_in_order

TRANSFERS_PAGE = 50
TRANSFERS_PAGE_MAX = 200

# The newest rows of each balance are read and merged, however long the table and whichever balance
# they lie in.
NEWEST_TRANSFERS = f"""
SELECT mine.balance, newest.*
FROM unnest(%(balances)s::bigint[]) AS mine(balance),
LATERAL ({moved("mine.balance", below="%(before)s", most="%(limit)s")}) newest
ORDER BY id DESC LIMIT %(limit)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Movement:
    """A transfer as one owner sees it: `amount` in micro-units, negative when it went out.

    Who was on the other side is left out: in a trade that is another customer.
    """

    id: int
    asset: Asset
    amount: int
    kind: Transfer.Kind
    reference: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MovementPage:
    """Newest first. `before` of the next page, or None when this is the last."""

    movements: Sequence[Movement]
    next_before: int | None


def balances_of(owner: Owner) -> QuerySet[Balance]:
    """Every balance the owner ever had, with its asset, by the asset's code."""
    return owner.balances.select_related("asset").order_by("asset__code")


def balance_of(owner: Owner, asset: Asset) -> Balance:
    """The owner's balance of one asset; an unsaved empty one where there is none yet."""
    found = Balance.objects.filter(owner=owner, asset=asset).select_related("asset").first()
    return found or Balance(owner=owner, asset=asset)


def transfers_of(
    owner: Owner,
    *,
    asset: Asset | None = None,
    before: int | None = None,
    limit: int = TRANSFERS_PAGE,
) -> MovementPage:
    """What came in and went out, newest first, from below the id `before`."""
    assert 1 <= limit <= TRANSFERS_PAGE_MAX, limit
    mine = Balance.objects.filter(owner=owner).select_related("asset")
    if asset is not None:
        mine = mine.filter(asset=asset)
    assets = {balance.pk: balance.asset for balance in mine}
    parameters: dict[str, Any] = {
        "balances": sorted(assets),
        "before": AFTER_EVERY_ID if before is None else before,
        "limit": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_TRANSFERS, parameters)
        rows = cursor.fetchall()
    movements = [
        Movement(pk, assets[balance], amount, Transfer.Kind(kind), reference, at)
        for balance, pk, amount, kind, reference, at in rows[:limit]
    ]
    return MovementPage(movements, movements[-1].id if len(rows) > limit else None)


def owner_of_wallet(address: str) -> Owner | None:
    """Who linked this address and has not unlinked it, in any spelling of its case."""
    wallet = (
        Wallet.objects.select_related("owner")
        .annotate(address_lower=Lower("address"))
        .filter(address_lower=address.lower(), unlinked_at__isnull=True)
        .first()
    )
    return wallet.owner if wallet else None


def wallets_of(owner: Owner) -> QuerySet[Wallet]:
    """The owner's linked wallets, newest first."""
    return owner.wallets.filter(unlinked_at__isnull=True).order_by("-linked_at")


def members_of(organisation: Organisation) -> QuerySet[Membership]:
    """Everybody who may act for the organisation, by when they joined."""
    members = organisation.memberships.select_related("user")
    return members.prefetch_related(accounts_in_order()).order_by("pk")


def invitations_open(organisation: Organisation) -> QuerySet[Invitation]:
    """What nobody has answered yet, and could; newest first."""
    waiting = organisation.invitations.filter(
        state=Invitation.State.OPEN, expires_at__gt=timezone.now()
    )
    invited = waiting.select_related("invited_by")
    return invited.prefetch_related(accounts_in_order()).order_by("-pk")


def api_keys_of(owner: Owner) -> QuerySet[ApiKey]:
    """The owner's keys that work, newest first, with the person each acts in the name of."""
    return owner.api_keys.filter(revoked_at__isnull=True).select_related("user").order_by("-pk")


def gifts_of(owner: Owner) -> QuerySet[Gift]:
    """What the owner gave, the newest first."""
    return Gift.objects.filter(owner=owner).select_related("asset").order_by("-pk")
