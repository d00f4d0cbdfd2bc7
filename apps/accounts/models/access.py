"""How programs and wallets act for an owner."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Owner
from apps.accounts.models.identity import User


class ApiKey(models.Model):
    """An HMAC key. The secret is kept encrypted, the passphrase only as a keyed digest."""

    class Scope(models.TextChoices):
        VIEW = "view", _("View")
        TRADE = "trade", _("Trade")
        TRANSFER = "transfer", _("Transfer")
        RETIRE = "retire", _("Retire")

    key = models.CharField(max_length=64, unique=True)
    secret_encrypted = models.BinaryField()
    passphrase_digest = models.CharField(max_length=128)
    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="api_keys")
    name = models.CharField(_("name"), max_length=80)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope), default=list)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_address = models.GenericIPAddressField(_("last used from"), null=True, blank=True)
    allowed_networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        verbose_name=_("allowed addresses"),
        help_text=_("Networks like 203.0.113.0/24. Empty: from everywhere."),
    )
    limit_per_s = models.PositiveIntegerField(_("requests per second"), null=True, blank=True)
    limit_burst = models.PositiveIntegerField(_("requests at once"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                name="accounts_apikey_limits_are_positive",
                condition=(models.Q(limit_per_s__isnull=True) | models.Q(limit_per_s__gt=0))
                & (models.Q(limit_burst__isnull=True) | models.Q(limit_burst__gt=0)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.key})"


class UsedSignature(models.Model):
    """A signed request that was carried out while Redis, which usually remembers it, was away."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("used signature")
        verbose_name_plural = _("used signatures")

    def __str__(self) -> str:
        return bytes(self.digest).hex()


class Wallet(models.Model):
    """An Ethereum address whose holder proved control by signing in with it (EIP-4361)."""

    owner = models.ForeignKey(Owner, models.PROTECT, related_name="wallets")
    user = models.ForeignKey(User, models.PROTECT, related_name="wallets")
    address = models.CharField(_("address"), max_length=42)
    chain_id = models.BigIntegerField(_("chain id"))
    nonce = models.CharField(
        max_length=64,
        unique=True,
        null=True,
        blank=True,
        editable=False,
        help_text=_("Of the signed message: the database takes each message once."),
    )
    message = models.TextField(_("signed message"))
    signature = models.TextField(_("signature"))
    linked_at = models.DateTimeField(_("linked"), auto_now_add=True)
    unlinked_at = models.DateTimeField(_("unlinked"), null=True, blank=True)

    class Meta:
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        indexes = [models.Index(Lower("address"), name="accounts_wallet_address")]
        constraints = [
            models.UniqueConstraint(
                Lower("address"),
                condition=models.Q(unlinked_at__isnull=True),
                name="accounts_wallet_one_owner",
            )
        ]

    def __str__(self) -> str:
        return self.address


class WalletHolding(models.Model):
    """How much of an asset lies in a linked wallet, as the chain said last. Written from the chain.

    It backs nothing and can be spent nowhere here: it only says where somebody stands.
    """

    wallet = models.ForeignKey(Wallet, models.CASCADE, related_name="holdings", db_index=False)
    asset = models.ForeignKey("accounts.Asset", models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField(_("amount"), help_text=_("In micro-units of the asset."))
    block_number = models.BigIntegerField(_("block"))
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("holding of a wallet")
        verbose_name_plural = _("holdings of wallets")
        constraints = [
            models.UniqueConstraint(fields=["wallet", "asset"], name="accounts_walletholding_once"),
            models.CheckConstraint(
                name="accounts_walletholding_not_negative", condition=models.Q(amount__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet}: {self.amount} {self.asset}"
