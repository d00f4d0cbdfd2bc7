"""What was answered to requests that carry an Idempotency-Key."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Owner


class IdempotentAnswer(models.Model):
    """The answer to one request, written in the transaction of what the request did."""

    owner = models.ForeignKey(Owner, models.CASCADE, related_name="+")
    key = models.CharField(max_length=120)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    # An answer may hold what is shown only once.
    body_encrypted = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("idempotent answer")
        verbose_name_plural = _("idempotent answers")
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="accounts_idempotent_once")
        ]

    def __str__(self) -> str:
        return self.key
