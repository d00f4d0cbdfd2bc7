"""Alarms about our custody: looked into, and closed with what was found."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
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
from apps.registry.models import CustodyAlarm
from apps.registry.services.alarms import NOTE_LIMIT_CHARS, custody_alarm_close, may_close


class ClosingForm(BaseDialogForm):
    """What the registry account shows; stays with the alarm for ever."""

    note = forms.CharField(
        label=_("What was found"), max_length=NOTE_LIMIT_CHARS, widget=UnfoldAdminTextInputWidget
    )


class OpenFilter(admin.SimpleListFilter):
    """Whether somebody has looked into it."""

    title = _("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", gettext("Open")), ("no", gettext("Closed"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[CustodyAlarm]
    ) -> QuerySet[CustodyAlarm]:
        if self.value() is None:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "yes")


@admin.register(CustodyAlarm)
class CustodyAlarmAdmin(ReadOnlyAdmin):
    """What a registry calls ended though we hold it."""

    list_display = ("serial", "is_open", "amount", "ended_on", "opened_at", "closed_by")
    list_filter = (OpenFilter,)
    list_select_related = ("closed_by",)
    ordering = ("-pk",)
    paginator = InfinitePaginator
    show_full_result_count = False
    fields = (
        *("serial", "block", "amount", "ended_on", "run", "line", "opened_at"),
        *("closed_at", "closed_by", "note"),
    )
    readonly_fields = fields
    actions_detail = ("close_alarm",)

    @display(description=_("open"), boolean=True)  # type: ignore[untyped-decorator]
    def is_open(self, alarm: CustodyAlarm) -> bool:
        return alarm.closed_at is None

    @display(description=_("in our custody"))  # type: ignore[untyped-decorator]
    def amount(self, alarm: CustodyAlarm) -> str:
        """How much of what we hold the file calls ended."""
        return mass_text(alarm.grams.upper - alarm.grams.lower)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        alarm = self.get_object(request, object_id) if object_id else None
        user = cast(User, request.user)
        return alarm is not None and alarm.closed_at is None and may_close(user=user)

    @action(  # type: ignore[untyped-decorator]
        description=_("Close"),
        permissions=["close"],
        icon="task_alt",
        dialog={
            "title": _("Close this alarm"),
            "description": _("First compare the block with the registry account."),
            "form_class": ClosingForm,
            "form_submit_text": _("Close"),
        },
    )
    def close_alarm(self, request: HttpRequest, form: ClosingForm, object_id: str) -> HttpResponse:
        """Closes the alarm in the name of whoever is signed in."""
        alarm = self.get_object(request, object_id)
        try:
            custody_alarm_close(
                alarm=alarm, by=cast(User, request.user), note=form.cleaned_data["note"]
            )
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, gettext("The alarm is closed."))
        return back_to_object(self, request, object_id)
