"""Tonnes that are out as NFTs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.nft.models.bridge import BridgeIntent
from apps.nft.models.chain import Contract
from apps.registry.models import SerialBlock


class MintBatch(models.Model):
    """One mint on chain: consecutive token ids for consecutive serials of one block."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="batches")
    intent = models.OneToOneField(BridgeIntent, models.PROTECT, related_name="batch")
    block = models.ForeignKey(SerialBlock, models.PROTECT, related_name="mint_batches")
    first_token_id = models.BigIntegerField()
    first_serial = models.BigIntegerField()
    count = models.IntegerField()

    class Meta:
        verbose_name = _("mint batch")
        verbose_name_plural = _("mint batches")
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "first_token_id"], name="nft_batch_token_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_token_id}+{self.count}"


class Token(models.Model):
    """One tonne as one NFT, as the chain's events tell it."""

    class State(models.TextChoices):
        LIVE = "live", _("In a wallet")
        REDEEMED = "redeemed", _("Brought back")
        RETIRED = "retired", _("Retired on chain")

    batch = models.ForeignKey(MintBatch, models.PROTECT, related_name="tokens")
    token_id = models.BigIntegerField(_("token id"))
    serial_number = models.BigIntegerField(_("serial"))
    owner_address = models.CharField(_("held by"), max_length=42)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.LIVE)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        indexes = [models.Index(fields=["owner_address", "state"], name="nft_token_owner")]
        constraints = [
            models.UniqueConstraint(fields=["batch", "token_id"], name="nft_token_once"),
            models.UniqueConstraint(
                fields=["batch", "serial_number"], name="nft_token_serial_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.token_id)
