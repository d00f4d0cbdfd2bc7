"""What people fill in to bring a bulk order."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.accounts.amounts import micro_from_text
from apps.accounts.errors import ServiceError
from apps.accounts.models import Asset
from apps.orderbook.models import Product
from apps.orderbook.models.bulk import BPS


class PercentField(forms.DecimalField):
    """A share in percent, as basis points."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=100, decimal_places=2, **kwargs)

    def clean(self, value: Any) -> int | None:
        percent = super().clean(value)
        return None if percent is None else int(percent * 100)


class BulkOrderForm(forms.Form):
    """The file, and the rules of the order as a whole."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("How you will find it again.")
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or XLSX, at most 100,000 lines and 20 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )
    quote = forms.ModelChoiceField(
        Asset.objects.none(), to_field_name="code", label=_("Paid in"), empty_label=None
    )
    total_max = forms.CharField(
        label=_("Most it may cost"),
        required=False,
        max_length=26,
        help_text=_("All of it, with fees. Empty: no limit."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    removals_min_bps = PercentField(
        label=_("Removals at least, percent"), required=False, help_text=_("Of all grams bought.")
    )
    project_max_bps = PercentField(
        label=_("One project at most, percent"),
        required=False,
        help_text=_("Of all grams bought. Empty: no limit."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        traded = Product.objects.values("quote")
        quotes = Asset.objects.filter(pk__in=traded).order_by("code")
        self.fields["quote"].queryset = quotes  # type: ignore[attr-defined]

    def clean_total_max(self) -> int | None:
        text = self.cleaned_data["total_max"].replace(",", "").strip()
        if not text:
            return None
        try:
            return micro_from_text(text)
        except ServiceError as error:
            raise ValidationError(error.message, code=error.code) from error

    @property
    def order(self) -> dict[str, Any]:
        """The arguments of `bulk_order_create` that the form decides."""
        data = self.cleaned_data
        names = ("name", "file", "quote", "total_max")
        project_max_bps = data["project_max_bps"]
        return {name: data[name] for name in names} | {
            "removals_min_bps": data["removals_min_bps"] or 0,
            "project_max_bps": BPS if project_max_bps is None else project_max_bps,
        }

    def refuse(self, error: ServiceError) -> None:
        """Shows a service's refusal beside the field it is about."""
        self.add_error(error.field if error.field in self.fields else None, error.message)
