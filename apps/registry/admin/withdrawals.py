"""Withdrawals: taken up, listed for the registry's own forms, and ended by two people."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.paginator import InfinitePaginator

from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.accounts.spreadsheets import csv_response
from apps.registry.models import Withdrawal, WithdrawalLine, WithdrawalOutcome
from apps.registry.services.withdrawals import (
    PERMISSION,
    withdrawal_outcome_decide,
    withdrawal_outcome_submit,
    withdrawal_start,
)

STATE_COLOURS = {
    Withdrawal.State.REQUESTED.label: "info",
    Withdrawal.State.PROCESSING.label: "warning",
    Withdrawal.State.FINAL.label: "success",
    Withdrawal.State.REFUSED.label: "danger",
}


class LineInline(TabularInline):
    """What is to be transferred, in the registry's spelling."""

    model = WithdrawalLine
    fields = ("serial", "tonnes")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Who wants which tonnes where. Staff take one up, and transfer its serials."""

    list_display = ("number", "state_badge", "tonnes", "credit_class", "owner", "created_at")
    list_filter = ("state",)
    list_select_related = ("credit_class", "owner__user", "owner__organisation")
    search_fields = ("=number", "=credit_class__code", "owner__user__email")
    ordering = ("-pk",)
    paginator = InfinitePaginator
    show_full_result_count = False
    fields: ClassVar[tuple[str, ...]] = (
        *("number", "state", "owner", "user", "credit_class", "tonnes", "registry_account"),
        *("account_name", "created_at", "started_by", "started_at", "ended_at"),
    )
    readonly_fields = fields
    inlines: ClassVar[list[type[TabularInline]]] = [LineInline]
    actions_detail = ("start", "export", "outcome")

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")  # type: ignore[untyped-decorator]
    def state_badge(self, withdrawal: Withdrawal) -> str:
        """How far it is."""
        return withdrawal.get_state_display()

    def _may(self, request: HttpRequest, object_id: Any, *states: str) -> bool:
        withdrawal = self.get_object(request, object_id) if object_id else None
        return (
            withdrawal is not None
            and withdrawal.state in states
            and cast(User, request.user).has_perm(PERMISSION)
        )

    def has_start_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may change withdrawals, once."""
        return self._may(request, object_id, Withdrawal.State.REQUESTED)

    def has_export_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """The same, while it is under way."""
        return self._may(request, object_id, Withdrawal.State.PROCESSING)

    @action(  # type: ignore[untyped-decorator]
        description=_("Take up"),
        permissions=["start"],
        icon="play_circle",
        dialog={
            "title": _("Take this withdrawal up"),
            "description": _("From now on its owner can no longer cancel it."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("Take up"),
        },
    )
    def start(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """In the name of whoever is signed in."""
        try:
            withdrawal_start(
                withdrawal=self.get_object(request, object_id), by=cast(User, request.user)
            )
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        return back_to_object(self, request, object_id)

    @action(description=_("Serials as CSV"), permissions=["export"], icon="download")  # type: ignore[untyped-decorator]
    def export(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """What to type into the registry's transfer form."""
        withdrawal = cast(Withdrawal, self.get_object(request, object_id))
        header = [
            gettext("serial"),
            gettext("tonnes"),
            gettext("to account"),
            gettext("name of that account"),
        ]
        rows = [
            (line.serial, line.tonnes, withdrawal.registry_account, withdrawal.account_name)
            for line in withdrawal.lines.all()
        ]
        return csv_response(name=f"{withdrawal.number}.csv", header=header, rows=rows)

    @action(description=_("Record what happened"), permissions=["export"], icon="task_alt")  # type: ignore[untyped-decorator]
    def outcome(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Goes on to the form for it."""
        url = reverse("admin:registry_withdrawaloutcome_add")
        return HttpResponse(status=302, headers={"Location": f"{url}?withdrawal={object_id}"})


@admin.register(WithdrawalOutcome)
class WithdrawalOutcomeAdmin(FourEyesAdmin):
    """Approving ends the withdrawal: its credits leave the ledger, or are the owner's again."""

    proposal_fields = (
        *("withdrawal", "outcome", "registry_reference", "transferred_on", "document", "reason"),
    )
    display_fields = (
        *("withdrawal", "outcome", "registry_reference", "transferred_on", "document_link"),
        "reason",
    )
    propose = staticmethod(withdrawal_outcome_submit)
    decide = staticmethod(withdrawal_outcome_decide)

    list_display = (
        *("withdrawal", "outcome", "registry_reference", "decision", "proposed_by", "decided_by"),
    )
    list_select_related: ClassVar[tuple[str, ...]] = ("withdrawal", "proposed_by", "decided_by")
    search_fields = ("=withdrawal__number", "=registry_reference")
    autocomplete_fields = ("withdrawal",)

    @display(description=_("document"))  # type: ignore[untyped-decorator]
    def document_link(self, outcome: WithdrawalOutcome) -> SafeString | str:
        """To read before deciding."""
        if not outcome.document:
            return ""
        url = reverse("withdrawal_document", args=[outcome.pk])
        return format_html('<a href="{}">{}</a>', url, _("Open"))
