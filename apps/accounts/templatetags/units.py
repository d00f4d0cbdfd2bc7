"""Amounts in templates. All take integers of micro-units."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts import units
from apps.accounts.amounts import text_from_micro

register = template.Library()


@register.filter
def mass(grams: int) -> SafeString:
    """Grams in the unit that reads best: `12.5 kg`, the unit in a quieter voice."""
    return _with_unit(*units.mass_parts(grams))


@register.filter
def mass_headline(grams: int) -> SafeString:
    """The same rounded down, for headlines."""
    return _with_unit(*units.mass_headline_parts(grams))


def _with_unit(number: str, unit: str) -> SafeString:
    return format_html(
        '<span class="num">{}&nbsp;<span class="unit">{}</span></span>', number, unit
    )


@register.filter
def mass_or_dash(grams: int) -> str:
    """The same, and a quiet dash where there is nothing."""
    return mass(grams) if grams else format_html('<span class="muted">{}</span>', "–")


@register.filter
def mass_plain(grams: int) -> str:
    """The same without markup, for titles and attributes."""
    return units.mass_text(grams)


@register.filter
def tonnes(grams: int) -> str:
    """Grams as a number of tonnes, exact: `1,204.5`."""
    return units.grouped_text(grams)


@register.filter
def grouped(number: int) -> str:
    """A whole number with commas between thousands, in every language."""
    return f"{number:,}"


@register.filter
def money(micro: int, decimals_min: int = 2) -> str:
    """Micro-units of cash or CC with at least two decimals: `1,250.00`."""
    return units.grouped_text(micro, decimals_min=decimals_min)


@register.filter
def price(micro: int | None, increment: int) -> str:
    """A price with the decimals of its market's increment, so that a column lines up."""
    if micro is None:
        return "–"
    return units.grouped_text(micro, decimals_min=units.decimals_of(increment))


@register.filter
def plain(micro: int) -> str:
    """Micro-units as a bare decimal number, for inputs and attributes."""
    return text_from_micro(micro)


@register.filter
def amount(micro: int, kind: str) -> SafeString:
    """Micro-units of an asset by its kind: credits and CC as a mass, cash as money."""
    if kind == "cash":
        return format_html('<span class="num">{}</span>', money(micro))
    return mass(micro)


@register.filter
def bps(points: int) -> str:
    """Basis points as a percentage: 25 -> `0.25%`."""
    return f"{text_from_micro(points * 10_000)}%"
