"""What we know of a chain, block by block."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Chain(models.Model):
    """One chain, told apart from every other by id and genesis hash."""

    chain_id = models.BigIntegerField(_("chain id"), primary_key=True)
    genesis_hash = models.CharField(_("genesis hash"), max_length=66)
    indexed_from = models.BigIntegerField(_("indexed from block"), default=0)
    final_number = models.BigIntegerField(
        _("final block"), default=-1, help_text=_("Up to it the chain takes nothing back.")
    )

    class Meta:
        verbose_name = _("chain")
        verbose_name_plural = _("chains")

    def __str__(self) -> str:
        return str(self.chain_id)


class Contract(models.Model):
    """A contract of ours on a chain. Recorded before it is deployed, confirmed when seen there."""

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="contracts")
    name = models.CharField(_("name"), max_length=40)
    address = models.CharField(_("address"), max_length=42)
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)
    confirmed_at = models.DateTimeField(_("seen on chain"), null=True, blank=True)

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        constraints = [
            models.UniqueConstraint(fields=["chain", "name"], name="nft_contract_name_once"),
            models.UniqueConstraint(fields=["chain", "address"], name="nft_contract_address_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.address}"


class IndexedBlock(models.Model):
    """A block the indexer has read whole."""

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="blocks")
    number = models.BigIntegerField()
    hash = models.CharField(max_length=66)
    parent_hash = models.CharField(max_length=66)
    timestamp = models.DateTimeField()

    class Meta:
        verbose_name = _("indexed block")
        verbose_name_plural = _("indexed blocks")
        constraints = [
            models.UniqueConstraint(fields=["chain", "number"], name="nft_block_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"


class ChainEvent(models.Model):
    """A log of one of our contracts, as the block that is now canonical has it."""

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="events")
    block_number = models.BigIntegerField(_("block"))
    block_hash = models.CharField(max_length=66)
    transaction_hash = models.CharField(_("transaction"), max_length=66)
    log_index = models.IntegerField()
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="events")
    name = models.CharField(_("name"), max_length=60)
    arguments = models.JSONField(_("arguments"))
    token_id = models.BigIntegerField(
        _("token id"), null=True, blank=True, help_text=_("Of a single token's transfer.")
    )
    applied_at = models.DateTimeField(
        _("applied"), null=True, help_text=_("When it moved value, which is at finality.")
    )

    class Meta:
        verbose_name = _("chain event")
        verbose_name_plural = _("chain events")
        ordering = ["block_number", "log_index"]
        indexes = [
            models.Index(
                fields=["chain", "block_number", "log_index"],
                condition=models.Q(applied_at__isnull=True),
                name="nft_event_to_apply",
            ),
            models.Index(
                fields=["contract", "token_id", "block_number", "log_index"],
                condition=models.Q(token_id__isnull=False),
                name="nft_event_of_token",
            ),
            models.Index(
                fields=["contract", "name"],
                condition=models.Q(token_id__isnull=True),
                name="nft_event_named",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "transaction_hash", "log_index", "block_hash"],
                name="nft_event_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.transaction_hash}:{self.log_index}"
