"""What people fill in about their account."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from apps.accounts.amounts import micro_from_text, text_from_micro
from apps.accounts.errors import ServiceError
from apps.accounts.ledger.models import Asset, Owner
from apps.accounts.models import ApiKey, Membership, User, WebhookEvent
from apps.accounts.models.gifts import MESSAGE_CHARS_MAX
from apps.accounts.networks import networks_read
from apps.accounts.oauth.applications import NAME_CHARS_MAX
from apps.accounts.webhooks.addresses import URL_CHARS_MAX


class MicroFormField(forms.CharField):
    """A decimal amount on the page, an integer of micro-units inside."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text in self.empty_values:
            return None
        try:
            return micro_from_text(text)
        except ServiceError as error:
            raise ValidationError(error.message, code=error.code) from error

    def prepare_value(self, value: Any) -> Any:
        return text_from_micro(value) if isinstance(value, int) else value


class SignupForm(forms.Form):
    """What sign-up asks beside the address and the password."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False)

    field_order = ("email", "name", "password1", "password2")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Required by allauth; the adapter has stored everything already."""


class ProfileForm(forms.Form):
    """What a person may change about themselves here; the address and password have own pages."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False)


def _countries() -> list[tuple[str, str]]:
    return [("", "—"), *countries]


class OrganisationForm(forms.Form):
    """A new organisation."""

    name = forms.CharField(label=_("Name"), max_length=200)
    country = forms.ChoiceField(label=_("Country"), choices=_countries, required=False)


class RoleForm(forms.Form):
    """What a member may do."""

    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices)


class InvitationForm(RoleForm):
    """Whom to invite, and for what: the least unless told."""

    email = forms.CharField(label=_("Email address"), max_length=254, widget=forms.EmailInput)

    accounts = forms.ModelMultipleChoiceField(
        label=_("Only for these accounts"),
        help_text=_("None: for all of them."),
        queryset=Owner.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    field_order = ("email", "role", "accounts")

    def __init__(self, *args: Any, accounts: QuerySet[Owner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = Membership.Role.VIEWER
        self.fields["accounts"].queryset = accounts  # type: ignore[attr-defined]


class ActingForm(forms.Form):
    """For which organisation to act, or for which of its sub-accounts; empty for oneself."""

    # "12" is an organisation's main account, "12:34" its sub-account.
    organisation = forms.RegexField(r"^[0-9]{1,18}(:[0-9]{1,18})?$", required=False)

    def clean_organisation(self) -> tuple[int | None, int | None]:
        """The organisation and the sub-account."""
        organisation, _colon, account = str(self.cleaned_data["organisation"] or "").partition(":")
        return (int(organisation) if organisation else None, int(account) if account else None)


class HistoryForm(forms.Form):
    """Which movements to show."""

    asset = forms.ChoiceField(label=_("Asset"), required=False)
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, assets: Iterable[Asset], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("All")), *((asset.code, asset.code) for asset in assets)]
        self.fields["asset"].choices = choices  # type: ignore[attr-defined]


class LogForm(forms.Form):
    """Which part of a log to show."""

    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class WebhookForm(forms.Form):
    """A new webhook."""

    url = forms.CharField(
        label=_("Address"),
        help_text=_("Of your server, public and with https."),
        max_length=URL_CHARS_MAX,
        widget=forms.URLInput,
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=WebhookEvent.choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )


class AppForm(forms.Form):
    """A new app of a developer's."""

    name = forms.CharField(
        label=_("Name"), help_text=_("People read it when they consent."), max_length=NAME_CHARS_MAX
    )
    addresses = forms.CharField(
        label=_("Addresses that people are sent back to"),
        help_text=_("One on each line, like https://app.example/callback."),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    keeps_secret = forms.BooleanField(
        label=_("It runs on a server and can keep a secret"), required=False, initial=True
    )

    def clean_addresses(self) -> list[str]:
        return str(self.cleaned_data["addresses"]).split()


class ApiKeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(label=_("Name"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"),
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    expires_at = forms.DateTimeField(
        label=_("Works until"),
        help_text=_("In UTC. Empty: until it is revoked."),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    allowed_networks = forms.CharField(
        label=_("Only from these addresses"),
        help_text=_("Networks like 203.0.113.0/24. Empty: from everywhere."),
        required=False,
        max_length=2000,
    )

    def clean_allowed_networks(self) -> list[str]:
        try:
            return networks_read(self.cleaned_data["allowed_networks"])
        except ServiceError as error:
            raise ValidationError(error.message, code=error.code) from error

    def __init__(self, *args: Any, allowed: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [choice for choice in ApiKey.Scope.choices if choice[0] in allowed]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]
        self.fields["scopes"].initial = [ApiKey.Scope.VIEW]


class GiftForm(forms.Form):
    """Part of a balance, and whom it is for."""

    asset = forms.ModelChoiceField(
        label=_("Asset"), queryset=Asset.objects.none(), to_field_name="code", empty_label=None
    )
    amount = MicroFormField(
        label=_("Amount"), max_length=24, help_text=_("In tonnes, CC or units of currency.")
    )
    to = forms.CharField(
        label=_("For"), max_length=254, help_text=_("An email address, or a wallet's address.")
    )
    message = forms.CharField(label=_("Message"), max_length=MESSAGE_CHARS_MAX, required=False)
    idempotency_key = forms.CharField(
        widget=forms.HiddenInput, max_length=100, initial=lambda: f"page-{uuid.uuid4()}"
    )

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = owner.balances.exclude(available=0, held=0)
        queryset = Asset.objects.filter(pk__in=held.values("asset")).order_by("code")
        self.fields["asset"].queryset = queryset  # type: ignore[attr-defined]

    def refuse(self, error: ServiceError) -> None:
        """Shows a service's refusal beside the field it is about."""
        field = "amount" if error.code == "insufficient_funds" else error.field
        self.add_error(field if field in self.fields else None, error.message)
