"""Credits consumed for good, on behalf of somebody."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Owner
from apps.registry.models.catalogue import CreditClass
from apps.registry.models.labels import Label

BENEFICIARY_CHARS_MAX = 200
MESSAGE_CHARS_MAX = 500


class Retirement(models.Model):
    """Grams of one class retired for a beneficiary. Its number is on the certificate."""

    class Source(models.TextChoices):
        BALANCE = "balance", _("From a balance")
        CHAIN = "chain", _("By burning NFTs on chain")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("certificate number"), max_length=24, unique=True)
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="retirements")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    credit_class = models.ForeignKey(CreditClass, models.PROTECT, related_name="retirements")
    amount_grams = models.BigIntegerField(_("amount, grams CO2e"))
    beneficiary = models.CharField(_("beneficiary"), max_length=BENEFICIARY_CHARS_MAX)
    message = models.CharField(_("message"), max_length=MESSAGE_CHARS_MAX, blank=True)
    period_start = models.DateField(_("emissions from"), null=True, blank=True)
    period_end = models.DateField(_("emissions to"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=8, choices=Source, default=Source.BALANCE)
    idempotency_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(_("retired at"), auto_now_add=True)
    registry_confirmed_at = models.DateTimeField(
        _("confirmed by the registry"), null=True, blank=True
    )
    registry_reference = models.CharField(_("registry's reference"), max_length=140, blank=True)

    class Meta:
        verbose_name = _("retirement")
        verbose_name_plural = _("retirements")
        indexes = [
            models.Index(fields=["source", "id"], name="registry_retirement_source"),
            models.Index(
                fields=["id"],
                condition=models.Q(registry_confirmed_at__isnull=True),
                name="registry_retirement_waiting",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(registry_confirmed_at__isnull=False),
                name="registry_retirement_confirmed",
            ),
            models.Index(
                OpClass(Upper("beneficiary"), "text_pattern_ops"),
                name="registry_retirement_for",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="registry_retirement_positive", condition=models.Q(amount_grams__gt=0)
            ),
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="registry_retirement_idempotent"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class RetirementLabel(models.Model):
    """A label that `grams` of a retirement had when they were retired. Append-only.

    Whatever becomes of the label later, the certificate keeps it, by the name that it had.
    """

    retirement = models.ForeignKey(Retirement, models.PROTECT, related_name="labels")
    label = models.ForeignKey(Label, models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    grams = models.BigIntegerField(_("grams"))

    class Meta:
        verbose_name = _("label of a retirement")
        verbose_name_plural = _("labels of retirements")
        constraints = [
            models.UniqueConstraint(
                fields=["retirement", "label"], name="registry_retirement_label_once"
            ),
            models.CheckConstraint(
                name="registry_retirement_label_positive", condition=models.Q(grams__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name
