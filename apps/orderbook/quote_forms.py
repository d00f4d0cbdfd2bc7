"""What people fill in to ask for quotes, to answer, and to choose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import MicroFormField
from apps.accounts.models import Balance, Owner
from apps.orderbook.models import Product, QuoteRequest
from apps.orderbook.services.quotes import Offer

LINES_SHOWN = 3
_AMOUNT = {"inputmode": "decimal", "autocomplete": "off"}


class QuotesAskForm(forms.Form):
    """Until when sellers may answer."""

    within_s = forms.TypedChoiceField(
        label=_("Sellers may answer within"),
        choices=[
            (3_600, _("one hour")),
            (4 * 3_600, _("four hours")),
            (86_400, _("one day")),
            (3 * 86_400, _("three days")),
            (7 * 86_400, _("a week")),
        ],
        coerce=int,
        initial=86_400,
        help_text=_("Until then nobody sees what they answer, not even you."),
    )

    @property
    def deadline(self) -> Any:
        """The moment, by this clock."""
        return timezone.now() + timedelta(seconds=self.cleaned_data["within_s"])


class OfferForm(forms.Form):
    """One line of a quote; left empty, none."""

    product = forms.ModelChoiceField(
        Product.objects.none(), label=_("Credits"), required=False, to_field_name="code"
    )
    size = MicroFormField(
        label=_("Tonnes"), max_length=26, required=False, widget=forms.TextInput(attrs=_AMOUNT)
    )
    price = MicroFormField(
        label=_("Price per tonne"),
        max_length=26,
        required=False,
        widget=forms.TextInput(attrs=_AMOUNT),
    )
    in_part = forms.BooleanField(label=_("May be taken in part"), required=False)

    def __init__(self, *args: Any, products: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = products  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = [data.get(name) is not None for name in ("product", "size", "price")]
        if any(given) and not all(given) and not self.errors:
            raise ValidationError(_("Fill in credits, tonnes and price of a line."))
        return data

    @property
    def offer(self) -> Offer | None:
        """The line; None where it was left empty."""
        data = self.cleaned_data
        if data.get("product") is None:
            return None
        product: Product = data["product"]
        least = min(product.size_min, data["size"]) if data["in_part"] else data["size"]
        return Offer(product, data["size"], least, data["price"])


class ValidityForm(forms.Form):
    """How long after the deadline a quote stands."""

    stands_s = forms.TypedChoiceField(
        label=_("It stands after the deadline for"),
        choices=[
            (3_600, _("one hour")),
            (86_400, _("one day")),
            (3 * 86_400, _("three days")),
            (7 * 86_400, _("a week")),
        ],
        coerce=int,
        initial=86_400,
        help_text=_("Until then the credits are held, and the asker may take them."),
    )


class QuoteForm:
    """A quote as a form: a few lines, and how long it stands."""

    def __init__(self, *, owner: Owner, request: QuoteRequest, data: Any = None) -> None:
        self.request = request
        products = _products(owner, request)
        self.validity = ValidityForm(data)
        self.lines = [
            OfferForm(data, products=products, prefix=f"line{number}")
            for number in range(1, LINES_SHOWN + 1)
        ]
        self.error = ""

    def is_valid(self) -> bool:
        """Whether all that was filled in can be read."""
        return all([self.validity.is_valid(), *(line.is_valid() for line in self.lines)])

    @property
    def terms(self) -> dict[str, Any]:
        """The arguments of `quote_answer` that the form decides."""
        stands = timedelta(seconds=self.validity.cleaned_data["stands_s"])
        return {
            "offers": [line.offer for line in self.lines if line.offer is not None],
            "valid_until": self.request.deadline + stands,
        }


def _products(owner: Owner, request: QuoteRequest) -> Any:
    """The markets, in what is paid, of the credits that the owner has to offer."""
    bases = Balance.objects.filter(owner=owner, available__gt=0).values("asset")
    found = Product.objects.filter(base__in=bases, quote=request.order.quote_id)
    return found.exclude(base=F("quote")).order_by("code")
