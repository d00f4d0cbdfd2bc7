"""The order form of a market's page."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import ServiceError
from apps.accounts.forms import MicroFormField
from apps.accounts.models import Asset
from apps.accounts.units import MASS_UNITS, grams_from_text, mass_text
from apps.orderbook.models import Product
from apps.orderbook.models.enums import OrderType, Side

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
TYPES: Final = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}


class OrderForm(forms.Form):
    """Side, type, price in the quote asset a tonne, and an amount in a unit of one's choice.

    `client_oid` is made with the form: pressing the button twice places one order.
    """

    side = forms.ChoiceField(choices=[("buy", _("Buy")), ("sell", _("Sell"))], initial="buy")
    order_type = forms.ChoiceField(
        choices=[("limit", _("Limit")), ("market", _("Market"))], initial="limit"
    )
    price = MicroFormField(label=_("Price"), required=False)
    size = forms.CharField(label=_("Amount"), max_length=24)
    unit = forms.ChoiceField(label=_("Unit"), choices=[(unit, unit) for unit in MASS_UNITS])
    post_only = forms.BooleanField(label=_("Only if it rests in the book"), required=False)
    client_oid = forms.CharField(widget=forms.HiddenInput, max_length=100)

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.product = product
        self.fields["client_oid"].initial = lambda: f"page-{uuid.uuid4()}"
        self.fields["unit"].initial = "kg" if product.base.kind == Asset.Kind.CREDIT else "t"
        for name in ("price", "size"):
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            self._clean_size(data)
            self._clean_price(data)
        return data

    def _clean_size(self, data: dict[str, Any]) -> None:
        """The market's own bounds, said in the units of the form rather than in tonnes."""
        try:
            size = data["size"] = grams_from_text(data["size"], data["unit"])
        except ServiceError as error:
            self.add_error("size", ValidationError(error.message, code=error.code))
            return
        bounds = {
            "least": mass_text(self.product.size_min),
            "most": mass_text(self.product.size_max),
            "step": mass_text(self.product.size_increment),
        }
        if size < self.product.size_min:
            self.add_error("size", _("The smallest order in this market is %(least)s.") % bounds)
        elif size > self.product.size_max:
            self.add_error("size", _("The largest order in this market is %(most)s.") % bounds)
        elif size % self.product.size_increment:
            self.add_error("size", _("This market trades in steps of %(step)s.") % bounds)

    def _clean_price(self, data: dict[str, Any]) -> None:
        if data["order_type"] == "market":
            data["price"], data["post_only"] = None, False
        elif data["price"] is None:
            self.add_error("price", _("Give a price, or choose a market order."))
        elif not data["price"] or data["price"] % self.product.price_increment:
            step = text_from_micro(self.product.price_increment)
            self.add_error("price", _("Prices in this market move in steps of %s.") % step)

    @property
    def order(self) -> dict[str, Any]:
        """The arguments of `order_place` that the form decides."""
        data = self.cleaned_data
        return {
            "side": SIDES[data["side"]],
            "order_type": TYPES[data["order_type"]],
            "price": data["price"],
            "size": data["size"],
            "post_only": data["post_only"],
            "client_oid": data["client_oid"],
        }
