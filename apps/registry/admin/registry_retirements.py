"""What the registries are still to retire: the work list, and what two people saw confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminSelectMultipleWidget

from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.accounts.spreadsheets import csv_response
from apps.registry.models import RegistryConfirmation, RegistryRetirement
from apps.registry.retiring import fill_percent, serials_of_item
from apps.registry.services.filling import PERMISSION, tonne_fill_up
from apps.registry.services.registry_retirements import confirmation_decide, confirmation_submit

LISTED_MAX = 10_000
LINE_BREAK = SafeString("<br>")
State = RegistryRetirement.State
STATE_COLOURS = {
    State.FILLING.label: "info",
    State.READY.label: "warning",
    State.CONFIRMED.label: "success",
}


@admin.register(RegistryRetirement)
class RegistryRetirementAdmin(ReadOnlyAdmin):
    """What was retired here, and what the registry is to do about it; the oldest first."""

    list_display = ("serials", "state_badge", "tonnes", "beneficiary", "age", "confirmation")
    list_filter = ("state",)
    list_select_related = ("credit_class", "confirmation")
    search_fields = ("=credit_class__code", "=retirement__number")
    ordering = ("pk",)
    paginator = InfinitePaginator
    show_full_result_count = False
    fields: ClassVar[tuple[str, ...]] = (
        *("serials", "state", "filled", "credit_class", "tonnes", "retirement", "beneficiary"),
        *("reason", "created_at", "ready_at", "confirmation"),
    )
    readonly_fields = fields
    actions = ("confirm",)  # type: ignore[assignment]
    actions_list = ("export",)
    actions_detail = ("fill_up",)

    @display(description=_("serials"))  # type: ignore[untyped-decorator]
    def serials(self, item: RegistryRetirement) -> SafeString:
        """As the registry's form wants them."""
        return format_html_join(LINE_BREAK, "{}", ((it,) for it in serials_of_item(item)))

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")  # type: ignore[untyped-decorator]
    def state_badge(self, item: RegistryRetirement) -> str:
        """How far it is."""
        return item.get_state_display()

    @display(description=_("age"), ordering="pk")  # type: ignore[untyped-decorator]
    def age(self, item: RegistryRetirement) -> str:
        """How long it has been on the list."""
        return "" if item.state == State.CONFIRMED else timesince(item.created_at, depth=1)

    @display(description=_("full to"))  # type: ignore[untyped-decorator]
    def filled(self, item: RegistryRetirement) -> str:
        """In hundredths, rounded down."""
        return f"{fill_percent(item)} %"

    def has_confirm_permission(self, request: HttpRequest) -> bool:
        """Staff who may propose confirmations."""
        return cast(User, request.user).has_perm("registry.add_registryconfirmation")

    def has_export_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever sees the list may take it along."""
        return bool(self.has_view_permission(request))

    def has_fill_up_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may change the list, while the tonne is not full."""
        item = self.get_object(request, object_id) if object_id else None
        return (
            item is not None
            and item.state == State.FILLING
            and cast(User, request.user).has_perm(PERMISSION)
        )

    @action(description=_("Confirm the chosen"), permissions=["confirm"])  # type: ignore[untyped-decorator]
    def confirm(self, request: HttpRequest, queryset: QuerySet[RegistryRetirement]) -> HttpResponse:
        """Goes on to the form for the registry's reference and document."""
        chosen = ",".join(str(pk) for pk in queryset.values_list("pk", flat=True))
        url = reverse("admin:registry_registryconfirmation_add")
        return HttpResponseRedirect(f"{url}?items={chosen}")

    @action(description=_("To be retired, as CSV"), permissions=["export"], icon="download")  # type: ignore[untyped-decorator]
    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """What to type into the registries' forms."""
        ready = RegistryRetirement.objects.filter(state=State.READY, confirmation=None)
        header = [gettext(it) for it in ("serial", "tonnes", "beneficiary", "reason")]
        rows = [
            (serial, tonnes, item.beneficiary, item.reason)
            for item in ready.order_by("pk")[:LISTED_MAX]
            for serial, tonnes in serials_of_item(item).items()
        ]
        return csv_response(name="to-be-retired.csv", header=header, rows=rows)

    @action(  # type: ignore[untyped-decorator]
        description=_("Fill up"),
        permissions=["fill_up"],
        icon="water_full",
        dialog={
            "title": _("Fill this tonne up"),
            "description": _("The platform retires the rest of it from its own balance, for good."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("Fill up"),
        },
    )
    def fill_up(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """In the name of whoever is signed in."""
        try:
            made = tonne_fill_up(
                item=self.get_object(request, object_id), by=cast(User, request.user)
            )
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, _("Filled up by %(number)s.") % {"number": made})
        return back_to_object(self, request, object_id)


class ConfirmationForm(forms.ModelForm):  # type: ignore[type-arg]
    """One retirement at the registry: its evidence, and which items of the list it was."""

    items = forms.ModelMultipleChoiceField(
        RegistryRetirement.objects.none(),
        label=_("Retired"),
        widget=UnfoldAdminSelectMultipleWidget,
    )

    class Meta:
        model = RegistryConfirmation
        fields = ("registry_reference", "retired_on", "document")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ready = RegistryRetirement.objects.filter(state=State.READY, confirmation=None)
        if chosen := str(self.initial.get("items", "")):
            ready = ready.filter(pk__in=[pk for pk in chosen.split(",") if pk.isdigit()])
            self.initial["items"] = list(ready.values_list("pk", flat=True))
        field = cast(Any, self.fields["items"])
        field.queryset = ready.select_related("credit_class").order_by("pk")
        field.label_from_instance = _item_label


def _item_label(item: RegistryRetirement) -> str:
    return f"{'; '.join(serials_of_item(item))} · {item.beneficiary}"


@admin.register(RegistryConfirmation)
class RegistryConfirmationAdmin(FourEyesAdmin):
    """Approving retires the serials at the registry in our books; certificates say so at once."""

    form = ConfirmationForm
    proposal_fields = ("registry_reference", "retired_on", "document", "items")
    display_fields = ("registry_reference", "retired_on", "document_link", "items_text")
    propose: Callable[..., Any] = staticmethod(confirmation_submit)
    decide = staticmethod(confirmation_decide)

    list_display = (
        *("registry_reference", "retired_on", "decision", "proposed_by", "proposed_at"),
        "decided_by",
    )
    search_fields = ("=registry_reference",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        items = form.cleaned_data["items"]
        obj.pk = self.propose(proposal=obj, items=items, by=request.user).pk

    @display(description=_("document"))  # type: ignore[untyped-decorator]
    def document_link(self, confirmation: RegistryConfirmation) -> SafeString:
        """To read before deciding."""
        url = reverse("confirmation_document", args=[confirmation.pk])
        return format_html('<a href="{}">{}</a>', url, _("Open"))

    @display(description=_("retired"))  # type: ignore[untyped-decorator]
    def items_text(self, confirmation: RegistryConfirmation) -> SafeString:
        """The items of the work list that it is about."""
        labels = [(_item_label(item),) for item in confirmation.items.select_related("retirement")]
        return format_html_join(LINE_BREAK, "{}", labels)
