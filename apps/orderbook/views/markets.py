"""The list of markets."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.orderbook import browse
from apps.registry.browse import (
    countries_of_projects,
    labels_carried,
    registries_of_projects,
    types_of_projects,
)
from apps.registry.models import Effect


@require_safe
def markets(request: HttpRequest) -> HttpResponse:
    """All markets, narrowed by name, by what the credits are, and by quote."""
    year, effect = request.GET.get("year", ""), request.GET.get("effect", "")
    labels = labels_carried()
    label = request.GET.get("label", "")
    search = browse.MarketSearch(
        text=request.GET.get("q", "").strip(),
        country=request.GET.get("country", ""),
        registry=request.GET.get("registry", ""),
        type=request.GET.get("type", ""),
        # A label that nothing here has any more is no condition: the list does not offer it.
        label=label if label in {known.code for known in labels} else "",
        effect=effect if effect in Effect.values else "",
        quote=request.GET.get("quote", ""),
        year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
    )
    context = {"search": search, "markets": browse.markets_search(search)}
    if request.headers.get("HX-Target") == "results":
        return render(request, "orderbook/_markets.html", context)
    context |= {
        "countries": countries_of_projects(),
        "registries": registries_of_projects(),
        "types": types_of_projects(),
        "labels": labels,
        "effects": Effect.choices,
        "years": browse.years_traded(),
        "quotes": ("CC", "USDC"),
    }
    return render(request, "orderbook/markets.html", context)
