"""What people fill in to retire credits, and to withdraw them."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.accounts.errors import ServiceError
from apps.accounts.models import Owner
from apps.accounts.units import MASS_UNITS, grams_from_text
from apps.registry.browse import classes_held
from apps.registry.models import CreditClass
from apps.registry.models.retirement import BENEFICIARY_CHARS_MAX, MESSAGE_CHARS_MAX
from apps.registry.models.withdrawals import ACCOUNT_CHARS_MAX, NAME_CHARS_MAX


class ClassChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of the credit classes that the owner has some of, by its code."""

    def __init__(self) -> None:
        super().__init__(
            CreditClass.objects.none(),
            to_field_name="code",
            label=_("Credits"),
            empty_label=_("Choose"),
        )

    def label_from_instance(self, item: CreditClass) -> str:
        return f"{item.project.name}, {item.year} ({item.code})"


class MassForm(forms.Form):
    """An amount of one credit class, in grams, kilograms or tonnes, from one gram.

    `idempotency_key` is made with the form: sending it twice does the thing once.
    """

    credit_class = ClassChoiceField()
    amount = forms.CharField(label=_("Amount"), max_length=24)
    unit = forms.ChoiceField(
        label=_("Unit"), choices=[(unit, unit) for unit in MASS_UNITS], initial="kg"
    )
    idempotency_key = forms.CharField(
        widget=forms.HiddenInput, max_length=100, initial=lambda: f"page-{uuid.uuid4()}"
    )

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A form that is sent again after it used up a balance must still find its class.
        classes = classes_held(owner, with_empty=self.is_bound)
        self.fields["credit_class"].queryset = classes  # type: ignore[attr-defined]
        self.fields["amount"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "amount" in data and "unit" in data:
            try:
                data["amount_grams"] = grams_from_text(data["amount"], data["unit"])
            except ServiceError as error:
                self.add_error("amount", ValidationError(error.message, code=error.code))
        return data

    def refuse(self, error: ServiceError) -> None:
        """Shows a service's refusal beside the field it is about."""
        field = {"amount_grams": "amount"}.get(error.field or "", error.field)
        if error.code == "insufficient_funds":
            field = "amount"
        self.add_error(field if field in self.fields else None, error.message)


class RetireForm(MassForm):
    """What to retire, and for whom."""

    beneficiary = forms.CharField(
        label=_("Beneficiary"),
        max_length=BENEFICIARY_CHARS_MAX,
        help_text=_("On whose behalf. It is printed on the certificate, which is public."),
    )
    message = forms.CharField(
        label=_("Message"),
        max_length=MESSAGE_CHARS_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Also on the certificate, for example what the emissions came from."),
    )
    period_start = forms.DateField(
        label=_("Emissions from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    period_end = forms.DateField(
        label=_("Emissions to"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    @property
    def retirement(self) -> dict[str, Any]:
        """The arguments of `retirement_create` that the form decides."""
        names = (
            "credit_class",
            "amount_grams",
            "beneficiary",
            "message",
            "period_start",
            "period_end",
            "idempotency_key",
        )
        return {name: self.cleaned_data[name] for name in names}


class WithdrawForm(forms.Form):
    """Whole tonnes of one class, and the account at the registry that they go to."""

    credit_class = ClassChoiceField()
    tonnes = forms.IntegerField(label=_("Whole tonnes"), min_value=1, initial=1)
    registry_account = forms.CharField(
        label=_("Account at the registry"),
        max_length=ACCOUNT_CHARS_MAX,
        help_text=_("Its number, as the registry prints it on your statement."),
    )
    account_name = forms.CharField(
        label=_("Name of that account"),
        max_length=NAME_CHARS_MAX,
        help_text=_("In whose name the registry keeps it. We compare both before we transfer."),
    )
    idempotency_key = forms.CharField(
        widget=forms.HiddenInput, max_length=100, initial=lambda: f"page-{uuid.uuid4()}"
    )

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # As in MassForm: what is sent again must still find its class.
        classes = classes_held(owner, with_empty=self.is_bound)
        self.fields["credit_class"].queryset = classes  # type: ignore[attr-defined]

    def refuse(self, error: ServiceError) -> None:
        """Shows a service's refusal beside the field it is about."""
        field = "tonnes" if error.code in {"insufficient_funds", "grams_short"} else error.field
        self.add_error(field if field in self.fields else None, error.message)
