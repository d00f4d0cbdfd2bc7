"""What pages of other apps show of markets."""

from __future__ import annotations

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from apps.accounts.models import Owner
from apps.orderbook import browse
from apps.orderbook.models import Product
from apps.orderbook.selectors.fees import OwnFees, own_fees
from apps.registry.models import Project

register = template.Library()

SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 96, 28, 2


@register.simple_tag
def markets_of_project(project: Project) -> list[browse.Market]:
    """The markets on which the project's credits trade, newest vintage first."""
    found = browse.products().filter(base__credit_class__project=project)
    return browse.markets_of(found.order_by("-base__credit_class__year", "quote__code"))


@register.simple_tag
def fees_of(owner: Owner) -> list[OwnFees]:
    """The owner's fees in every market that has tiers of them."""
    return own_fees(owner, Product.objects.exclude(fee_tiers=[]).order_by("code"))


@register.filter
def spark_points(prices: list[int]) -> str:
    """Prices as the points of an SVG polyline of 96 by 28; nothing for fewer than two."""
    if len(prices) < 2:
        return ""
    low, high = min(prices), max(prices)
    room = SPARK_HEIGHT - 2 * SPARK_MARGIN
    last = len(prices) - 1
    return " ".join(
        f"{index * SPARK_WIDTH // last},{SPARK_MARGIN + (high - price) * room // (high - low or 1)}"
        for index, price in enumerate(prices)
    )


@register.filter
def percent(bps: int | None) -> str:
    """A change in basis points with its sign: -125 -> `−1.25%`."""
    if bps is None:
        return "–"
    sign = "+" if bps > 0 else "−" if bps < 0 else ""
    return f"{sign}{abs(bps) // 100}.{abs(bps) % 100:02d}%"


@register.simple_tag
def texts(**translated: str) -> SafeString:
    """Texts that the market's script shows, as a JSON element it reads them from."""
    return json_script(translated, "market-texts")
