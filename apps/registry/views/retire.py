"""Retiring credits: fill in, read what will happen, confirm."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.accounts.acting import RETIRE, Acting, acting
from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.accounts.selectors import balance_of
from apps.registry.forms import RetireForm
from apps.registry.services.retirements import retirement_create


@login_required
@require_http_methods(["GET", "POST"])
def retire(request: HttpRequest) -> HttpResponse:
    """The form; posted, what it will do; posted with `confirm`, the certificate."""
    who = acting(request)
    who.require(RETIRE)
    if request.method != "POST":
        wished = {"credit_class": request.GET.get("class"), "beneficiary": _own_name(request, who)}
        return _form(request, RetireForm(owner=who.owner, initial=wished))
    form = RetireForm(request.POST, owner=who.owner)
    if "change" in request.POST or not form.is_valid():
        return _form(request, form)
    if "confirm" not in request.POST:
        return _summary(request, who, form)
    try:
        retirement = retirement_create(owner=who.owner, user=who.user, **form.retirement)
    except ServiceError as error:
        form.refuse(error)
        return _form(request, form)
    return redirect("certificate", retirement.number)


def _own_name(request: HttpRequest, who: Acting) -> str:
    organisation = who.owner.organisation
    return organisation.name if organisation else cast(User, request.user).name


def _form(request: HttpRequest, form: RetireForm) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "registry/retire.html", {"form": form}, status=status)


def _summary(request: HttpRequest, who: Acting, form: RetireForm) -> HttpResponse:
    """What will happen, if the balance covers it."""
    plan = form.cleaned_data
    available = balance_of(who.owner, plan["credit_class"].asset).available
    context = {
        "form": form,
        "plan": plan,
        "available": available,
        "left": available - plan["amount_grams"],
    }
    return render(request, "registry/retire_confirm.html", context)
