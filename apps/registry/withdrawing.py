"""Withdrawals as their owners see them. Reads only."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.accounts.ledger.models import Owner
from apps.accounts.models import FourEyesModel
from apps.registry.models import Withdrawal, WithdrawalOutcome


def withdrawals_of(owner: Owner) -> QuerySet[Withdrawal]:
    """What the owner asked for, the newest first."""
    return (
        Withdrawal.objects.filter(owner=owner)
        .select_related("credit_class__project")
        .order_by("-pk")
    )


def withdrawal_of(owner: Owner, public_id: object) -> Withdrawal | None:
    """One of them."""
    return (
        Withdrawal.objects.filter(owner=owner, public_id=public_id)
        .select_related("credit_class__project", "credit_class__asset", "owner")
        .first()
    )


def outcome_of(withdrawal: Withdrawal) -> WithdrawalOutcome | None:
    """How it ended at the registry, once two people said so."""
    return withdrawal.outcomes.filter(decision=FourEyesModel.Decision.APPROVED).first()
