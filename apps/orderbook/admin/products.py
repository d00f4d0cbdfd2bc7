"""Markets: staff list them, say what they take, halt them and open them. Assets and increments
never change; what does goes through the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import ServiceError
from apps.accounts.forms import MicroFormField
from apps.accounts.models import User
from apps.orderbook.admin.fees import FeesForm, tiers_text
from apps.orderbook.models import Command, Product
from apps.orderbook.models.market import NO_LIMIT
from apps.orderbook.selectors.fees import schedule_of
from apps.orderbook.services.fees import fees_change
from apps.orderbook.services.products import (
    product_change,
    product_create,
    product_halt,
    product_open,
)

AMOUNTS = ("price_increment", "size_increment", "size_min", "size_max")
FEES = ("maker_bps", "taker_bps")
LIMITS = ("size_min", "size_max", "notional_min", "notional_max")
NUMBERS = ("band_bps", "breaker_bps", "breaker_window_s", "breaker_pause_s", "auction_s")


def _amount(label: Any, example: str) -> MicroFormField:
    return MicroFormField(label=label, help_text=example, widget=UnfoldAdminTextInputWidget)


def _number(label: Any, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, help_text=help_text, min_value=0, widget=UnfoldAdminTextInputWidget
    )


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new market, in whole units."""

    price_increment = _amount(_("price increment"), "0.01")
    size_increment = _amount(_("size increment"), "0.001")
    size_min = _amount(_("smallest size"), "0.001")
    size_max = _amount(_("largest size"), "100000")

    class Meta:
        model = Product
        fields = ("base", "quote", *AMOUNTS, *FEES)


class StateForm(BaseDialogForm):
    """Which state a market is to have."""

    state = forms.ChoiceField(
        label=_("state"), choices=Product.State.choices, widget=UnfoldAdminSelectWidget
    )


