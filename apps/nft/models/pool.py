"""The CC pool: credits pledged 1:1 for CC, and CC given back for credits."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Owner
from apps.registry.models import CreditClass, Label, Registry


class PoolRule(models.Model):
    """Which credits the pool takes. A class that matches any rule is eligible."""

    registry = models.ForeignKey(
        Registry,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("registry"),
        help_text=_("Empty: any registry."),
    )
    vintage_from = models.PositiveSmallIntegerField(_("vintage from"))
    project_type_contains = models.CharField(
        _("type contains"), max_length=120, blank=True, help_text=_("Empty: any type.")
    )
    label = models.ForeignKey(
        Label,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("label"),
        help_text=_("That all of the class has. Empty: with or without labels."),
    )

    class Meta:
        verbose_name = _("pool rule")
        verbose_name_plural = _("pool rules")

    def __str__(self) -> str:
        words = (f"{self.registry or '*'} ≥ {self.vintage_from}", self.project_type_contains)
        return " ".join(str(word) for word in (*words, self.label) if word)


class PoolMovement(models.Model):
    """Grams of a class that went into or out of the pool for as many micro-units of CC."""

    owner = models.ForeignKey(Owner, models.PROTECT, related_name="%(class)ss")
    credit_class = models.ForeignKey(CreditClass, models.PROTECT, related_name="%(class)ss")
    amount_grams = models.BigIntegerField(_("amount, grams CO2e"))
    idempotency_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="%(app_label)s_%(class)s_idempotent"
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_positive", condition=models.Q(amount_grams__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_grams} g {self.credit_class}"


class Pledge(PoolMovement):
    """Credits in, CC out."""

    class Meta(PoolMovement.Meta):
        verbose_name = _("pledge")
        verbose_name_plural = _("pledges")


class PoolRedemption(PoolMovement):
    """CC in, credits out: of a class somebody chose, for a fee, or of what came in first, free."""

    fee_micro = models.BigIntegerField(
        _("fee"), default=0, db_default=0, help_text=_("In micro-units of CC.")
    )
    asked_grams = models.BigIntegerField(
        _("asked for, grams CO2e"),
        null=True,
        blank=True,
        help_text=_("By the request for what came in first of which this is a part."),
    )

    class Meta(PoolMovement.Meta):
        verbose_name = _("pool redemption")
        verbose_name_plural = _("pool redemptions")
        constraints = [
            *PoolMovement.Meta.constraints,
            models.CheckConstraint(
                name="nft_poolredemption_first_is_free",
                condition=models.Q(fee_micro__gte=0)
                & (models.Q(asked_grams__isnull=True) | models.Q(fee_micro=0)),
            ),
        ]
