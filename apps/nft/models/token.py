"""Tonnes that are or were out as NFTs, and those that came back."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Owner
from apps.nft.models.bridge import BridgeIntent
from apps.nft.models.chain import ChainEvent, Contract
from apps.registry.models import CreditClass, SerialBlock


class Token(models.Model):
    """One tonne as one NFT, as the chain's events tell it.

    A token id is a tonne for ever, so a tonne that comes out again is the same row again.
    `owner_address` and `state` follow the newest block; `redeemed` and `retired` only come at
    finality.
    """

    class State(models.TextChoices):
        LIVE = "live", _("In a wallet")
        BURNED = "burned", _("Burned, not yet final")
        REDEEMED = "redeemed", _("Brought back")
        RETIRED = "retired", _("Retired on chain")

    # Until finality says what became of it, a burned tonne is still out as far as spans go.
    OUT_STATES: ClassVar = (State.LIVE, State.BURNED)

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="tokens")
    token_id = models.BigIntegerField(_("token id"))
    block = models.ForeignKey(
        SerialBlock, models.PROTECT, null=True, blank=True, related_name="tokens"
    )
    serial_number = models.BigIntegerField(_("serial"))
    intent = models.ForeignKey(
        BridgeIntent,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tokens",
        help_text=_("Whose mint it came out with last."),
    )
    owner_address = models.CharField(_("held by"), max_length=42)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.LIVE)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        indexes = [
            models.Index(fields=["owner_address", "state"], name="nft_token_owner"),
            models.Index(fields=["state", "id"], name="nft_token_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["contract", "token_id"], name="nft_token_once")
        ]

    def __str__(self) -> str:
        return str(self.token_id)


class TokenRedemption(models.Model):
    """Tonnes that came back from the chain for good, and to whom.

    Where nobody could be told, the platform's `unclaimed` owner has them until the wallet that
    redeemed is linked to somebody.
    """

    event = models.OneToOneField(ChainEvent, models.PROTECT, related_name="redemption")
    holder_address = models.CharField(_("redeemed by"), max_length=42)
    credit_class = models.ForeignKey(CreditClass, models.PROTECT, related_name="+")
    amount_grams = models.BigIntegerField(_("amount, grams CO2e"))
    owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="token_redemptions", verbose_name=_("credited to")
    )
    created_at = models.DateTimeField(_("credited at"), auto_now_add=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("token redemption")
        verbose_name_plural = _("token redemptions")
        constraints = [
            models.CheckConstraint(
                name="nft_tokenredemption_positive", condition=models.Q(amount_grams__gt=0)
            )
        ]

    def __str__(self) -> str:
        return str(self.event)
