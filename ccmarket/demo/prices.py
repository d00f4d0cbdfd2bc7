"""Where the demo's prices start.

Invented round figures in USDC per tonne, by the kind of project: the demo shows how a market
works, not what a credit is worth.
"""

from __future__ import annotations

from apps.orderbook.models.market import UNIT
from apps.registry.models import CreditClass

CC_IN_USDC = 6_500_000

_BY_KIND = (
    ("ALM", 18_000_000),
    ("ARR", 14_000_000),
    ("WRC", 11_000_000),
    ("REDD", 8_000_000),
    ("IFM", 9_500_000),
    ("Agriculture Forestry", 7_500_000),
    ("Livestock", 6_000_000),
    ("Waste", 4_200_000),
    ("Energy demand", 5_200_000),
    ("Energy", 2_400_000),
)
_OTHER = 4_000_000
_PER_VINTAGE_YEAR = 40_000
_VINTAGE_BASE = 2015


def price_in_usdc(credit_class: CreditClass) -> int:
    """USDC micro-units per tonne; newer vintages cost a little more."""
    project = credit_class.project
    words = f"{project.project_type} {project.name}".lower()
    kind = next((price for word, price in _BY_KIND if word.lower() in words), _OTHER)
    return max(kind + (credit_class.year - _VINTAGE_BASE) * _PER_VINTAGE_YEAR, UNIT // 2)


def price_in_cc(credit_class: CreditClass) -> int:
    """CC micro-units per tonne."""
    return price_in_usdc(credit_class) * UNIT // CC_IN_USDC
