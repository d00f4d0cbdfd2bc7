"""Moving an amount between two accounts of one organisation. docs/sub-accounts.md."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Asset, Owner
from apps.accounts.models.identity import User


class AccountMove(models.Model):
    """`amount` micro-units of `asset` from one account to another. Append-only.

    The database refuses one between organisations, and into a closed account.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    from_owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="+", db_index=False, verbose_name=_("from")
    )
    to_owner = models.ForeignKey(Owner, models.PROTECT, related_name="+", verbose_name=_("to"))
    asset = models.ForeignKey(
        Asset, models.PROTECT, related_name="+", db_index=False, verbose_name=_("asset")
    )
    amount = models.BigIntegerField(_("amount"))
    moved_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", db_index=False, verbose_name=_("moved by")
    )
    idempotency_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("move between accounts")
        verbose_name_plural = _("moves between accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["from_owner", "idempotency_key"], name="accounts_accountmove_idempotent"
            ),
            models.CheckConstraint(name="accounts_accountmove_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="accounts_accountmove_two_accounts",
                condition=~Q(from_owner=F("to_owner")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_owner_id} → {self.to_owner_id}"
