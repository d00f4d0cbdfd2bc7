"""Intents to do something on chain, and the transactions that carry them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel, Owner
from apps.nft.models.chain import Chain
from apps.registry.models import CreditClass


class BridgeIntent(models.Model):
    """One mint of whole tonnes, all from one contiguous serial range.

    While it is not final it holds `amount_grams` of the owner's balance and its span is reserved.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SIGNED = "signed", _("Signed")
        BROADCAST = "broadcast", _("Broadcast")
        MINED = "mined", _("Mined")
        FINAL = "final", _("Final")
        FAILED = "failed", _("Failed; everything released")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    chain = models.ForeignKey(Chain, models.PROTECT, related_name="intents")
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="bridge_intents")
    credit_class = models.ForeignKey(CreditClass, models.PROTECT, related_name="+")
    span = models.OneToOneField(
        "registry.Span", models.SET_NULL, null=True, blank=True, related_name="bridge_intent"
    )
    amount_grams = models.BigIntegerField(_("amount, grams CO2e"))
    to_address = models.CharField(_("to"), max_length=42)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    idempotency_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("bridge intent")
        verbose_name_plural = _("bridge intents")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="nft_intent_idempotent"
            ),
            models.CheckConstraint(
                name="nft_intent_positive", condition=models.Q(amount_grams__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Signer(models.Model):
    """An account that signs for us, and the next nonce it gives out. Locked to take one."""

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="signers")
    address = models.CharField(_("address"), max_length=42)
    role = models.CharField(_("role"), max_length=20)
    next_nonce = models.BigIntegerField(_("next nonce"), default=0)

    class Meta:
        verbose_name = _("signer")
        verbose_name_plural = _("signers")
        constraints = [
            models.UniqueConstraint(fields=["chain", "address"], name="nft_signer_address_once"),
            models.UniqueConstraint(fields=["chain", "role"], name="nft_signer_role_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.address}"


class ChainTransaction(models.Model):
    """A signed transaction, stored before it is broadcast. A replacement has the same nonce."""

    intent = models.ForeignKey(BridgeIntent, models.PROTECT, related_name="transactions")
    signer = models.ForeignKey(Signer, models.PROTECT, related_name="transactions")
    nonce = models.BigIntegerField(_("nonce"))
    hash = models.CharField(_("hash"), max_length=66, unique=True)
    raw = models.BinaryField()
    max_fee_per_gas = models.BigIntegerField()
    created_at = models.DateTimeField(_("signed at"), auto_now_add=True)
    broadcast_at = models.DateTimeField(_("last broadcast"), null=True, blank=True)
    block_number = models.BigIntegerField(_("block"), null=True, blank=True)
    block_hash = models.CharField(max_length=66, blank=True)

    class Meta:
        verbose_name = _("chain transaction")
        verbose_name_plural = _("chain transactions")
        indexes = [models.Index(fields=["signer", "nonce"], name="nft_transaction_nonce")]

    def __str__(self) -> str:
        return self.hash


class BridgeHalt(FourEyesModel):
    """The bridge stands still while a halt is pending; resuming it takes two people."""

    reason = models.TextField(_("reason"))

    class Meta(FourEyesModel.Meta):
        verbose_name = _("bridge halt")
        verbose_name_plural = _("bridge halts")

    def __str__(self) -> str:
        return self.reason[:80]
