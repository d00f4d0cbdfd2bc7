"""The list of markets."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.orderbook import browse
from apps.registry.browse import countries_of_projects, kinds_of_projects


@require_safe
def markets(request: HttpRequest) -> HttpResponse:
    """All markets, narrowed by name, country, type, vintage and quote."""
    year = request.GET.get("year", "")
    search = browse.MarketSearch(
        text=request.GET.get("q", "").strip(),
        country=request.GET.get("country", ""),
        kind=request.GET.get("kind", ""),
        quote=request.GET.get("quote", ""),
        year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
    )
    context = {"search": search, "markets": browse.markets_search(search)}
    if request.headers.get("HX-Target") == "results":
        return render(request, "orderbook/_markets.html", context)
    context |= {
        "countries": countries_of_projects(),
        "kinds": kinds_of_projects(),
        "years": browse.years_traded(),
        "quotes": ("CC", "USDC"),
    }
    return render(request, "orderbook/markets.html", context)
