"""Which programs of others people let act for them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Owner
from apps.accounts.models.identity import User


class AppConsent(models.Model):
    """A person lets an app act for `owner`. A token is worth nothing once its consent has ended.

    `scopes` is all that was ever agreed to while it lasted; each token has its own.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="app_consents")
    application = models.ForeignKey(
        settings.OAUTH2_PROVIDER_APPLICATION_MODEL, models.CASCADE, related_name="consents"
    )
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="app_consents")
    scopes = ArrayField(models.CharField(max_length=10), default=list)
    given_at = models.DateTimeField(_("given"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("app consent")
        verbose_name_plural = _("app consents")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "application"],
                condition=models.Q(ended_at__isnull=True),
                name="accounts_one_consent_an_app",
            )
        ]

    def __str__(self) -> str:
        return f"{self.application}: {', '.join(self.scopes)}"
