"""The CC pool: what it takes and holds, credits in for CC, CC back for credits."""

from __future__ import annotations

from collections.abc import Callable

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
from apps.nft.models.pool import PoolMovement
from apps.nft.selectors.pool import cc_available, pool_rules, pool_state
from apps.nft.services.pool import pledge_create, pool_redeem
from apps.registry.forms import MassForm


@require_safe
def pool(request: HttpRequest) -> HttpResponse:
    """What backs CC, and what the pool takes; for everybody."""
    context = {"pool": pool_state(), "rules": pool_rules()}
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
    """Gives CC back for as many grams of a class that the pool holds."""
    who = _acting(request)
    form = RedeemForm(_sent(request), owner=who.owner, initial=_wished(request))
    if made := _move(form, who, pool_redeem):
        said = _("You gave CC back for %(amount)s of %(code)s.")
        words = {"amount": mass_text(made.amount_grams), "code": made.credit_class.code}
        messages.success(request, said % words)
        return redirect("portfolio")
    status = 422 if form.errors else 200
    context = {"form": form, "cc_available": cc_available(who.owner)}
    return render(request, "nft/pool_redeem.html", context, status=status)


def _acting(request: HttpRequest) -> Acting:
    who = acting(request)
    who.require(TRANSFER)
    return who


def _sent(request: HttpRequest) -> object:
    return request.POST if request.method == "POST" else None


def _wished(request: HttpRequest) -> dict[str, str | None]:
    return {"credit_class": request.GET.get("class")}


def _move(form: MassForm, who: Acting, service: Callable[..., PoolMovement]) -> PoolMovement | None:
    """What the service made of the form; None where it was refused, or not sent at all."""
    if not form.is_valid():
        return None
    names = ("credit_class", "amount_grams", "idempotency_key")
    try:
        return service(owner=who.owner, **{name: form.cleaned_data[name] for name in names})
    except ServiceError as error:
        form.refuse(error)
        return None
