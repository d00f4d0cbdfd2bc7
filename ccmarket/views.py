"""Home, portfolio and the public sums: the pages that look across all apps."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.acting import acting
from apps.orderbook import browse as markets
from apps.registry import browse as registry
from ccmarket.portfolio import portfolio_of
from ccmarket.transparency import transparency as public_sums

FEATURED_MARKETS = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, with live figures and the busiest markets."""
    context = {
        "immobilised_grams": registry.immobilised_grams(),
        "retired_grams": registry.retired_grams(),
        "traded_grams": markets.traded_grams(),
        "markets": markets.markets_featured(FEATURED_MARKETS),
        "retirements": registry.retirements_latest()[:3],
    }
    return render(request, "home.html", context)


@require_safe
@login_required
def portfolio(request: HttpRequest) -> HttpResponse:
    """What the signed-in owner holds, and what they can do with it."""
    who = acting(request)
    context = {"acting": who, "portfolio": portfolio_of(who.owner)}
    return render(request, "portfolio.html", context)


@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    """Custody, ledger and chain, class by class, and that they add up."""
    return render(request, "transparency.html", {"sums": public_sums()})
