"""Pledging credits for CC."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.errors import ServiceError
from apps.accounts.units import mass_text
from apps.nft.forms import PledgeForm
from apps.nft.selectors.pool import pool_state
from apps.nft.services.pool import pledge_create


@login_required
@require_http_methods(["GET", "POST"])
def pledge(request: HttpRequest) -> HttpResponse:
    """Gives credits to the pool for as much CC."""
    who = acting(request)
    who.require(TRANSFER)
    bound = request.POST if request.method == "POST" else None
    form = PledgeForm(bound, owner=who.owner, initial={"credit_class": request.GET.get("class")})
    if form.is_valid():
        try:
            made = pledge_create(
                owner=who.owner,
                credit_class=form.cleaned_data["credit_class"],
                amount_grams=form.cleaned_data["amount_grams"],
                idempotency_key=form.cleaned_data["idempotency_key"],
            )
        except ServiceError as error:
            form.refuse(error)
        else:
            said = _("You pledged %(amount)s and have as much CC now.")
            messages.success(request, said % {"amount": mass_text(made.amount_grams)})
            return redirect("portfolio")
    status = 422 if form.errors else 200
    context = {"form": form, "pool": pool_state()}
    return render(request, "nft/pledge.html", context, status=status)
