"""What an organisation lets its members spend: its owners set it, its members see it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.acting import acting, organisation_acted_for
from apps.accounts.errors import NotPermitted
from apps.accounts.ledger.models import Asset
from apps.accounts.models import Membership, Organisation
from apps.accounts.services.spending import role_of, spending_of, spending_set
from apps.accounts.spending_forms import SpendingForm


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def spending(request: HttpRequest) -> HttpResponse:
    """One form for each currency; posting stores that of the named one."""
    who, organisation = acting(request), organisation_acted_for(request)
    may_set = role_of(organisation_id=organisation.pk, user=who.user) == Membership.Role.OWNER
    posted: SpendingForm | None = None
    if request.method == "POST":
        if not may_set:
            raise NotPermitted(_("Only an owner of the organisation may change what it spends."))
        asset = get_object_or_404(_currencies(), code=request.POST.get("asset", ""))
        posted = _form(organisation, asset, request)
        if posted.is_valid():
            spending_set(organisation=organisation, asset=asset, by=who.user, **posted.terms)
            messages.success(request, _("Saved."))
            return redirect("spending")
    forms = [
        posted if posted and posted.asset == asset else _form(organisation, asset)
        for asset in _currencies()
    ]
    context = {"organisation": organisation, "forms": forms, "may_set": may_set}
    status = 422 if posted else 200
    return render(request, "accounts/spending.html", context, status=status)


def _currencies() -> QuerySet[Asset]:
    return Asset.objects.exclude(kind=Asset.Kind.CREDIT).order_by("code")


def _form(
    organisation: Organisation, asset: Asset, request: HttpRequest | None = None
) -> SpendingForm:
    known = spending_of(organisation_id=organisation.pk, asset=asset)
    return SpendingForm(request.POST if request else None, asset=asset, spending=known)
