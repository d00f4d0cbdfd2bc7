"""What people fill in about their account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.amounts import micro_from_text, text_from_micro
from apps.accounts.errors import ServiceError
from apps.accounts.models import ApiKey, User


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

    name = forms.CharField(label=_("Name (optional)"), max_length=120, required=False)

    field_order = ("email", "name", "password1", "password2")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Required by allauth; the adapter has stored everything already."""


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person may change about themselves here; the address and password have own pages."""

    class Meta:
        model = User
        fields = ("name",)


class ApiKeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(label=_("Name"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"),
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, allowed: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [choice for choice in ApiKey.Scope.choices if choice[0] in allowed]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]
        self.fields["scopes"].initial = [ApiKey.Scope.VIEW]
