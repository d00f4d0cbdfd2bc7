"""Micro-units as people read and write them. Exact: integers and strings, never a float.

Every amount in the system is an integer of micro-units (six decimals). For credits and CC one
micro-unit is one gram of CO2e, so a whole unit is a tonne.
"""

from __future__ import annotations

import re
from typing import Final

DECIMALS: Final = 6
MICRO: Final = 10**DECIMALS
GRAMS_PER_KG: Final = 1_000
GRAMS_PER_TONNE: Final = MICRO
MASS_UNITS: Final = {"g": 1, "kg": GRAMS_PER_KG, "t": GRAMS_PER_TONNE}

_NUMBER = re.compile(r"(?P<whole>\d{0,13})(?:\.(?P<part>\d*))?", re.ASCII)


def decimal_text(micro: int, *, decimals_min: int = 0, grouped: bool = False) -> str:
    """Micro-units as a decimal number, without needless zeros: 1_250_000 -> "1.25".

    `decimals_min` keeps zeros that make a column line up; `grouped` puts commas between thousands.
    """
    sign = "-" if micro < 0 else ""
    whole, part = divmod(abs(micro), MICRO)
    digits = f"{part:0{DECIMALS}d}".rstrip("0").ljust(decimals_min, "0")
    head = f"{whole:,}" if grouped else str(whole)
    return f"{sign}{head}.{digits}" if digits else f"{sign}{head}"


def decimal_parse(text: str, *, unit: int = MICRO) -> int:
    """A decimal number that a person typed, as an integer of `1 / unit` parts.

    Accepts commas or spaces between thousands and at most as many decimals as `unit` has zeros.
    Raises ValueError for anything else, more decimals included: nothing is ever rounded.
    """
    match = _NUMBER.fullmatch(re.sub(r"[,\s]", "", text.strip()))
    if match is None or not (match["whole"] or match["part"]):
        raise ValueError(f"not a decimal number: {text!r}")
    part = (match["part"] or "").rstrip("0")
    places = len(str(unit)) - 1
    if len(part) > places:
        raise ValueError(f"more than {places} decimals: {text!r}")
    return int(match["whole"] or "0") * unit + int(part.ljust(places, "0") or "0")


def decimals_of(increment: int) -> int:
    """How many decimals a value has that is a multiple of `increment` micro-units."""
    assert increment > 0
    return len(decimal_text(increment).partition(".")[2])


def mass_parts(grams: int) -> tuple[str, str]:
    """Grams in the unit that reads best, exactly: 12_500 -> ("12.5", "kg")."""
    size = abs(grams)
    if size < GRAMS_PER_KG:
        return f"{grams:,}", "g"
    if size < GRAMS_PER_TONNE:
        return decimal_text(grams * GRAMS_PER_KG, grouped=True), "kg"
    return decimal_text(grams, grouped=True), "t"


def mass_text(grams: int) -> str:
    """Grams in the unit that reads best, as text: "12.5 kg"."""
    number, unit = mass_parts(grams)
    return f"{number} {unit}"
