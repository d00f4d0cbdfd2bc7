"""What an organisation's owner fills in about who may spend what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import MicroFormField
from apps.accounts.ledger.models import Asset
from apps.accounts.models import Membership
from apps.accounts.services.spending import Spending

Role = Membership.Role
ROLES = (Role.OWNER, Role.TRADER, Role.APPROVER)


class SpendingForm(forms.Form):
    """The bounds for one asset; an empty one is none."""

    second_above = MicroFormField(
        label=_("Two people above"),
        required=False,
        max_length=26,
        help_text=_(
            "Above this sum within a day another member has to approve. 0: always. Empty: never."
        ),
    )
    owner = MicroFormField(label=_("An owner up to"), required=False, max_length=26)
    trader = MicroFormField(label=_("A trader up to"), required=False, max_length=26)
    approver = MicroFormField(
        label=_("An approver up to"),
        required=False,
        max_length=26,
        help_text=_("Of one order, with fees. Empty: no bound."),
    )

    def __init__(self, *args: Any, asset: Asset, spending: Spending, **kwargs: Any) -> None:
        self.asset = asset
        initial = {"second_above": spending.second_above} | dict(spending.up_to)
        super().__init__(*args, prefix=asset.code, initial=initial, **kwargs)

    @property
    def terms(self) -> dict[str, Any]:
        """The arguments of `spending_set` that the form decides."""
        data = self.cleaned_data
        up_to = {str(role): data[role] for role in ROLES}
        return {"second_above": data["second_above"], "up_to": up_to}
