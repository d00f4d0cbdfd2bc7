"""The CC pool: credits pledged 1:1 for CC."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Owner
from apps.registry.models import CreditClass


class Pledge(models.Model):
    """Grams of a class given into the pool for as many micro-units of CC."""

    owner = models.ForeignKey(Owner, models.PROTECT, related_name="pledges")
    credit_class = models.ForeignKey(CreditClass, models.PROTECT, related_name="pledges")
    amount_grams = models.BigIntegerField(_("amount, grams CO2e"))
    idempotency_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(_("pledged at"), auto_now_add=True)

    class Meta:
        verbose_name = _("pledge")
        verbose_name_plural = _("pledges")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="nft_pledge_idempotent"
            ),
            models.CheckConstraint(
                name="nft_pledge_positive", condition=models.Q(amount_grams__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_grams} g {self.credit_class}"
