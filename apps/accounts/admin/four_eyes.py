"""The admin of a step that takes two people: adding proposes, two actions decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.deciding import DecidingSeveral
from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.errors import ServiceError
from apps.accounts.models import FourEyesModel, User
from apps.accounts.services.four_eyes import (
    may_decide,
    may_propose,
    proposal_create,
    proposal_decide,
)

DECISION_FIELDS = (
    "decision",
    "proposed_by",
    "proposed_at",
    "decided_by",
    "decided_at",
    "decision_note",
)


class DecisionForm(BaseDialogForm):
    """Why it was decided so; stays with the proposal for ever."""

    note = forms.CharField(
        label=_("Note"), max_length=500, required=False, widget=UnfoldAdminTextInputWidget
    )


class FourEyesAdmin(DecidingSeveral, StaffAdmin):
    """Base of the admin of every FourEyesModel.

    A subclass names `proposal_fields`, what the proposer fills in, `display_fields` where they are
    shown differently afterwards, and where a decision does more than record itself, the services
    that propose and decide:

        propose = staticmethod(bank_transfer_propose)  # (*, proposal, by) -> proposal
        decide = staticmethod(bank_transfer_decide)    # (*, proposal, decision, by, note)

    Nothing is ever edited or deleted: a wrong proposal is rejected and made again.
    """

    proposal_fields: ClassVar[tuple[str, ...]] = ()
    display_fields: ClassVar[tuple[str, ...]] = ()
    propose: Callable[..., Any] = staticmethod(proposal_create)
    decide: Callable[..., Any] = staticmethod(proposal_decide)

    list_display = ("__str__", "decision", "proposed_by", "proposed_at", "decided_by", "decided_at")
    list_filter: ClassVar[tuple[str, ...]] = ("decision",)
    list_select_related: ClassVar[tuple[str, ...]] = ("proposed_by", "decided_by")
    ordering = ("-pk",)
    actions_detail = ("approve", "reject")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.proposal_fields if obj is None else self._shown()

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[str, ...]:
        return () if obj is None else self._shown()

    def _shown(self) -> tuple[str, ...]:
        return (*(self.display_fields or self.proposal_fields), *DECISION_FIELDS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_propose(user=cast(User, request.user), model=self.model)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        user = cast(User, request.user)
        return (
            bool(super().has_view_permission(request, obj))
            or may_propose(user=user, model=self.model)
            or may_decide(user=user, model=self.model)
        )

    def has_decide_any_permission(self, request: HttpRequest) -> bool:
        """May this person decide proposals of this kind?"""
        return may_decide(user=cast(User, request.user), model=self.model)

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """May this person decide this proposal now? Its proposer may not."""
        proposal = self.get_object(request, object_id) if object_id else None
        return (
            proposal is not None
            and may_decide(user=cast(User, request.user), model=self.model)
            and proposal.decision == FourEyesModel.Decision.PENDING
            and proposal.proposed_by_id != request.user.pk
        )

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        obj.pk = self.propose(proposal=obj, by=request.user).pk

    @action(  # type: ignore[untyped-decorator]
        description=_("Approve"),
        permissions=["decide"],
        icon="check_circle",
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": _("Approve this step"),
            "description": _("It takes effect at once and is never undone."),
            "form_class": DecisionForm,
            "form_submit_text": _("Approve"),
        },
    )
    def approve(self, request: HttpRequest, form: DecisionForm, object_id: str) -> HttpResponse:
        """Approves the proposal in the name of whoever is signed in."""
        return self._decide(request, object_id, FourEyesModel.Decision.APPROVED, form)

    @action(  # type: ignore[untyped-decorator]
        description=_("Reject"),
        permissions=["decide"],
        icon="cancel",
        variant=ActionVariant.DANGER,
        dialog={
            "title": _("Reject this step"),
            "description": _("Nothing moves. It can be proposed again."),
            "form_class": DecisionForm,
            "form_submit_text": _("Reject"),
        },
    )
    def reject(self, request: HttpRequest, form: DecisionForm, object_id: str) -> HttpResponse:
        """Rejects the proposal in the name of whoever is signed in."""
        return self._decide(request, object_id, FourEyesModel.Decision.REJECTED, form)

    def _decide(
        self, request: HttpRequest, object_id: str, decision: str, form: DecisionForm
    ) -> HttpResponse:
        proposal = self.get_object(request, object_id)
        try:
            decided = self.decide(
                proposal=proposal,
                decision=decision,
                by=request.user,
                note=form.cleaned_data["note"],
            )
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, f"{decided}: {decided.get_decision_display()}")
        return back_to_object(self, request, object_id)
