"""What an owner paid ccmarket in fees over a month, as a paper that never changes."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Asset, Owner

NUMBER_DIGITS: Final = 8


class Invoice(models.Model):
    """One owner's fees of one month (UTC) in one currency. Append-only, numbered without a gap.

    Amounts are micro-units of `asset`. The fees were taken with tax: `total = net + tax`. Where
    more was paid back than taken, all three are negative: a credit note. Who sells and who buys
    stay as they were called when it was issued.
    """

    number = models.PositiveBigIntegerField(_("number"), unique=True)
    owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="invoices", verbose_name=_("owner")
    )
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+", verbose_name=_("currency"))
    month = models.DateField(_("month"), help_text=_("Its first day."))
    total = models.BigIntegerField(_("total"))
    tax = models.BigIntegerField(_("tax"))
    tax_bps = models.PositiveIntegerField(_("tax rate"))
    tax_reason = models.CharField(_("why there is no tax"), max_length=300, blank=True)
    seller_name = models.CharField(_("seller"), max_length=200)
    seller_address = models.CharField(_("seller's address"), max_length=500, blank=True)
    seller_tax_id = models.CharField(_("seller's tax id"), max_length=80, blank=True)
    buyer_name = models.CharField(_("buyer"), max_length=320)
    buyer_address = models.CharField(_("buyer's address"), max_length=500, blank=True)
    buyer_country = models.CharField(_("buyer's country"), max_length=2, blank=True)
    buyer_number = models.CharField(_("buyer's registration number"), max_length=80, blank=True)
    issued_at = models.DateTimeField(_("issued"), db_default=Now())

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "month", "asset"], name="accounts_invoice_once"
            ),
            models.CheckConstraint(
                name="accounts_invoice_says_why_no_tax",
                condition=(Q(tax_bps=0, tax=0) & ~Q(tax_reason="")) | Q(tax_bps__gt=0),
            ),
            models.CheckConstraint(name="accounts_invoice_number", condition=Q(number__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Its number as people write it."""
        return f"INV-{self.number:0{NUMBER_DIGITS}}"

    @property
    def net(self) -> int:
        """Without tax."""
        return self.total - self.tax

    @property
    def is_credit(self) -> bool:
        """Whether ccmarket paid back more than it took."""
        return self.total < 0


class InvoiceLine(models.Model):
    """All fees of one kind, in one market where they are of trades: `count` of them, with tax.

    `account` is the sub-account that paid them, as it was called then; None is the owner itself.
    """

    class Kind(models.TextChoices):
        TRADING = "trading", _("Trading fees")
        REBATE = "rebate", _("Rebates for resting orders")
        REDEMPTION = "redemption", _("Choosing the class when redeeming CC")
        OTHER = "other", _("Other fees")

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    market = models.CharField(_("market"), max_length=80, blank=True)
    account = models.ForeignKey(
        Owner, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    account_name = models.CharField(_("account's name"), max_length=80, blank=True, db_default="")
    count = models.PositiveBigIntegerField(_("count"))
    amount = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("line of an invoice")
        verbose_name_plural = _("lines of invoices")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "account", "kind", "market"],
                nulls_distinct=False,
                name="accounts_invoiceline_once",
            ),
            models.CheckConstraint(
                name="accounts_invoiceline_sign",
                condition=Q(kind="rebate", amount__lt=0) | (~Q(kind="rebate") & Q(amount__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.market}".strip()


class InvoicedMonth(models.Model):
    """Of this month every fee is on an invoice. Append-only."""

    month = models.DateField(_("month"), unique=True)
    done_at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("invoiced month")
        verbose_name_plural = _("invoiced months")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
