"""What somebody gives to an address: of mail, or on chain."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Asset, Owner

MESSAGE_CHARS_MAX: Final = 280


class Gift(models.Model):
    """An amount on its way. While it is open it holds `amount` of the giver's balance.

    Whoever has its link takes it; where it is for an address on chain, only with that wallet
    linked.
    What nobody took by `expires_at` is the giver's again.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLAIMED = "claimed", _("Claimed")
        RETURNED = "returned", _("Returned")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="gifts", verbose_name=_("from"))
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+", verbose_name=_("asset"))
    amount = models.BigIntegerField(_("amount"), help_text=_("In micro-units of the asset."))
    to_email = models.EmailField(_("to, by mail"), blank=True)
    to_address = models.CharField(_("to, on chain"), max_length=42, blank=True)
    message = models.CharField(_("message"), max_length=MESSAGE_CHARS_MAX, blank=True)
    idempotency_key = models.CharField(max_length=120)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(_("given"), auto_now_add=True)
    expires_at = models.DateTimeField(_("until"))
    mailed_at = models.DateTimeField(_("mailed"), null=True, blank=True)
    claimed_by = models.ForeignKey(
        Owner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="gifts_claimed",
        verbose_name=_("claimed by"),
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(state="open"), name="accounts_gift_open"
            ),
            models.Index(
                fields=["id"],
                condition=Q(mailed_at__isnull=True, state="open") & ~Q(to_email=""),
                name="accounts_gift_to_mail",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="accounts_gift_idempotent"
            ),
            models.CheckConstraint(name="accounts_gift_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="accounts_gift_to_one",
                condition=(Q(to_email="") & ~Q(to_address=""))
                | (~Q(to_email="") & Q(to_address="")),
            ),
            models.CheckConstraint(
                name="accounts_gift_ends_once",
                condition=Q(state="open", claimed_by=None, ended_at=None)
                | Q(state="claimed", claimed_by__isnull=False, ended_at__isnull=False)
                | Q(state="returned", claimed_by=None, ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)
