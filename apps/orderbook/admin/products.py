"""Markets: staff list them, halt them and open them. What a market is never changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import ServiceError
from apps.accounts.forms import MicroFormField
from apps.orderbook.models import Product
from apps.orderbook.services.products import product_create, product_halt, product_open

AMOUNTS = ("price_increment", "size_increment", "size_min", "size_max")
FEES = ("maker_bps", "taker_bps")


def _amount(label: Any, example: str) -> MicroFormField:
    return MicroFormField(label=label, help_text=example, widget=UnfoldAdminTextInputWidget)


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new market, in whole units."""

    price_increment = _amount(_("price increment"), "0.01")
    size_increment = _amount(_("size increment"), "0.001")
    size_min = _amount(_("smallest size"), "0.001")
    size_max = _amount(_("largest size"), "100000")

    class Meta:
        model = Product
        fields = ("base", "quote", *AMOUNTS, *FEES)


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
    actions_detail = ("halt", "open")

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> Any:
        if obj is None:
            return ("base", "quote", *AMOUNTS, *FEES)
        steps = ("price_step", "size_step", "smallest", "largest")
        return ("code", "base", "quote", *steps, *FEES, "state", "listed_at")

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
        """May this person open this market, which is halted?"""
        return self._may_switch(request, object_id, Product.State.HALTED)

    def _may_switch(self, request: HttpRequest, object_id: Any, state: Product.State) -> bool:
        product = self.get_object(request, object_id) if object_id else None
        may = bool(super().has_change_permission(request, product))
        return may and product is not None and product.state == state

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        names = ("base", "quote", *AMOUNTS, *FEES)
        listed = product_create(**{name: getattr(obj, name) for name in names})
        vars(obj).update(vars(listed))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

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
            "description": _("It trades again at once."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("Open"),
        },
    )
    def open(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Lets the market trade again."""
        return self._switch(request, object_id, product_open, "opened")

    def _switch(
        self, request: HttpRequest, object_id: str, switch: Callable[..., None], word: str
    ) -> HttpResponse:
        product = self.get_object(request, object_id)
        assert product is not None, "its permission was asked before"
        switch(product=product)
        self.log_change(request, product, word)
        return back_to_object(self, request, object_id)

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
