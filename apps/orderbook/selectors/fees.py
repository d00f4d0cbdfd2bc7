"""What an owner pays, and why: as the engine looks it up (`engine.standings`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet, Sum

from apps.accounts.models import Asset, Balance, Owner, WalletHolding
from apps.orderbook.engine.fees import Rates, Schedule, Standing
from apps.orderbook.engine.standings import WINDOW
from apps.orderbook.models import Product, Volume


class OwnFees(NamedTuple):
    """The fees of an owner in a market. `tier` counts from 1; 0: what everybody pays."""

    product: Product
    rates: Rates
    tier: int
    tiers: int


def schedule_of(product: Product) -> Schedule:
    """What the market charges."""
    return Schedule.of(product.maker_bps, product.taker_bps, product.fee_tiers)


def volume_of(owner: Owner, quote_id: int) -> int:
    """What the owner traded in 30 days on markets of this quote asset, in its micro-units.

    With the other accounts of their organisation, as everything here.
    """
    totals = Volume.objects.filter(owner__in=_together(owner), asset=quote_id)
    latest = totals.order_by("owner_id", "-day").distinct("owner_id")
    before = latest.filter(day__lte=datetime.now(UTC).date() - WINDOW)
    return sum(row.total for row in latest) - sum(row.total for row in before)


def volume_month(owner: Owner, *, quote_code: str) -> int:
    """`volume_of` for the asset of this code, 0 if there is none."""
    asset = Asset.objects.filter(code=quote_code).first()
    return volume_of(owner, asset.pk) if asset else 0


def cc_of(owner: Owner) -> int:
    """The CC that the owner has, held ones and those in linked wallets included."""
    held = Balance.objects.filter(owner__in=_together(owner), asset__code="CC")
    linked = WalletHolding.objects.filter(
        wallet__owner__in=_together(owner), wallet__unlinked_at__isnull=True, asset__code="CC"
    )
    on_chain = linked.aggregate(sum=Sum("amount"))["sum"] or 0
    return sum(balance.total for balance in held) + int(on_chain)


def own_fees(owner: Owner, products: Iterable[Product]) -> list[OwnFees]:
    """What the owner's next order pays in each of these markets."""
    cc, volumes, found = cc_of(owner), dict[int, int](), []
    for product in products:
        quote_id = product.quote_id
        if quote_id not in volumes:
            volumes[quote_id] = volume_of(owner, quote_id)
        schedule, standing = schedule_of(product), Standing(volumes[quote_id], cc)
        tier, tiers = schedule.tier_of(standing), len(schedule.tiers)
        found.append(OwnFees(product, schedule.rates_of(standing), tier, tiers))
    return found


def _together(owner: Owner) -> QuerySet[Owner]:
    """The accounts that stand in the same place: those of one organisation, or this one alone."""
    return Owner.objects.filter(Q(pk=owner.main_id) | Q(parent=owner.main_id))
