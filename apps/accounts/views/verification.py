"""An organisation's verification: prepared, proved and filed by its owners, seen by its members."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.acting import organisation_acted_for
from apps.accounts.documents import MEDIA_TYPES
from apps.accounts.errors import NotFound, ServiceError
from apps.accounts.models import Membership, User, Verification, VerificationDocument
from apps.accounts.services.spending import role_of
from apps.accounts.services.verification_documents import (
    document_add,
    document_read,
    document_remove,
)
from apps.accounts.services.verifications import (
    verification_file,
    verification_open,
    verification_write,
)
from apps.accounts.verification import (
    OPEN_STATES,
    documents_of,
    is_required,
    missing_in,
    standing_of,
)
from apps.accounts.verification_forms import VerificationForms


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def verification(request: HttpRequest) -> HttpResponse:
    """How far it is; for owners what was said. Posting keeps all that was filled in, complete or
    not, and then does what the button said."""
    if request.method == "GET":
        return _page(request)
    found = _open_one(request)
    forms = VerificationForms(found, request.POST, request.FILES)
    if forms.is_valid():
        try:
            return _carry_out(request, found, forms)
        except ServiceError as error:
            if not forms.refuse(error):
                raise
    return _page(request, forms=forms)


@login_required
@require_POST
def verification_begin(request: HttpRequest) -> HttpResponse:
    """Begins a verification, the first or another."""
    verification_open(organisation=organisation_acted_for(request), by=_user(request))
    return redirect("verification")


@login_required
@never_cache
@require_safe
def document(request: HttpRequest, document: uuid.UUID) -> HttpResponse:
    """The document as a download: a browser never shows within our pages what was uploaded."""
    rows = VerificationDocument.objects.select_related("verification")
    found = rows.filter(public_id=document).first()
    if found is None:
        raise NotFound(_("There is no such document."))
    content = document_read(document=found, by=_user(request))
    response = HttpResponse(content, content_type=MEDIA_TYPES[found.ending])
    name = f"{found.public_id}.{found.ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _carry_out(request: HttpRequest, found: Verification, forms: VerificationForms) -> HttpResponse:
    by, said = _user(request), _("Saved.")
    verification_write(verification=found, by=by, legal=forms.legal, people=forms.people)
    if forms.has_upload:
        document_add(verification=found, by=by, **forms.upload.cleaned_data)
        said = _("Saved. The document is kept, encrypted.")
    if "remove" in request.POST:
        document_remove(document=_document_in(found, request.POST["remove"]), by=by)
        said = _("The document is taken away.")
    if "file" in request.POST:
        verification_file(verification=found, by=by)
        said = _("It is filed. You hear from us by mail.")
    messages.success(request, said)
    return redirect("verification")


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _open_one(request: HttpRequest) -> Verification:
    organisation = organisation_acted_for(request)
    found = organisation.verifications.filter(state__in=OPEN_STATES).first()
    if found is None:
        raise NotFound(_("Begin the verification first."))
    return found


def _document_in(verification: Verification, public_id: str) -> VerificationDocument:
    found = next((it for it in documents_of(verification) if str(it.public_id) == public_id), None)
    if found is None:
        raise NotFound(_("There is no such document."))
    return found


def _page(request: HttpRequest, *, forms: VerificationForms | None = None) -> HttpResponse:
    organisation = organisation_acted_for(request)
    standing = standing_of(organisation)
    role = role_of(organisation_id=organisation.pk, user=_user(request))
    context: dict[str, Any] = {
        "organisation": organisation,
        "standing": standing,
        "is_required": is_required(),
        "is_owner": role == Membership.Role.OWNER,
    }
    if role == Membership.Role.OWNER and (filing := standing.filing) is not None:
        context |= {
            "filing": filing,
            "people_named": filing.beneficial_owners.order_by("pk"),
            "documents": documents_of(filing),
        }
        if filing.is_open_to_its_owners:
            context["forms"] = forms or VerificationForms(filing)
            context["missing"] = missing_in(filing)
    status = 422 if forms is not None else 200
    return render(request, "accounts/verification.html", context, status=status)
