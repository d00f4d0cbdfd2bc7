"""Gifts: give part of a balance, take a gift by its link, take one's own back."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.errors import NotFound, ServiceError
from apps.accounts.forms import GiftForm
from apps.accounts.ledger.models import Asset
from apps.accounts.models import Gift
from apps.accounts.second_factor import second_factor_required
from apps.accounts.selectors import gifts_of
from apps.accounts.services.gifts import (
    gift_claim,
    gift_create,
    gift_link,
    gift_of_token,
    gift_return,
)
from apps.accounts.units import GRAMS_PER_TONNE, amount_text

PER_PAGE = 20
TAKE_OUT = "take-out"


@login_required
@second_factor_required
@never_cache
@require_http_methods(["GET", "POST"])
def gifts(request: HttpRequest) -> HttpResponse:
    """What was given, with the links of what nobody took yet, and a form to give more."""
    who = acting(request)
    who.require(TRANSFER)
    form = GiftForm(request.POST if request.method == "POST" else None, owner=who.owner)
    if form.is_valid():
        try:
            gift_create(owner=who.owner, **form.cleaned_data)
        except ServiceError as error:
            form.refuse(error)
        else:
            messages.success(request, _("It is given. Send the link, or let the mail bring it."))
            return redirect("gifts")
    page = Paginator(gifts_of(who.owner), PER_PAGE).get_page(request.GET.get("page"))
    rows = [(it, amount_text(it.amount, it.asset), gift_link(it)) for it in page]
    context = {"form": form, "page": page, "rows": rows}
    return render(request, "accounts/gifts.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def gift_taking_back(request: HttpRequest, gift: uuid.UUID) -> HttpResponse:
    """The giver takes back what nobody claimed."""
    who = acting(request)
    who.require(TRANSFER)
    found = gifts_of(who.owner).filter(public_id=gift).first()
    if found is None:
        raise NotFound(_("There is no such gift."))
    gift_return(gift=found)
    messages.success(request, _("It is yours again."))
    return redirect("gifts")


@never_cache
@require_http_methods(["GET", "POST"])
def gift(request: HttpRequest, token: str) -> HttpResponse:
    """What a link brings, for whoever has it; posted, it is claimed by who is signed in."""
    found = gift_of_token(token)
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        gift_claim(gift=found, owner=acting(request).owner)
        messages.success(request, _("The gift is yours."))
        if request.POST.get("then") == TAKE_OUT:
            return redirect(f"{reverse('take_out')}?{urlencode(_tonnes_of(found))}")
        return redirect("portfolio")
    context = {
        "gift": found,
        "amount": amount_text(found.amount, found.asset),
        "whole_tonnes": _whole_tonnes(found),
    }
    return render(request, "accounts/gift.html", context)


def _whole_tonnes(gift: Gift) -> int:
    """How many NFTs it could be."""
    return gift.amount // GRAMS_PER_TONNE if gift.asset.kind == Asset.Kind.CREDIT else 0


def _tonnes_of(gift: Gift) -> dict[str, str | int]:
    """What the page that takes tonnes out begins with."""
    return {"class": gift.asset.code, "tonnes": _whole_tonnes(gift), "to": gift.to_address}
