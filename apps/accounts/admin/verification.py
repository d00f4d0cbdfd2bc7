"""Organisations to be verified: what they filed, and what two members of staff make of it."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from apps.accounts.models import (
    BeneficialOwner,
    DocumentLook,
    User,
    Verification,
    VerificationDocument,
    VerificationOutcome,
)
from apps.accounts.services.four_eyes import may_propose
from apps.accounts.services.verification_outcomes import (
    outcome_decide,
    outcome_submit,
    until_longest,
)
from apps.accounts.templatetags.units import bps

State = Verification.State
STATE_COLOURS = {
    State.FILED.label: "warning",
    State.MORE.label: "info",
    State.APPROVED.label: "success",
    State.REFUSED.label: "danger",
}


class OutcomeForm(forms.ModelForm):  # type: ignore[type-arg]
    """What was found; a day goes with an approval alone, the latest where none is named."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("outcome") != VerificationOutcome.Outcome.APPROVE:
            data["valid_until"] = None
        elif not data.get("valid_until"):
            data["valid_until"] = until_longest()
        return data


class BeneficialOwnerInline(ReadOnlyInline):
    """To whom it belongs."""

    model = BeneficialOwner
    fields = ("name", "country", "share")
    readonly_fields = fields

    @display(description=_("share"))  # type: ignore[untyped-decorator]
    def share(self, person: BeneficialOwner) -> str:
        """In per cent."""
        return bps(person.share_bps)


class DocumentInline(ReadOnlyInline):
    """What it proves itself by; opening one is recorded."""

    model = VerificationDocument
    fields = ("kind", "link", "size_bytes", "added_by", "added_at", "removed_at")
    readonly_fields = fields

    @display(description=_("document"))  # type: ignore[untyped-decorator]
    def link(self, document: VerificationDocument) -> SafeString | str:
        """To read it before deciding."""
        if document.removed_at is not None:
            return document.name
        url = reverse("verification_document", args=[document.public_id])
        return format_html('<a href="{}">{}</a>', url, document.name)


class OutcomeInline(ReadOnlyInline):
    """What staff have found so far."""

    model = VerificationOutcome
    fields = ("outcome", "reason", "valid_until", "decision", "proposed_by", "decided_by")
    readonly_fields = fields


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin):
    """Who says to be whom. The organisation writes it, staff find what to make of it."""

    list_display = ("organisation", "legal_name", "country", "state_badge", "filed_at")
    list_filter = ("state",)
    list_select_related = ("organisation",)
    search_fields = ("organisation__name", "legal_name", "=registration_number")
    ordering = ("-pk",)
    fields: ClassVar[tuple[str, ...]] = (
        *("organisation", "state", "legal_name", "kind", "registration_number", "country"),
        *("address", "opened_by", "opened_at", "filed_by", "filed_at"),
    )
    readonly_fields = fields
    inlines = (BeneficialOwnerInline, DocumentInline, OutcomeInline)
    actions_detail = ("outcome",)

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")  # type: ignore[untyped-decorator]
    def state_badge(self, verification: Verification) -> str:
        """How far it is."""
        return verification.get_state_display()

    def has_outcome_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may propose one, for what is filed or approved."""
        found = self.get_object(request, str(object_id)) if object_id is not None else None
        may = may_propose(user=cast(User, request.user), model=VerificationOutcome)
        return may and found is not None and found.state in (State.FILED, State.APPROVED)

    @action(description=_("Say what you find"), permissions=["outcome"], icon="task_alt")  # type: ignore[untyped-decorator]
    def outcome(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Goes on to the form for it."""
        url = reverse("admin:accounts_verificationoutcome_add")
        return HttpResponse(status=302, headers={"Location": f"{url}?verification={object_id}"})


@admin.register(VerificationOutcome)
class VerificationOutcomeAdmin(FourEyesAdmin):
    """Approving takes effect at once, and the organisation's owners are told by mail."""

    form = OutcomeForm
    proposal_fields = ("verification", "outcome", "reason", "valid_until")
    propose = staticmethod(outcome_submit)
    decide = staticmethod(outcome_decide)

    list_display = (
        *("verification", "outcome", "valid_until", "decision", "proposed_by", "decided_by"),
    )
    list_filter = ("decision", "outcome")
    list_select_related: ClassVar[tuple[str, ...]] = (
        *("verification__organisation", "proposed_by", "decided_by"),
    )
    search_fields = ("verification__organisation__name", "verification__legal_name")
    autocomplete_fields = ("verification",)


@admin.register(DocumentLook)
class DocumentLookAdmin(ReadOnlyAdmin):
    """Who was given which document to read, and when."""

    list_display = ("at", "by", "document", "organisation")
    list_select_related = ("by", "document__verification__organisation")
    fields = ("at", "by", "document")
    readonly_fields = fields
    search_fields = ("document__verification__organisation__name", "by__email")
    ordering = ("-pk",)

    @display(description=_("organisation"))  # type: ignore[untyped-decorator]
    def organisation(self, look: DocumentLook) -> str:
        """Whose document it is."""
        return str(look.document.verification.organisation)
