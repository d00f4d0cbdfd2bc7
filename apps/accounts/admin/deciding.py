"""Deciding several proposals at once: each by itself, and each with what became of it."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from apps.accounts.errors import ServiceError
from apps.accounts.models import FourEyesModel

AT_ONCE_MAX: Final = 100
NOTE_CHARS_MAX: Final = 500


class DecidingSeveral(ModelAdmin):
    """The two actions of a list of proposals. First asks, showing what was chosen."""

    actions: ClassVar[Any] = ("approve_chosen", "reject_chosen")
    decide: Any

    @admin.action(description=gettext_lazy("Approve the chosen"), permissions=["decide_any"])
    def approve_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """Approves what is chosen in the name of whoever is signed in."""
        return self._decide_chosen(request, queryset, FourEyesModel.Decision.APPROVED)

    @admin.action(description=gettext_lazy("Reject the chosen"), permissions=["decide_any"])
    def reject_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """Rejects what is chosen in the name of whoever is signed in."""
        return self._decide_chosen(request, queryset, FourEyesModel.Decision.REJECTED)

    def _decide_chosen(
        self, request: HttpRequest, queryset: QuerySet[Any], decision: str
    ) -> HttpResponse:
        chosen = list(queryset.order_by("pk")[:AT_ONCE_MAX])
        is_approval = decision == FourEyesModel.Decision.APPROVED
        context = {
            **self.admin_site.each_context(request),
            "title": _("Approve the chosen") if is_approval else _("Reject the chosen"),
            "opts": self.opts,
            "chosen": chosen,
            "action": "approve_chosen" if is_approval else "reject_chosen",
            "is_approval": is_approval,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        if "decided" in request.POST:
            note = request.POST.get("note", "")[:NOTE_CHARS_MAX]
            context["outcomes"] = [
                (proposal, *self._outcome(request, proposal, decision, note)) for proposal in chosen
            ]
        return TemplateResponse(request, "admin/decide_chosen.html", context)

    def _outcome(
        self, request: HttpRequest, proposal: Any, decision: str, note: str
    ) -> tuple[bool, str]:
        """Whether the proposal was decided so, and in words what became of it."""
        try:
            decided = self.decide(proposal=proposal, decision=decision, by=request.user, note=note)
        except ServiceError as error:
            return False, error.message
        return True, decided.get_decision_display()
