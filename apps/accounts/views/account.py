"""Who you are and for whom you act."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.acting import acting, acting_choose
from apps.accounts.errors import ServiceError
from apps.accounts.forms import ActingForm, OrganisationForm, ProfileForm
from apps.accounts.models import User
from apps.accounts.roles import accounts_of
from apps.accounts.services.organisations import organisation_create
from apps.accounts.services.users import user_rename
from apps.accounts.verification import standing_of


@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The profile; posting stores it."""
    user = cast(User, request.user)
    profile = ProfileForm(request.POST or None, initial={"name": user.name})
    if profile.is_valid():
        user_rename(user=user, name=profile.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("account")
    return _page(request, profile=profile)


@login_required
@require_POST
def acting_switch(request: HttpRequest) -> HttpResponse:
    """From now on this session acts for the chosen organisation or account, or for the person."""
    form = ActingForm(request.POST)
    if not form.is_valid():
        raise ServiceError(_("Choose yourself or one of your organisations."))
    organisation_id, account_id = form.cleaned_data["organisation"]
    acting_choose(request, organisation_id=organisation_id, account_id=account_id)
    owner = acting(request).owner
    messages.success(request, _("You now act for %(name)s.") % {"name": owner})
    return redirect("account")


@login_required
@require_POST
def organisation_new(request: HttpRequest) -> HttpResponse:
    """Creates an organisation and starts to act for it."""
    form = OrganisationForm(request.POST)
    if not form.is_valid():
        return _page(request, organisation=form)
    organisation = organisation_create(by=cast(User, request.user), **form.cleaned_data)
    acting_choose(request, organisation_id=organisation.pk)
    messages.success(request, _("You now act for %(name)s.") % {"name": organisation})
    return redirect("account")


def _page(
    request: HttpRequest,
    *,
    profile: ProfileForm | None = None,
    organisation: OrganisationForm | None = None,
) -> HttpResponse:
    user = cast(User, request.user)
    is_wrong = bool(organisation and organisation.errors) or bool(profile and profile.errors)
    who = acting(request)
    organisation_now = who.owner.organisation
    context = {
        "acting": who,
        "standing": standing_of(organisation_now) if organisation_now else None,
        "accounts": accounts_of(user).filter(closed_at=None),
        "profile_form": profile or ProfileForm(initial={"name": user.name}),
        "organisation_form": organisation or OrganisationForm(),
    }
    return render(request, "accounts/account.html", context, status=400 if is_wrong else 200)
