"""What was asked of the bridge, the intents that carry it out, and the transactions they sent."""

from __future__ import annotations

import uuid
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Owner
from apps.nft.models.anchors import DayAnchor
from apps.nft.models.chain import Chain, Contract
from apps.nft.models.coins import CoinWithdrawal
from apps.nft.models.intents import ChainIntent
from apps.registry.models import CreditClass, SerialBlock

# As in CarbonCredit.sol.
BLOCK_ID_STRIDE = 10**10


def token_id_of(block: SerialBlock, serial: int) -> int:
    """The token id of a tonne, in the block it was first issued in, however that is cut since."""
    origin = block.origin
    return origin.pk * BLOCK_ID_STRIDE + serial - origin.start


class MintRequest(models.Model):
    """An owner takes whole tonnes of a class out to an address. Idempotent per owner and key."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="mint_requests")
    credit_class = models.ForeignKey(CreditClass, models.PROTECT, related_name="+")
    tonnes = models.BigIntegerField(_("tonnes"))
    to_address = models.CharField(_("to"), max_length=42)
    idempotency_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)

    class Meta:
        verbose_name = _("mint request")
        verbose_name_plural = _("mint requests")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="nft_mintrequest_idempotent"
            ),
            models.CheckConstraint(name="nft_mintrequest_positive", condition=Q(tonnes__gt=0)),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class BridgeIntent(ChainIntent):
    """One mint of whole tonnes, all from one contiguous serial range.

    While it is not final it holds `amount_grams` of the owner's balance and its span is reserved.
    """

    request = models.ForeignKey(MintRequest, models.PROTECT, related_name="intents")
    chain = models.ForeignKey(Chain, models.PROTECT, related_name="intents")
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="bridge_intents")
    credit_class = models.ForeignKey(CreditClass, models.PROTECT, related_name="+")
    # As the contract names it: the block that the serials were first issued in.
    block = models.ForeignKey(SerialBlock, models.PROTECT, related_name="bridge_intents")
    first_serial = models.BigIntegerField(_("first serial"))
    amount_grams = models.BigIntegerField(_("amount, grams CO2e"))
    span = models.OneToOneField(
        "registry.Span",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="bridge_intent",
        help_text=_("What is reserved while it is open."),
    )
    to_address = models.CharField(_("to"), max_length=42)

    class Meta:
        verbose_name = _("bridge intent")
        verbose_name_plural = _("bridge intents")
        indexes = [
            models.Index(
                fields=["state", "id"],
                condition=~Q(state__in=["final", "failed"]),
                name="nft_intent_open",
            ),
            models.Index(fields=["state", "id"], name="nft_intent_state"),
        ]
        constraints = [
            models.CheckConstraint(
                name="nft_intent_whole_tonnes",
                condition=Q(amount_grams__gt=0) & Q(Exact(F("amount_grams") % 1_000_000, 0)),
            ),
        ]

    @property
    def tonnes(self) -> int:
        return self.amount_grams // 1_000_000

    @property
    def first_token_id(self) -> int:
        """The id its first tonne has as a token, for ever."""
        return token_id_of(self.block, self.first_serial)


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


def exactly_one(*fields: str) -> Q:
    """Of these fields one is set, and no more."""
    return reduce(
        or_,
        (Q(**{f"{name}__isnull": name != chosen for name in fields}) for chosen in fields),
    )


# What a transaction is for.
PURPOSES = ("intent", "withdrawal", "anchor", "contract")


class ChainTransaction(models.Model):
    """One attempt to send one transaction: its fields, then its signed bytes, then its fate.

    The nonce is given out together with the row, before anything is signed, and the signed bytes
    are stored before they are broadcast: whatever dies in between, the next one to look finds what
    to do. A replacement is another attempt with the same nonce and higher fees.
    """

    intent = models.ForeignKey(
        BridgeIntent, models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    withdrawal = models.ForeignKey(
        CoinWithdrawal, models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    anchor = models.ForeignKey(
        DayAnchor, models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    contract = models.ForeignKey(
        Contract, models.PROTECT, null=True, blank=True, related_name="deployments"
    )
    signer = models.ForeignKey(Signer, models.PROTECT, related_name="transactions")
    nonce = models.BigIntegerField(_("nonce"))
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    to_address = models.CharField(_("to"), max_length=42, blank=True)
    data = models.BinaryField()
    gas_limit = models.BigIntegerField()
    max_fee_per_gas = models.BigIntegerField(_("fee per gas at most, wei"))
    max_priority_fee_per_gas = models.BigIntegerField()
    raw = models.BinaryField(null=True)
    hash = models.CharField(  # noqa: DJ001  (many may be unsigned, and "" would be one value)
        _("hash"), max_length=66, unique=True, null=True
    )
    created_at = models.DateTimeField(_("nonce given at"), auto_now_add=True)
    broadcast_at = models.DateTimeField(_("last broadcast"), null=True, blank=True)
    block_number = models.BigIntegerField(_("block"), null=True, blank=True)
    block_hash = models.CharField(max_length=66, blank=True)
    succeeded = models.BooleanField(_("succeeded"), null=True)

    class Meta:
        verbose_name = _("chain transaction")
        verbose_name_plural = _("chain transactions")
        ordering = ["nonce", "attempt"]
        indexes = [
            models.Index(
                fields=["signer", "nonce", "attempt"],
                condition=Q(succeeded=False),
                name="nft_transaction_failed",
            ),
            models.Index(
                fields=["signer", "nonce", "attempt"],
                condition=Q(succeeded__isnull=True),
                name="nft_transaction_waiting",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["signer", "nonce", "attempt"], name="nft_transaction_attempt_once"
            ),
            models.CheckConstraint(
                name="nft_transaction_one_purpose",
                condition=exactly_one(*PURPOSES),
            ),
            models.CheckConstraint(
                name="nft_transaction_signed_before_broadcast",
                condition=Q(raw__isnull=False, hash__isnull=False) | Q(broadcast_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.hash or f"{self.signer} #{self.nonce}"
