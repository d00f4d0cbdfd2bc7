"""What people fill in to take tonnes and coins out, and to pledge credits for CC."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.amounts import micro_from_text
from apps.accounts.errors import ServiceError
from apps.accounts.models import Asset, Owner
from apps.accounts.selectors import wallets_of
from apps.nft.selectors.coins import coin_codes
from apps.nft.selectors.pool import classes_eligible, classes_pooled
from apps.registry.browse import classes_held
from apps.registry.forms import ClassChoiceField, MassForm

AMOUNT_REFUSED: Final = {"insufficient_funds", "vault_short", "limit_exceeded"}


class TakeOutForm(forms.Form):
    """Whole tonnes of one class, and the linked wallet they go to."""

    credit_class = ClassChoiceField()
    tonnes = forms.IntegerField(label=_("Whole tonnes"), min_value=1, initial=1)
    to_address = forms.ChoiceField(label=_("Wallet"))
    idempotency_key = forms.CharField(
        widget=forms.HiddenInput, max_length=100, initial=lambda: f"page-{uuid.uuid4()}"
    )

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        classes = classes_held(owner, with_empty=self.is_bound)
        self.fields["credit_class"].queryset = classes  # type: ignore[attr-defined]
        addresses = [wallet.address for wallet in wallets_of(owner)]
        self.fields["to_address"].choices = [(it, it) for it in addresses]  # type: ignore[attr-defined]

    @property
    def order(self) -> dict[str, Any]:
        """The arguments of `mint_request` that the form decides."""
        return dict(self.cleaned_data)

    def refuse(self, error: ServiceError) -> None:
        """Shows a service's refusal beside the field it is about."""
        field = "tonnes" if error.code in {"insufficient_funds", "grams_short"} else error.field
        self.add_error(field if field in self.fields else None, error.message)


class CoinsForm(forms.Form):
    """An amount of USDC or CC, and a linked wallet."""

    currency = forms.ModelChoiceField(
        label=_("Coin"), queryset=Asset.objects.none(), to_field_name="code", empty_label=None
    )
    amount = forms.CharField(label=_("Amount"), max_length=24)
    to_address = forms.ChoiceField(label=_("Wallet"))

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Asset.objects.filter(code__in=coin_codes()).order_by("code")
        self.fields["currency"].queryset = known  # type: ignore[attr-defined]
        self.fields["amount"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        addresses = [wallet.address for wallet in wallets_of(owner)]
        self.fields["to_address"].choices = [(it, it) for it in addresses]  # type: ignore[attr-defined]

    def clean_amount(self) -> int:
        """Micro-units."""
        try:
            return micro_from_text(self.cleaned_data["amount"])
        except ServiceError as error:
            raise forms.ValidationError(error.message) from error


class DepositCoinsForm(CoinsForm):
    """What somebody brings from which of their wallets."""

    prefix = "deposit"

    def clean_amount(self) -> int:
        """Micro-units, above zero."""
        amount = super().clean_amount()
        if amount <= 0:
            raise forms.ValidationError(_("Give an amount above zero."))
        return amount


class SendCoinsForm(CoinsForm):
    """What goes to which of the owner's wallets."""

    idempotency_key = forms.CharField(
        widget=forms.HiddenInput, max_length=100, initial=lambda: f"page-{uuid.uuid4()}"
    )

    @property
    def order(self) -> dict[str, Any]:
        """The arguments of `coin_withdraw` that the form decides."""
        order = dict(self.cleaned_data)
        return order | {"asset": order.pop("currency")}

    def refuse(self, error: ServiceError) -> None:
        """Shows a service's refusal beside the field it is about."""
        field = "amount" if error.code in AMOUNT_REFUSED else error.field
        self.add_error(field if field in self.fields else None, error.message)


class PledgeForm(MassForm):
    """An amount of a class that the pool takes."""

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        super().__init__(*args, owner=owner, **kwargs)
        field = self.fields["credit_class"]
        field.queryset = field.queryset.filter(  # type: ignore[attr-defined]
            pk__in=classes_eligible().values("pk")
        )


class RedeemForm(MassForm):
    """An amount of a class that the pool holds; without a class, of what came in first."""

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        super().__init__(*args, owner=owner, **kwargs)
        # As in MassForm: what is sent again must still find its class.
        field: Any = self.fields["credit_class"]
        field.queryset = classes_pooled(with_empty=self.is_bound)
        field.required, field.empty_label = False, _("What came into the pool first, free")
