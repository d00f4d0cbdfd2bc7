"""USDC and CC on their way out of the ledger to a wallet, and in from one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Asset, Owner
from apps.nft.models.chain import Chain, ChainEvent
from apps.nft.models.intents import ChainIntent


class CoinWithdrawal(ChainIntent):
    """Coins that leave for a wallet. While it is open it holds `amount` of the owner's balance.

    Asking is idempotent per owner and key. Where the vault has enough of the coin it pays; CC that
    it lacks is minted.
    """

    class Route(models.TextChoices):
        VAULT = "vault", _("Paid by the vault")
        MINT = "mint", _("Minted")

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="coin_withdrawals")
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="coin_withdrawals")
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+", verbose_name=_("coin"))
    amount = models.BigIntegerField(_("amount"), help_text=_("In micro-units of the asset."))
    to_address = models.CharField(_("to"), max_length=42)
    route = models.CharField(_("route"), max_length=5, choices=Route)
    idempotency_key = models.CharField(max_length=120)
    event = models.OneToOneField(
        ChainEvent,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="coin_withdrawal",
        help_text=_("By which it left for good."),
    )

    class Meta:
        verbose_name = _("withdrawal of coins")
        verbose_name_plural = _("withdrawals of coins")
        indexes = [
            models.Index(
                fields=["state", "id"],
                condition=~Q(state__in=["final", "failed"]),
                name="nft_coinwithdrawal_open",
            ),
            models.Index(fields=["state", "id"], name="nft_coinwithdrawal_state"),
            models.Index(fields=["asset", "created_at"], name="nft_coinwithdrawal_asset"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="nft_coinwithdrawal_idempotent"
            ),
            models.CheckConstraint(name="nft_coinwithdrawal_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="nft_coinwithdrawal_final_by_event",
                condition=Q(state="final", event__isnull=False)
                | (~Q(state="final") & Q(event__isnull=True)),
            ),
        ]


class CoinDeposit(models.Model):
    """Coins that came into the vault for good, and whom they were credited to.

    Where nobody could be told, the platform's `unclaimed` owner has them until the wallet that sent
    them is linked to somebody.
    """

    event = models.OneToOneField(ChainEvent, models.PROTECT, related_name="coin_deposit")
    from_address = models.CharField(_("from"), max_length=42)
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+", verbose_name=_("coin"))
    amount = models.BigIntegerField(_("amount"), help_text=_("In micro-units of the asset."))
    owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="coin_deposits", verbose_name=_("credited to")
    )
    created_at = models.DateTimeField(_("credited at"), auto_now_add=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("deposit of coins")
        verbose_name_plural = _("deposits of coins")
        indexes = [models.Index(fields=["asset"], name="nft_coindeposit_asset")]
        constraints = [
            models.CheckConstraint(name="nft_coindeposit_positive", condition=Q(amount__gt=0))
        ]

    def __str__(self) -> str:
        return str(self.event)