class RulesForm(BaseDialogForm):
    """What a market takes, in whole units."""

    size_min = _amount(_("smallest size"), "0.001")
    size_max = _amount(_("largest size"), "100000")
    notional_min = _amount(_("smallest value"), "0")
    notional_max = MicroFormField(
        label=_("largest value"),
        help_text=_("Empty: no limit."),
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    band_bps = _number(_("price band, basis points"), _("From the last trade. 0: none."))
    breaker_bps = _number(
        _("circuit breaker, basis points"), _("From the price before the window. 0: none.")
    )
    breaker_window_s = _number(_("circuit breaker: window, seconds"), "300")
    breaker_pause_s = _number(
        _("circuit breaker: pause, seconds"), _("0: until somebody opens the market.")
    )
    auction_s = _number(_("auctions, seconds"), _("0: they last until the market is opened."))

    def __init__(self, *args: Any, object_id: Any = None, **kwargs: Any) -> None:
        product = Product.objects.filter(pk=object_id).first()
        if product is not None:
            rules = {name: text_from_micro(getattr(product, name)) for name in LIMITS}
            if product.notional_max == NO_LIMIT:
                rules["notional_max"] = ""
            rules |= {name: getattr(product, name) for name in NUMBERS}
            kwargs["initial"] = rules
        super().__init__(*args, object_id=object_id, **kwargs)

    def clean_notional_max(self) -> int:
        value: int | None = self.cleaned_data["notional_max"]
        return NO_LIMIT if value is None else value


@admin.register(Product)
class ProductAdmin(StaffAdmin):
    """Listing a market, halting it, opening it again."""

    form = ProductForm
    list_display = ("code", "state", "price_step", "size_step", "maker_bps", "taker_bps")
    list_filter = ("state",)
    list_select_related = ("base", "quote")
    search_fields = ("code",)
    ordering = ("code",)
    actions = None
    actions_detail = ("halt", "open", "state", "rules", "fees")

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> Any:
        if obj is None:
            return ("base", "quote", *AMOUNTS, *FEES)
        steps = ("price_step", "size_step", "smallest", "largest", "value_least", "value_most")
        state = ("state", "state_until", "listed_at")
        return ("code", "base", "quote", *steps, *FEES, "tiers", *NUMBERS, *state)

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return False

    def has_halt_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """May this person stop this market, which trades?"""
        return self._may_switch(request, object_id, Product.State.OPEN)

    def has_open_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """May this person open this market, which is not?"""
        may = self.has_rule_permission(request, object_id)
        return may and not self._may_switch(request, object_id, Product.State.OPEN)

    def has_rule_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """May this person say what this market takes?"""
        product = self.get_object(request, object_id) if object_id else None
        return product is not None and bool(super().has_change_permission(request, product))

    def _may_switch(self, request: HttpRequest, object_id: Any, state: Product.State) -> bool:
        product = self.get_object(request, object_id) if object_id else None
        return self.has_rule_permission(request, object_id) and (
            product is not None and product.state == state
        )

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        names = ("base", "quote", *AMOUNTS, *FEES)
        listed = product_create(**{name: getattr(obj, name) for name in names})
        vars(obj).update(vars(listed))

    @action(  # type: ignore[untyped-decorator]
        description=_("Halt"),
        permissions=["halt"],
        icon="pan_tool",
        variant=ActionVariant.DANGER,
        dialog={
            "title": _("Halt this market"),
            "description": _("Orders can only be cancelled until it is opened again."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("Halt"),
        },
    )
    def halt(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Stops trading; what rests stays."""
        return self._switch(request, object_id, product_halt, "halted")

    @action(  # type: ignore[untyped-decorator]
        description=_("Open"),
        permissions=["open"],
        icon="play_arrow",
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": _("Open this market"),
            "description": _("It trades again, after a halt by an auction if it has them."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("Open"),
        },
    )
    def open(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Lets the market trade again."""
        return self._switch(request, object_id, product_open, "opened")

    @action(  # type: ignore[untyped-decorator]
        description=_("State"),
        permissions=["rule"],
        icon="traffic",
        dialog={
            "title": _("Give this market another state"),
            "description": _("At once, behind the orders that were accepted before."),
            "form_class": StateForm,
            "form_submit_text": _("Change"),
        },
    )
    def state(self, request: HttpRequest, form: StateForm, object_id: str) -> HttpResponse:
        """Any state: an auction, post only, cancel only."""
        return self._change(request, object_id, state=Product.State(form.cleaned_data["state"]))

    @action(  # type: ignore[untyped-decorator]
        description=_("Rules"),
        permissions=["rule"],
        icon="rule",
        dialog={
            "title": _("Change what this market takes"),
            "description": _("At once, behind the orders that were accepted before."),
            "form_class": RulesForm,
            "form_submit_text": _("Change"),
        },
    )
    def rules(self, request: HttpRequest, form: RulesForm, object_id: str) -> HttpResponse:
        """Limits, the price band, the circuit breaker, auctions."""
        rules = {name: form.cleaned_data[name] for name in (*LIMITS, *NUMBERS)}
        return self._change(request, object_id, **rules)

    @action(  # type: ignore[untyped-decorator]
        description=_("Fees"),
        permissions=["rule"],
        icon="percent",
        dialog={
            "title": _("Change what this market charges"),
            "description": _("At once; orders that were accepted before keep their fees."),
            "form_class": FeesForm,
            "form_submit_text": _("Change"),
        },
    )
    def fees(self, request: HttpRequest, form: FeesForm, object_id: str) -> HttpResponse:
        """For everybody, and by tier."""
        names = (*FEES, "tiers")
        fees = {name: form.cleaned_data[name] for name in names}
        return self._change(request, object_id, fees_change, **fees)

    def _change(
        self,
        request: HttpRequest,
        object_id: str,
        service: Callable[..., Command] = product_change,
        **change: Any,
    ) -> HttpResponse:
        product = self.get_object(request, object_id)
        assert product is not None, "its permission was asked before"
        try:
            service(product=product, user=cast(User, request.user), **change)
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.log_change(request, product, "changed")
        return back_to_object(self, request, object_id)

    def _switch(
        self, request: HttpRequest, object_id: str, switch: Callable[..., Command], word: str
    ) -> HttpResponse:
        product = self.get_object(request, object_id)
        assert product is not None, "its permission was asked before"
        switch(product=product, user=cast(User, request.user))
        self.log_change(request, product, word)
        return back_to_object(self, request, object_id)

    @display(description=_("fee tiers"))  # type: ignore[untyped-decorator]
    def tiers(self, product: Product) -> str:
        """One a line, as the dialog takes them."""
        return tiers_text(schedule_of(product).tiers)

    @display(description=_("price increment"))  # type: ignore[untyped-decorator]
    def price_step(self, product: Product) -> str:
        """In whole units of the quote asset."""
        return text_from_micro(product.price_increment)

    @display(description=_("size increment"))  # type: ignore[untyped-decorator]
    def size_step(self, product: Product) -> str:
        """In whole units of the base asset."""
        return text_from_micro(product.size_increment)

    @display(description=_("smallest size"))  # type: ignore[untyped-decorator]
    def smallest(self, product: Product) -> str:
        """In whole units of the base asset."""
        return text_from_micro(product.size_min)

    @display(description=_("largest size"))  # type: ignore[untyped-decorator]
    def largest(self, product: Product) -> str:
        """In whole units of the base asset."""
        return text_from_micro(product.size_max)

    @display(description=_("smallest value"))  # type: ignore[untyped-decorator]
    def value_least(self, product: Product) -> str:
        """In whole units of the quote asset."""
        return text_from_micro(product.notional_min)

    @display(description=_("largest value"))  # type: ignore[untyped-decorator]
    def value_most(self, product: Product) -> str:
        """In whole units of the quote asset."""
        none = product.notional_max == NO_LIMIT
        return "" if none else text_from_micro(product.notional_max)
