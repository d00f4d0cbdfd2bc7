"""What backs CC, and what the pool takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet, Sum

from apps.accounts.ledger.services import CUSTODY, POOL
from apps.accounts.models import Asset, Balance, Owner
from apps.nft.models import PoolRule
from apps.registry.models import CreditClass


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


def pool_rules() -> QuerySet[PoolRule]:
    """What the pool takes: a class that matches any of them."""
    return PoolRule.objects.select_related("registry").order_by("registry", "vintage_from")


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
