"""The ledger's tables: who owns, what is owned, how much, and every movement.

All amounts are integers in micro-units of their asset (6 decimals); for credits and CC one
micro-unit is one gram of CO2e. The triggers that guard these tables are in the migration
`0002_ledger_guards`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.numbers import FILLS_FROM, NUMBERED_FROM


class Owner(models.Model):
    """Whoever can own a balance: a person, an organisation, or the platform under a name.

    Platform names: `custody` (the outside world; alone may go negative), `bridge`, `pool`,
    `retired`, `unclaimed`, `house` (its own holdings), and `fees:PRODUCT`, one per product so that
    engines do not queue for one row.

    An organisation has one main account and, under it, sub-accounts that have it as `parent`; all
    of them name the organisation (docs/sub-accounts.md). Only sub-accounts have the last fields.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owner"
    )
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="accounts"
    )
    platform_name = models.CharField(max_length=80, null=True, blank=True, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="sub_accounts"
    )
    department = models.CharField(_("name"), max_length=80, blank=True, db_default="")
    public_id = models.UUIDField(unique=True, null=True, blank=True, editable=False)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("owner")
        verbose_name_plural = _("owners")
        constraints = [
            models.CheckConstraint(
                name="accounts_owner_exactly_one",
                condition=(
                    Q(user__isnull=False, organisation__isnull=True, platform_name__isnull=True)
                    | Q(user__isnull=True, organisation__isnull=False, platform_name__isnull=True)
                    | Q(user__isnull=True, organisation__isnull=True, platform_name__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="accounts_owner_sub_account",
                condition=(
                    Q(
                        parent__isnull=True,
                        department="",
                        public_id__isnull=True,
                        opened_at__isnull=True,
                        closed_at__isnull=True,
                    )
                    | Q(
                        organisation__isnull=False,
                        parent__isnull=False,
                        public_id__isnull=False,
                        opened_at__isnull=False,
                    )
                    & ~Q(department="")
                ),
            ),
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(parent__isnull=True),
                name="accounts_owner_one_main_account",
            ),
            models.UniqueConstraint(
                "organisation",
                Lower("department"),
                condition=Q(parent__isnull=False, closed_at__isnull=True),
                name="accounts_owner_department_once",
            ),
        ]

    def __str__(self) -> str:
        if self.parent_id is not None:
            return f"{self.organisation} · {self.department}"
        return str(self.user or self.organisation or self.platform_name)

    @property
    def main_id(self) -> int:
        """The organisation's main account of a sub-account; of everybody else, their own."""
        return self.parent_id or self.pk


class Asset(models.Model):
    """Something a balance is counted in."""

    class Kind(models.TextChoices):
        CREDIT = "credit", _("Credit class")
        CC = "cc", _("Carbon stable token")
        CASH = "cash", _("Cash")

    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        verbose_name = _("asset")
        verbose_name_plural = _("assets")

    def __str__(self) -> str:
        return self.code


class Balance(models.Model):
    """What one owner has of one asset: `available` to use and `held` for orders and intents."""

    owner = models.ForeignKey(Owner, models.PROTECT, related_name="balances")
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="balances", db_index=False)
    available = models.BigIntegerField(_("available"), default=0, db_default=0)
    held = models.BigIntegerField(_("held"), default=0, db_default=0)
    is_custody = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Set by the database from the owner: custody alone may go negative."),
    )

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        indexes = [models.Index(fields=["asset", "owner"], name="accounts_balance_asset")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "asset"], name="accounts_balance_once"),
            models.CheckConstraint(
                name="accounts_balance_available_not_negative",
                condition=Q(available__gte=0) | Q(is_custody=True),
            ),
            models.CheckConstraint(
                name="accounts_balance_held_not_negative", condition=Q(held__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.asset}"

    @property
    def total(self) -> int:
        """Available and held together, in micro-units."""
        return self.available + self.held


# 2 is a fee. The words are those of `movements`, as the database has them.
_IS_FEE_OF_TRADE = Q(id__gte=NUMBERED_FROM, kind=2, reference__gte=FILLS_FROM)


class Transfer(models.Model):
    """One movement of one asset from one balance to another. Append-only.

    The foreign keys carry no per-row database constraint: one trigger per statement checks a
    whole COPY at once (both balances exist, differ, and hold the same asset). Movements that are
    committed as one have ids that follow each other, from their `batch` on (`numbers`). The fees of
    trades are in no index by balance: `movements` finds them by their ids.
    """

    class Kind(models.IntegerChoices):
        TRADE = 1, _("Trade")
        FEE = 2, _("Fee")
        BANK = 3, _("Bank transfer")
        CUSTODY = 4, _("Receipt into custody")
        WITHDRAWAL = 5, _("Withdrawal to the registry")
        RETIREMENT = 6, _("Retirement")
        MINT = 7, _("Taken out as NFT")
        REDEEM = 8, _("Brought back from the chain")
        PLEDGE = 9, _("Pledge for CC")
        UNPLEDGE = 10, _("Redemption of CC")
        GIFT = 11, _("Gift")
        COIN_OUT = 12, _("Sent to a wallet")
        COIN_IN = 13, _("Received from a wallet")
        QUOTE = 14, _("Exchange by quote")
        MOVE = 15, _("Moved between accounts")

    from_balance = models.ForeignKey(
        Balance, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    to_balance = models.ForeignKey(
        Balance, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    amount = models.BigIntegerField(_("amount"))
    kind = models.PositiveSmallIntegerField(_("kind"), choices=Kind)
    reference = models.BigIntegerField(
        _("reference"),
        help_text=_("Id of what caused it: the fill, the receipt, the retirement, the intent."),
    )
    batch = models.BigIntegerField(
        _("batch"), help_text=_("The same for all movements committed as one.")
    )
    created_at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        indexes = [
            models.Index(
                fields=["from_balance", "id"],
                condition=~_IS_FEE_OF_TRADE,
                name="accounts_transfer_leaves",
            ),
            models.Index(
                fields=["to_balance", "id"],
                condition=~_IS_FEE_OF_TRADE,
                name="accounts_transfer_reaches",
            ),
        ]
        constraints = [
            models.CheckConstraint(name="accounts_transfer_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="accounts_transfer_two_balances",
                condition=~Q(from_balance=F("to_balance")),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_kind_display()}"
