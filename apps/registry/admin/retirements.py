"""Retirements: to look at, and to confirm once the registry has retired them too."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.accounts.units import mass_text
from apps.registry.models import Retirement
from apps.registry.services.retirements import retirement_confirm


class ConfirmationForm(BaseDialogForm):
    """The registry's own reference of the retirement."""

    registry_reference = forms.CharField(
        label=_("The registry's reference"), max_length=140, widget=UnfoldAdminTextInputWidget
    )


class ConfirmedFilter(admin.SimpleListFilter):
    """Whether the registry has confirmed."""

    title = _("at the registry")
    parameter_name = "confirmed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", gettext("Confirmed")), ("no", gettext("Not yet"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Retirement]
    ) -> QuerySet[Retirement]:
        if self.value() is None:
            return queryset
        return queryset.filter(registry_confirmed_at__isnull=self.value() == "no")


@admin.register(Retirement)
class RetirementAdmin(ReadOnlyAdmin):
    """What was retired, for whom. Only the registry's confirmation is added later."""

    list_display = ("number", "amount", "credit_class", "beneficiary", "created_at", "is_confirmed")
    list_filter = ("source", ConfirmedFilter)
    list_select_related = ("credit_class",)
    search_fields = ("=number", "beneficiary", "=credit_class__code")
    ordering = ("-pk",)
    paginator = InfinitePaginator
    show_full_result_count = False
    fields: ClassVar[tuple[str, ...]] = (
        *("number", "page", "credit_class", "amount", "beneficiary", "message", "period_start"),
        *("period_end", "owner", "user", "source", "created_at", "registry_confirmed_at"),
        "registry_reference",
    )
    readonly_fields = fields
    actions_detail = ("confirm",)

    @display(description=_("amount"), ordering="amount_grams")  # type: ignore[untyped-decorator]
    def amount(self, retirement: Retirement) -> str:
        """In the unit that reads best."""
        return mass_text(retirement.amount_grams)

    @display(description=_("confirmed"), boolean=True)  # type: ignore[untyped-decorator]
    def is_confirmed(self, retirement: Retirement) -> bool:
        """By the registry."""
        return retirement.registry_confirmed_at is not None

    @display(description=_("certificate"))  # type: ignore[untyped-decorator]
    def page(self, retirement: Retirement) -> SafeString:
        """Its public page."""
        url = reverse("certificate", args=[retirement.number])
        return format_html('<a href="{}">{}</a>', url, retirement.number)

    def has_confirm_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff with the right to change retirements, once."""
        retirement = self.get_object(request, object_id) if object_id else None
        return (
            retirement is not None
            and retirement.registry_confirmed_at is None
            and cast(User, request.user).has_perm("registry.change_retirement")
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Confirm"),
        permissions=["confirm"],
        icon="verified",
        dialog={
            "title": _("Retired at the registry"),
            "description": _("The certificate says so from now on."),
            "form_class": ConfirmationForm,
            "form_submit_text": _("Confirm"),
        },
    )
    def confirm(self, request: HttpRequest, form: ConfirmationForm, object_id: str) -> HttpResponse:
        """Records the registry's reference in the name of whoever is signed in."""
        try:
            retirement_confirm(
                retirement=self.get_object(request, object_id),
                registry_reference=form.cleaned_data["registry_reference"],
                by=cast(User, request.user),
            )
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        return back_to_object(self, request, object_id)
