"""What people fill in about an organisation's accounts."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.errors import ServiceError
from apps.accounts.forms import MicroFormField
from apps.accounts.ledger.models import Asset, Balance, Owner
from apps.accounts.models import Membership
from apps.accounts.services.sub_accounts import NAME_CHARS_MAX


class SubAccountForm(forms.Form):
    """What an account is called."""

    name = forms.CharField(label=_("Name"), max_length=NAME_CHARS_MAX)


class MoveForm(forms.Form):
    """An amount, and between which accounts."""

    from_account = forms.ModelChoiceField(
        label=_("From"), queryset=Owner.objects.none(), empty_label=None
    )
    to_account = forms.ModelChoiceField(
        label=_("To"), queryset=Owner.objects.none(), empty_label=None
    )
    asset = forms.ModelChoiceField(
        label=_("Asset"), queryset=Asset.objects.none(), to_field_name="code", empty_label=None
    )
    amount = MicroFormField(
        label=_("Amount"), max_length=24, help_text=_("In tonnes, CC or units of currency.")
    )
    idempotency_key = forms.CharField(
        widget=forms.HiddenInput, max_length=100, initial=lambda: f"page-{uuid.uuid4()}"
    )

    def __init__(self, *args: Any, accounts: QuerySet[Owner], source: Owner, **kwargs: Any) -> None:
        """`source` is whom it begins with, and then any other."""
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        full = Balance.objects.filter(owner__in=accounts.values("pk"), available__gt=0)
        # What strangers sent to a closed account leaves it here.
        fields["from_account"].queryset = accounts.filter(
            Q(closed_at=None) | Q(pk__in=full.values("owner"))
        )
        fields["from_account"].initial = source.pk
        targets = accounts.filter(closed_at=None)
        fields["to_account"].queryset = targets
        fields["to_account"].initial = targets.exclude(pk=source.pk).first()
        assets = Asset.objects.filter(pk__in=full.values("asset"))
        fields["asset"].queryset = assets.order_by("code")

    def refuse(self, error: ServiceError) -> None:
        """Shows a service's refusal beside the field it is about."""
        names = {"insufficient_funds": "amount", "account_closed": "to_account"}
        field = names.get(error.code) or {"to": "to_account"}.get(error.field or "", error.field)
        self.add_error(field if field in self.fields else None, error.message)


class LimitForm(forms.Form):
    """For which accounts a member acts."""

    is_limited = forms.ChoiceField(
        label=_("Acts for"),
        choices=[("", _("All accounts")), ("1", _("Only these:"))],
        required=False,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    accounts = forms.ModelMultipleChoiceField(
        label=_("Accounts"),
        queryset=Owner.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    def __init__(
        self, *args: Any, member: Membership, accounts: QuerySet[Owner], **kwargs: Any
    ) -> None:
        initial = {
            "is_limited": "1" if member.is_limited else "",
            "accounts": member.accounts.all(),
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["accounts"].queryset = accounts  # type: ignore[attr-defined]

    @property
    def chosen(self) -> list[Owner] | None:
        """The accounts, or None for all."""
        values = self.cleaned_data
        return list(values["accounts"]) if values["is_limited"] else None
