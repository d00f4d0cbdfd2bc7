"""The members of the organisation that one acts for, and who is invited to be one."""

from __future__ import annotations

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.acting import (
    ROLE_SCOPES,
    TRANSFER,
    acting,
    acting_choose,
    organisation_acted_for,
)
from apps.accounts.errors import NotFound, ServiceError
from apps.accounts.forms import InvitationForm, RoleForm
from apps.accounts.models import Invitation, Membership, Organisation, User
from apps.accounts.roles import accounts_in_order, accounts_of
from apps.accounts.second_factor import second_factor_ask
from apps.accounts.selectors import invitations_open, members_of
from apps.accounts.services.invitations import (
    invitation_accept,
    invitation_create,
    invitation_decline,
    invitation_link,
    invitation_of_token,
    invitation_revoke,
)
from apps.accounts.services.organisations import membership_remove, membership_set
from apps.accounts.services.spending import role_of


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def members(request: HttpRequest) -> HttpResponse:
    """Who is a member in which role; posting invites somebody."""
    organisation = organisation_acted_for(request)
    user = cast(User, request.user)
    accounts = accounts_of(user).filter(organisation=organisation, closed_at=None)
    data = request.POST if request.method == "POST" else None
    form = InvitationForm(data, accounts=accounts)
    if form.is_valid():
        if asked := _second_factor_for(request, form.cleaned_data["role"]):
            return asked
        try:
            invitation_create(organisation=organisation, by=user, **form.cleaned_data)
        except ServiceError as error:
            form.add_error("role" if error.code == "owner_not_limited" else "email", error.message)
        else:
            messages.success(request, _("The invitation is on its way."))
            return redirect("members")
    context = {
        "organisation": organisation,
        "may_change": role_of(organisation_id=organisation.pk, user=user) == Membership.Role.OWNER,
        "members": members_of(organisation),
        "roles": Membership.Role.choices,
        "invitations": [(it, invitation_link(it)) for it in invitations_open(organisation)],
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/members.html", context, status=status)


@login_required
@require_POST
def member_role(request: HttpRequest, member: uuid.UUID) -> HttpResponse:
    """Gives a member another role."""
    organisation = organisation_acted_for(request)
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise ServiceError(_("Choose one of the roles."), code="role_invalid", field="role")
    role = form.cleaned_data["role"]
    if asked := _second_factor_for(request, role):
        return asked
    user = _member(organisation, member)
    membership_set(organisation=organisation, user=user, role=role, by=cast(User, request.user))
    messages.success(request, _("Saved."))
    return redirect("members")


@login_required
@require_POST
def member_removal(request: HttpRequest, member: uuid.UUID) -> HttpResponse:
    """Ends a membership: another's, or one's own."""
    organisation = organisation_acted_for(request)
    user = _member(organisation, member)
    membership_remove(organisation=organisation, user=user, by=cast(User, request.user))
    if user == request.user:
        acting_choose(request, organisation_id=None)
        messages.success(request, _("You have left. You act for yourself again."))
        return redirect("account")
    messages.success(request, _("%(name)s is no longer a member.") % {"name": user})
    return redirect("members")


@login_required
@require_POST
def invitation_revoking(request: HttpRequest, invitation: uuid.UUID) -> HttpResponse:
    """Takes back an invitation that nobody has answered."""
    found = Invitation.objects.filter(
        organisation=organisation_acted_for(request), public_id=invitation
    ).first()
    if found is None:
        raise NotFound(_("There is no such invitation."))
    invitation_revoke(invitation=found, by=cast(User, request.user))
    messages.success(request, _("The invitation is taken back."))
    return redirect("members")


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What a link asks; posted, it is accepted by who is signed in, or declined."""
    found = invitation_of_token(token)
    if request.method == "POST":
        if request.POST.get("answer") == "decline":
            invitation_decline(invitation=found)
            messages.success(request, _("You have declined."))
            return redirect("invitation", token=token)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        invitation_accept(invitation=found, user=request.user)
        acting_choose(request, organisation_id=found.organisation_id)
        owner = acting(request).owner
        messages.success(request, _("You now act for %(name)s.") % {"name": owner})
        return redirect("account")
    prefetch_related_objects([found], accounts_in_order())
    return render(request, "accounts/invitation.html", {"invitation": found})


def _member(organisation: Organisation, public_id: uuid.UUID) -> User:
    user = organisation.members.filter(public_id=public_id).first()
    if user is None:
        raise NotFound(_("There is no such member."))
    return user


def _second_factor_for(request: HttpRequest, role: str) -> HttpResponse | None:
    """Whoever lets another move value is asked, as for a key that may."""
    return second_factor_ask(request) if TRANSFER in ROLE_SCOPES[role] else None
