"""What an organisation's owner fills in to have it verified."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.forms.formsets import BaseFormSet
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from apps.accounts.errors import ServiceError
from apps.accounts.models import BeneficialOwner, Verification, VerificationDocument
from apps.accounts.services.verifications import OWNERS_MAX, Legal, Person

# Empty rows for people, beside those that are there.
ROWS_EXTRA: Final = 2


def _countries() -> list[tuple[str, str]]:
    return [("", "—"), *countries]


class LegalForm(forms.Form):
    """What it says about itself; it may be incomplete until it is filed."""

    legal_name = forms.CharField(label=_("Legal name"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=Verification.Kind.choices)
    registration_number = forms.CharField(
        label=_("Registration number"),
        max_length=80,
        required=False,
        help_text=_("As in the register of the country."),
    )
    country = forms.ChoiceField(
        label=_("Country of registration"), choices=_countries, required=False
    )
    address = forms.CharField(
        label=_("Registered address"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PersonForm(forms.Form):
    """One person to whom part of the organisation belongs; left empty, nobody."""

    name = forms.CharField(label=_("Full name"), max_length=200, required=False)
    share = forms.DecimalField(
        label=_("Share in %"),
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    country = forms.ChoiceField(label=_("Country"), choices=_countries, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = [data.get(name) not in (None, "") for name in self.fields]
        if any(given) and not all(given) and not self.errors:
            raise forms.ValidationError(_("Fill in name, share and country, or none of them."))
        return data

    @property
    def person(self) -> Person | None:
        """What the services take; None for an empty row."""
        data = self.cleaned_data
        if not data.get("name"):
            return None
        return Person(data["name"], int(data["share"] * 100), data["country"])


PeopleFormSet = forms.formset_factory(
    PersonForm, extra=ROWS_EXTRA, max_num=OWNERS_MAX, absolute_max=OWNERS_MAX + ROWS_EXTRA
)


class DocumentForm(forms.Form):
    """A document and what it is."""

    kind = forms.ChoiceField(label=_("What it is"), choices=VerificationDocument.Kind.choices)
    file = forms.FileField(
        label=_("File"), required=False, help_text=_("A PDF, PNG or JPEG picture.")
    )


class VerificationForms:
    """The page's one form: what was said so far, or what was posted, and a document if one came."""

    def __init__(self, verification: Verification, data: Any = None, files: Any = None) -> None:
        said = {name: getattr(verification, name) for name in LegalForm.base_fields}
        named = [
            {
                "name": row.name,
                "share": Decimal(row.share_bps) / 100,
                "country": row.country.code,
            }
            for row in BeneficialOwner.objects.filter(verification=verification).order_by("pk")
        ]
        self.legal_form = LegalForm(data, initial=said)
        self.people_forms: BaseFormSet[PersonForm] = PeopleFormSet(
            data, initial=named, prefix="people"
        )
        self.upload = DocumentForm(data, files, prefix="document")

    def is_valid(self) -> bool:
        """Whether all of it can be kept."""
        # Each is asked, so that each shows what is wrong with it.
        said = [self.legal_form.is_valid(), self.people_forms.is_valid(), self.upload.is_valid()]
        return all(said)

    @property
    def legal(self) -> Legal:
        """What the organisation says about itself."""
        return Legal(**self.legal_form.cleaned_data)

    @property
    def people(self) -> list[Person]:
        """Who was named in valid rows, in their order."""
        return [person for form in self.people_forms if (person := form.person) is not None]

    @property
    def has_upload(self) -> bool:
        """Whether a document came along."""
        return self.upload.cleaned_data.get("file") is not None

    def refuse(self, error: ServiceError) -> bool:
        """Shows a refusal beside what it is about; False for one that is about none of this."""
        if error.field == "file" or error.code == "too_many_documents":
            self.upload.add_error("file", error.message)
        elif error.code in ("invalid_verification", "verification_incomplete"):
            field = error.field if error.field in self.legal_form.fields else None
            self.legal_form.add_error(field, error.message)
        else:
            return False
        return True
