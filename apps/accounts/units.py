"""Micro-units as people read them and masses as they write them. Exact, as in `amounts`.

For credits and CC one micro-unit is one gram of CO2e, so a whole unit is a tonne.
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _

from apps.accounts.amounts import MICRO, micro_from_text, text_from_micro
from apps.accounts.errors import ServiceError
from apps.accounts.ledger.models import Asset

GRAMS_PER_KG: Final = 1_000
GRAMS_PER_TONNE: Final = MICRO
MASS_UNITS: Final = {"g": 1, "kg": GRAMS_PER_KG, "t": GRAMS_PER_TONNE}


def grouped_text(micro: int, *, decimals_min: int = 0) -> str:
    """Micro-units with commas between thousands: 1_234_500_000 -> "1,234.5"."""
    whole, point, part = text_from_micro(abs(micro), decimals_min=decimals_min).partition(".")
    sign = "-" if micro < 0 else ""
    return f"{sign}{int(whole):,}{point}{part}"


def decimals_of(increment: int) -> int:
    """How many decimals a value has that is a multiple of `increment` micro-units."""
    assert increment > 0
    return len(text_from_micro(increment).partition(".")[2])


def mass_parts(grams: int) -> tuple[str, str]:
    """Grams in the unit that reads best, exactly: 12_500 -> ("12.5", "kg")."""
    size = abs(grams)
    if size < GRAMS_PER_KG:
        return f"{grams:,}", "g"
    if size < GRAMS_PER_TONNE:
        return grouped_text(grams * GRAMS_PER_KG), "kg"
    return grouped_text(grams), "t"


def mass_headline_parts(grams: int) -> tuple[str, str]:
    """The same for a headline, rounded down to what is worth reading there.

    From a thousand tonnes on to the tonne, from one tonne on to the kilogram.
    """
    if grams >= 1_000 * GRAMS_PER_TONNE:
        grams -= grams % GRAMS_PER_TONNE
    elif grams >= GRAMS_PER_TONNE:
        grams -= grams % GRAMS_PER_KG
    return mass_parts(grams)


def mass_text(grams: int) -> str:
    """Grams in the unit that reads best, as text: "12.5 kg"."""
    number, unit = mass_parts(grams)
    return f"{number} {unit}"


def amount_text(micro: int, asset: Asset) -> str:
    """Micro-units of an asset, with its code: "12.5 kg VCS-1-2020", "2.5 USDC"."""
    is_mass = asset.kind == asset.Kind.CREDIT
    return f"{mass_text(micro) if is_mass else grouped_text(micro)} {asset.code}"


def grams_from_text(text: str, unit: str, *, field: str | None = None) -> int:
    """Grams of a number that a person typed in `g`, `kg` or `t`: ("12.5", "kg") -> 12_500.

    Commas and spaces between thousands are welcome. Raises ServiceError `invalid_amount` for what
    is no number and for parts of a gram: nothing is ever rounded.
    """
    micro = micro_from_text(re.sub(r"[,\s]", "", text), field=field)
    grams, rest = divmod(micro * MASS_UNITS[unit], MICRO)
    if rest:
        raise ServiceError(
            _("The smallest amount is one gram: use fewer decimals."),
            code="invalid_amount",
            field=field,
        )
    return grams
