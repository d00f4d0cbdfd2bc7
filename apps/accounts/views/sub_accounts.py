"""An organisation's accounts: opened, renamed, closed, moved between, and for whom they are."""

from __future__ import annotations

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.account_forms import LimitForm, MoveForm, SubAccountForm
from apps.accounts.acting import TRANSFER, acting, organisation_acted_for
from apps.accounts.errors import NotFound, ServiceError
from apps.accounts.ledger.models import Balance
from apps.accounts.models import Membership, Owner, User
from apps.accounts.roles import accounts_of
from apps.accounts.services.account_closing import sub_account_close
from apps.accounts.services.account_moves import account_move
from apps.accounts.services.spending import role_of
from apps.accounts.services.sub_accounts import (
    membership_limit,
    sub_account_open,
    sub_account_rename,
)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def sub_accounts(request: HttpRequest) -> HttpResponse:
    """The accounts that the member may act for; posting opens another."""
    organisation, user = organisation_acted_for(request), _user(request)
    form = SubAccountForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            sub_account_open(organisation=organisation, by=user, **form.cleaned_data)
        except ServiceError as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, _("The account is open."))
            return redirect("sub_accounts")
    context = {
        "organisation": organisation,
        "accounts": _accounts(request).prefetch_related(Prefetch("balances", _full_balances())),
        "acting": acting(request),
        "may_change": role_of(organisation_id=organisation.pk, user=user) == Membership.Role.OWNER,
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/sub_accounts.html", context, status=status)


@login_required
@require_POST
def sub_account_renaming(request: HttpRequest, account: uuid.UUID) -> HttpResponse:
    """Gives an account another name."""
    form = SubAccountForm(request.POST)
    if not form.is_valid():
        raise ServiceError(
            _("Give the account a name that is not too long."), code="name_invalid", field="name"
        )
    found = _account(request, account)
    sub_account_rename(account=found, by=_user(request), **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("sub_accounts")


@login_required
@require_POST
def sub_account_closing(request: HttpRequest, account: uuid.UUID) -> HttpResponse:
    """Closes an empty account."""
    closed = sub_account_close(account=_account(request, account), by=_user(request))
    messages.success(request, _("%(name)s is closed.") % {"name": closed.department})
    return redirect("sub_accounts")


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest) -> HttpResponse:
    """Moves an amount from one account to another. Nothing leaves the organisation by it."""
    who = acting(request)
    organisation_acted_for(request)
    who.require(TRANSFER)
    data = request.POST if request.method == "POST" else None
    form = MoveForm(data, accounts=_accounts(request), source=who.owner)
    if form.is_valid():
        values = form.cleaned_data
        try:
            account_move(
                from_owner=values["from_account"],
                to_owner=values["to_account"],
                asset=values["asset"],
                amount=values["amount"],
                by=who.user,
                idempotency_key=values["idempotency_key"],
            )
        except ServiceError as error:
            form.refuse(error)
        else:
            messages.success(request, _("It is moved."))
            return redirect("sub_accounts")
    return render(
        request, "accounts/account_move.html", {"form": form}, status=422 if form.errors else 200
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def member_limit(request: HttpRequest, member: uuid.UUID) -> HttpResponse:
    """For which accounts a member acts; posting stores it."""
    organisation = organisation_acted_for(request)
    found = organisation.memberships.filter(user__public_id=member).select_related("user").first()
    is_owner = (
        role_of(organisation_id=organisation.pk, user=_user(request)) == Membership.Role.OWNER
    )
    if found is None or not is_owner:
        raise NotFound(_("There is no such member."))
    data = request.POST if request.method == "POST" else None
    form = LimitForm(data, member=found, accounts=_accounts(request).filter(closed_at=None))
    if form.is_valid():
        membership_limit(
            organisation=organisation, user=found.user, accounts=form.chosen, by=_user(request)
        )
        messages.success(request, _("Saved."))
        return redirect("members")
    context = {"form": form, "member": found, "organisation": organisation}
    status = 422 if form.errors else 200
    return render(request, "accounts/member_limit.html", context, status=status)


def _accounts(request: HttpRequest) -> QuerySet[Owner]:
    return accounts_of(_user(request)).filter(organisation=organisation_acted_for(request))


def _full_balances() -> QuerySet[Balance]:
    found = Balance.objects.exclude(available=0, held=0)
    return found.select_related("asset").order_by("asset__code")


def _account(request: HttpRequest, public_id: uuid.UUID) -> Owner:
    found = _accounts(request).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(_("There is no such account."))
    return found


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)
