"""Handing tonnes that came back from an unknown wallet to whoever links that wallet later."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.utils import timezone

from apps.accounts.ledger.services import UNCLAIMED, Leg, ledger_post
from apps.accounts.models import Transfer, Wallet
from apps.nft.models import TokenRedemption
from apps.nft.selectors.owners import owner_of_wallet


def redemptions_claim() -> int:
    """Credits every unclaimed redemption whose wallet is linked by now; returns how many."""
    linked = Wallet.objects.filter(unlinked_at__isnull=True).annotate(lower=Lower("address"))
    waiting = TokenRedemption.objects.annotate(holder=Lower("holder_address")).filter(
        Exists(linked.filter(lower=OuterRef("holder"))),
        owner__platform_name=UNCLAIMED,
        claimed_at__isnull=True,
    )
    return sum(_claim(pk) for pk in list(waiting.values_list("pk", flat=True)))


def _claim(redemption_id: int) -> int:
    with transaction.atomic():
        redemption = (
            TokenRedemption.objects.select_for_update(of=("self",))
            .select_related("owner", "credit_class__asset")
            .get(pk=redemption_id)
        )
        owner = owner_of_wallet(redemption.holder_address)
        if owner is None or redemption.claimed_at is not None:
            return 0
        leg = Leg(
            from_owner=redemption.owner,
            to_owner=owner,
            asset=redemption.credit_class.asset,
            amount=redemption.amount_grams,
            kind=Transfer.Kind.REDEEM,
            reference=redemption.pk,
        )
        ledger_post(legs=[leg])
        TokenRedemption.objects.filter(pk=redemption.pk).update(
            owner=owner, claimed_at=timezone.now()
        )
    return 1
