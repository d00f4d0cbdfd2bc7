"""Handing what came back from an unknown wallet to whoever links that wallet later."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Exists, Model, OuterRef
from django.db.models.functions import Lower
from django.utils import timezone

from apps.accounts.ledger.services import UNCLAIMED, Leg, ledger_post
from apps.accounts.models import Owner, Transfer, Wallet
from apps.nft.models import CoinDeposit, TokenRedemption
from apps.nft.selectors.owners import owner_of_wallet


def redemptions_claim() -> int:
    """Credits every unclaimed redemption and deposit whose wallet is linked by now.

    Returns how many.
    """
    tonnes = sum(_redemption_claim(pk) for pk in _claimable(TokenRedemption, "holder_address"))
    return tonnes + sum(_deposit_claim(pk) for pk in _claimable(CoinDeposit, "from_address"))


def _claimable(model: type[Model], address: str) -> list[int]:
    linked = Wallet.objects.filter(unlinked_at__isnull=True).annotate(lower=Lower("address"))
    waiting = model._default_manager.annotate(wallet=Lower(address)).filter(
        Exists(linked.filter(lower=OuterRef("wallet"))),
        owner__platform_name=UNCLAIMED,
        claimed_at__isnull=True,
    )
    return list(waiting.values_list("pk", flat=True))


def _redemption_claim(redemption_id: int) -> int:
    with transaction.atomic():
        rows = TokenRedemption.objects.select_related("owner", "credit_class__asset")
        redemption = rows.select_for_update(of=("self",)).get(pk=redemption_id)
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
        return _hand_over(redemption, owner, leg)


def _deposit_claim(deposit_id: int) -> int:
    with transaction.atomic():
        rows = CoinDeposit.objects.select_related("owner", "asset")
        deposit = rows.select_for_update(of=("self",)).get(pk=deposit_id)
        owner = owner_of_wallet(deposit.from_address)
        if owner is None or deposit.claimed_at is not None:
            return 0
        leg = Leg(
            from_owner=deposit.owner,
            to_owner=owner,
            asset=deposit.asset,
            amount=deposit.amount,
            kind=Transfer.Kind.COIN_IN,
            reference=deposit.pk,
        )
        return _hand_over(deposit, owner, leg)


def _hand_over(row: Any, owner: Owner, leg: Leg) -> int:
    ledger_post(legs=[leg])
    claimed = type(row).objects.filter(pk=row.pk)
    return int(claimed.update(owner=owner, claimed_at=timezone.now()))
