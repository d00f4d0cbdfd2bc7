"""What an organisation lets its members spend alone. docs/bulk-orders.md, "Who may spend what"."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Asset
from apps.accounts.models.identity import Membership, Organisation


class SpendingRule(models.Model):
    """Above `second_above` micro-units of `asset` within a day, another member has to approve.

    An organisation without a rule for an asset asks nobody else; 0 asks for every purchase.
    """

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="spending_rules", db_index=False
    )
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+", db_index=False)
    second_above = models.BigIntegerField(_("two people above"))

    class Meta:
        verbose_name = _("spending rule")
        verbose_name_plural = _("spending rules")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "asset"], name="accounts_spendingrule_once"
            ),
            models.CheckConstraint(
                name="accounts_spendingrule_positive", condition=Q(second_above__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.asset_id}"


class SpendingLimit(models.Model):
    """The most that a member of `role` may spend, or let another spend, by one order.

    A role without a limit for an asset is bound by what the role may do at all, and nothing else.
    """

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="spending_limits", db_index=False
    )
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(_("role"), max_length=12, choices=Membership.Role)
    up_to = models.BigIntegerField(_("up to"))

    class Meta:
        verbose_name = _("spending limit")
        verbose_name_plural = _("spending limits")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "asset", "role"], name="accounts_spendinglimit_once"
            ),
            models.CheckConstraint(
                name="accounts_spendinglimit_positive", condition=Q(up_to__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.role}"
