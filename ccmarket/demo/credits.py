"""Real credits in the demo's custody, and CC backed by some of them."""

from __future__ import annotations

from typing import Final

from django.db.models import F

from apps.accounts.ledger.models import Asset, Balance
from apps.accounts.models import FourEyesModel, Owner, User
from apps.nft.models import Pledge, PoolRule
from apps.nft.selectors.pool import classes_eligible
from apps.nft.services.pool import pledge_create
from apps.registry.models import CustodyReceipt, SerialBlock
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from apps.registry.services.imports import catalogue_load

POOL_VINTAGE_FROM: Final = 2014
PLEDGED_SHARE_PERCENT: Final = 40
MAKERS: Final = ("maker_one", "maker_two")


def catalogue_ensure() -> None:
    """The projects and serial blocks of our catalogue."""
    if not SerialBlock.objects.exists():
        catalogue_load()


def custody_ensure(*, owners: dict[str, Owner], staff: tuple[User, User]) -> None:
    """Receives every block still with its holder: small ones for people, the rest for makers."""
    blocks = SerialBlock.objects.filter(state=SerialBlock.State.ISSUED)
    ranked = list(blocks.annotate(size=F("end") - F("start")).order_by("size", "pk"))
    if not ranked:
        return
    first_time = not CustodyReceipt.objects.exists()
    small = ["individual_two", "company"] if first_time and len(ranked) > 2 else []
    takers = [*small, *(MAKERS[number % 2] for number in range(len(ranked) - len(small)))]
    for block, key in zip(ranked, takers, strict=True):
        _receive(block, owners[key], staff)


def pool_ensure(*, owners: dict[str, Owner]) -> None:
    """The pool's rule, and a share of what the market makers hold pledged for CC."""
    if Pledge.objects.exists():
        return
    PoolRule.objects.get_or_create(vintage_from=POOL_VINTAGE_FROM)
    eligible = {item.asset_id: item for item in classes_eligible()}
    for key in MAKERS:
        held = Balance.objects.filter(
            owner=owners[key], asset__kind=Asset.Kind.CREDIT, asset__in=eligible, available__gt=0
        )
        for balance in held.order_by("pk"):
            pledge_create(
                owner=owners[key],
                credit_class=eligible[balance.asset_id],
                amount_grams=balance.available * PLEDGED_SHARE_PERCENT // 100,
                idempotency_key=f"demo-{balance.pk}",
            )


def _receive(block: SerialBlock, owner: Owner, staff: tuple[User, User]) -> None:
    """One receipt: recorded by one member of staff, let in by the other."""
    first, second = staff
    receipt = CustodyReceipt.objects.filter(block=block).exclude(
        decision=FourEyesModel.Decision.REJECTED
    ).first() or custody_receipt_propose(
        block=block, owner=owner, registry_reference=f"DEMO-{block.pk}", by=first
    )
    custody_receipt_decide(proposal=receipt, decision=FourEyesModel.Decision.APPROVED, by=second)
