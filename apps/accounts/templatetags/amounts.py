"""Amounts in pages: `{% load amounts %}{{ balance.available|micro }}`."""

from __future__ import annotations

from django import template

from apps.accounts.amounts import MICRO, text_from_micro

register = template.Library()


@register.filter
def micro(amount: int | None, decimals_min: int = 0) -> str:
    """Micro-units with thousands separators: 1234500000 becomes 1,234.5. Nothing for None."""
    if amount is None:
        return ""
    whole, point, decimals = text_from_micro(abs(amount), decimals_min=decimals_min).partition(".")
    sign = "-" if amount < 0 else ""
    return f"{sign}{int(whole):,}{point}{decimals}"


@register.filter
def weight(grams: int | None) -> str:
    """Grams as a person says them: 750 g, 12.5 kg, 1,234.5 t. Exact, like every amount here."""
    if grams is None:
        return ""
    if abs(grams) >= MICRO:
        return f"{micro(grams)} t"
    if abs(grams) >= 1000:
        return f"{micro(grams * 1000)} kg"
    return f"{grams} g"
