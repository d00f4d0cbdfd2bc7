"""Withdrawals as their owners see them. Reads only."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

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


def withdrawals_overdue() -> QuerySet[Withdrawal]:
    """Those that have been open longer than they may."""
    before = timezone.now() - timedelta(days=settings.REGISTRY_WAIT_DAYS_MAX)
    return Withdrawal.objects.filter(state__in=Withdrawal.OPEN_STATES, created_at__lt=before)


def outcome_of(withdrawal: Withdrawal) -> WithdrawalOutcome | None:
    """How it ended at the registry, once two people said so."""
    return withdrawal.outcomes.filter(decision=FourEyesModel.Decision.APPROVED).first()
