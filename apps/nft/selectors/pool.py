"""What backs CC, and what the pool takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum

from apps.accounts.ledger.services import CUSTODY, POOL
from apps.accounts.models import Asset, Balance, Owner
from apps.nft.models import PoolRule
from apps.orderbook.models import Product
from apps.orderbook.selectors.market_data import trade_last
from apps.registry.models import ClassLabel, CreditClass

MICRO: Final = 1_000_000
BPS: Final = 10_000


# A class gives back its oldest grams first; what is left of each pledge is what is not yet covered
# by all that the class has given back.
LOTS: Final = """
WITH pledged AS (
    SELECT id, credit_class_id, amount_grams,
           sum(amount_grams) OVER (PARTITION BY credit_class_id ORDER BY id) AS upto
    FROM nft_pledge
), given AS (
    SELECT credit_class_id, sum(amount_grams) AS grams FROM nft_poolredemption GROUP BY 1
)
SELECT p.credit_class_id, least(p.amount_grams, p.upto - coalesce(g.grams, 0))
FROM pledged p LEFT JOIN given g USING (credit_class_id)
WHERE p.upto > coalesce(g.grams, 0)
ORDER BY p.id
"""


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left in the pool of one pledge."""

    credit_class_id: int
    grams: int


@dataclass(frozen=True, slots=True)
class PoolState:
    """CC in circulation and the credits behind it, in grams, by class."""

    supply_grams: int
    backing: list[tuple[CreditClass, int]]

    @property
    def backing_grams(self) -> int:
        return sum(grams for _, grams in self.backing)


def pool_state() -> PoolState:
    """The pool now, from the ledger alone."""
    issued = Balance.objects.filter(asset__code="CC", owner__platform_name=CUSTODY).aggregate(
        total=Sum(F("available") + F("held"))
    )["total"]
    pooled = dict(
        Balance.objects.filter(owner__platform_name=POOL, asset__kind=Asset.Kind.CREDIT)
        .exclude(available=0, held=0)
        .values_list("asset_id", F("available") + F("held"))
    )
    classes = CreditClass.objects.filter(asset_id__in=pooled).select_related("project", "asset")
    return PoolState(
        supply_grams=-(issued or 0),
        backing=[(item, pooled[item.asset_id]) for item in classes.order_by("code")],
    )


def lots_pooled() -> Iterator[Lot]:
    """What is in the pool, pledge by pledge, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(LOTS)
        for class_id, grams in cursor.fetchall():
            yield Lot(class_id, int(grams))


def premiums_bps(classes: Iterable[CreditClass]) -> dict[int, int]:
    """By class, what its last trade for CC paid above (or below) the pool's 1:1, in 1/10,000.

    Only of classes that were traded for CC.
    """
    wanted = {item.asset_id: item.pk for item in classes}
    markets = Product.objects.filter(base__in=wanted, quote__code="CC").select_related("base")
    last = {wanted[market.base_id]: trade_last(market) for market in markets}
    return {pk: (fill.price - MICRO) * BPS // MICRO for pk, fill in last.items() if fill}


def pool_rules() -> QuerySet[PoolRule]:
    """What the pool takes: a class that matches any of them."""
    found = PoolRule.objects.select_related("registry", "label")
    return found.order_by("registry", "vintage_from", "pk")


def cc_available(owner: Owner) -> int:
    """How much CC the owner can give back, in micro-units."""
    found = Balance.objects.filter(owner=owner, asset__code="CC").first()
    return found.available if found else 0


def classes_pooled(*, with_empty: bool = False) -> QuerySet[CreditClass]:
    """Every class of which the pool holds some, by code; `with_empty` also what it once held."""
    held = Balance.objects.filter(owner__platform_name=POOL)
    if not with_empty:
        held = held.filter(available__gt=0)
    classes = CreditClass.objects.filter(asset__in=held.values("asset"))
    return classes.select_related("project", "asset").order_by("code")


def classes_eligible() -> QuerySet[CreditClass]:
    """Every class that at least one rule takes."""
    matches = Q(pk__in=[])
    for rule in PoolRule.objects.all():
        match = Q(year__gte=rule.vintage_from)
        if rule.registry_id:
            match &= Q(project__registry_id=rule.registry_id)
        if rule.project_type_contains:
            match &= Q(project__project_type__icontains=rule.project_type_contains)
        if rule.label_id:
            has = ClassLabel.objects.filter(label=rule.label_id, is_whole=True)
            match &= Q(pk__in=has.values("credit_class"))
        matches |= match
    return CreditClass.objects.filter(matches)


def class_is_eligible(credit_class: CreditClass) -> bool:
    """Whether the pool takes this class."""
    return classes_eligible().filter(pk=credit_class.pk).exists()


def cc_is_backed() -> Iterator[str]:
    """The supply of CC, on the ledger and on chain together, equals the grams in the pool."""
    state = pool_state()
    if state.supply_grams != state.backing_grams:
        yield f"{state.supply_grams} CC micro-units issued, {state.backing_grams} grams pooled"
