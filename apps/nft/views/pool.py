"""The CC pool: what it takes and holds, credits in for CC, CC back for credits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.acting import TRANSFER, Acting, acting
from apps.accounts.errors import ServiceError
from apps.accounts.units import mass_text
from apps.nft.forms import PledgeForm, RedeemForm
from apps.nft.models import PoolRedemption
from apps.nft.selectors.pool import cc_available, pool_rules, pool_state, premiums_bps
from apps.nft.services.pool import pledge_create, pool_redeem, pool_redeem_first
from apps.registry.forms import MassForm
from apps.registry.models import CreditClass

Made = TypeVar("Made")


@require_safe
def pool(request: HttpRequest) -> HttpResponse:
    """What backs CC, and what the pool takes; for everybody."""
    state = pool_state()
    premiums = premiums_bps(item for item, _grams in state.backing)
    context = {
        "pool": state,
        "backing": [(item, grams, premiums.get(item.pk)) for item, grams in state.backing],
        "rules": pool_rules(),
        "fee_bps": settings.POOL_CHOICE_FEE_BPS,
    }
    return render(request, "nft/pool.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def pledge(request: HttpRequest) -> HttpResponse:
    """Gives credits to the pool for as much CC."""
    who = _acting(request)
    form = PledgeForm(_sent(request), owner=who.owner, initial=_wished(request))
    if made := _move(form, who, pledge_create):
        said = _("You pledged %(amount)s and have as much CC now.")
        messages.success(request, said % {"amount": mass_text(made.amount_grams)})
        return redirect("portfolio")
    status = 422 if form.errors else 200
    context = {"form": form, "rules": pool_rules()}
    return render(request, "nft/pledge.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def redeem(request: HttpRequest) -> HttpResponse:
    """Gives CC back for as many grams of a class that the pool holds, or of what came in first."""
    who = _acting(request)
    form = RedeemForm(_sent(request), owner=who.owner, initial=_wished(request))
    for made in _move(form, who, _give_back) or []:
        said = _("You gave CC back for %(amount)s of %(code)s.")
        words = {"amount": mass_text(made.amount_grams), "code": made.credit_class.code}
        messages.success(request, said % words)
    if form.is_bound and not form.errors:
        return redirect("portfolio")
    context = {
        "form": form,
        "cc_available": cc_available(who.owner),
        "fee_bps": settings.POOL_CHOICE_FEE_BPS,
    }
    return render(request, "nft/pool_redeem.html", context, status=422 if form.errors else 200)


def _give_back(*, credit_class: CreditClass | None, **order: Any) -> list[PoolRedemption]:
    if credit_class is None:
        return pool_redeem_first(**order)
    return [pool_redeem(credit_class=credit_class, **order)]


def _acting(request: HttpRequest) -> Acting:
    who = acting(request)
    who.require(TRANSFER)
    return who


def _sent(request: HttpRequest) -> object:
    return request.POST if request.method == "POST" else None


def _wished(request: HttpRequest) -> dict[str, str | None]:
    return {"credit_class": request.GET.get("class")}


def _move(form: MassForm, who: Acting, service: Callable[..., Made]) -> Made | None:
    """What the service made of the form; None where it was refused, or not sent at all."""
    if not form.is_valid():
        return None
    names = ("credit_class", "amount_grams", "idempotency_key")
    try:
        return service(owner=who.owner, **{name: form.cleaned_data[name] for name in names})
    except ServiceError as error:
        form.refuse(error)
        return None
