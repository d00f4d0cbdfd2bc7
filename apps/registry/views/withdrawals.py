"""Asking for the real credits, and how far that is."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.errors import ServiceError
from apps.registry.forms import WithdrawForm
from apps.registry.models import Withdrawal
from apps.registry.services.withdrawals import withdrawal_cancel, withdrawal_request
from apps.registry.withdrawing import outcome_of, withdrawal_of, withdrawals_of

PER_PAGE = 30


@require_safe
@login_required
@never_cache
def withdrawals(request: HttpRequest) -> HttpResponse:
    """Everything the owner asked for."""
    pages = Paginator(withdrawals_of(acting(request).owner), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    return render(request, "registry/withdrawals.html", {"page": page})


@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest) -> HttpResponse:
    """The form; posted, goes on to how far it is."""
    who = acting(request)
    who.require(TRANSFER)
    if request.method != "POST":
        form = WithdrawForm(owner=who.owner, initial={"credit_class": request.GET.get("class")})
        return render(request, "registry/withdraw.html", {"form": form})
    form = WithdrawForm(request.POST, owner=who.owner)
    if form.is_valid():
        try:
            made = withdrawal_request(owner=who.owner, user=who.user, **form.cleaned_data)
        except ServiceError as error:
            form.refuse(error)
        else:
            return redirect("withdrawal", made.public_id)
    return render(request, "registry/withdraw.html", {"form": form}, status=422)


@require_safe
@login_required
@never_cache
def withdrawal(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One withdrawal: its serials, how far it is, and how it ended."""
    found = _withdrawal(request, public_id)
    context = {
        "withdrawal": found,
        "lines": found.lines.all(),
        "outcome": outcome_of(found),
        "may_cancel": found.state == Withdrawal.State.REQUESTED
        and TRANSFER in acting(request).scopes,
    }
    return render(request, "registry/withdrawal.html", context)


@require_POST
@login_required
def cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Takes it back while nobody has taken it up."""
    acting(request).require(TRANSFER)
    withdrawal_cancel(withdrawal=_withdrawal(request, public_id))
    return redirect("withdrawal", public_id)


def _withdrawal(request: HttpRequest, public_id: uuid.UUID) -> Withdrawal:
    found = withdrawal_of(acting(request).owner, public_id)
    if found is None:
        raise Http404(public_id)
    return found
