"""Between what people write and what the ledger counts: exact, in both directions.

Every asset has 6 decimals. "1.5" is 1_500_000 micro-units; nothing is ever rounded.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from apps.accounts.errors import ServiceError

DECIMALS: Final = 6
MICRO: Final = 10**DECIMALS
AMOUNT_MICRO_MAX: Final = 2**63 - 1
PLAIN_NUMBER: Final = re.compile(r"(\d{1,19})(?:\.(\d+))?", re.ASCII)


def micro_from_text(text: str | int | Decimal, *, field: str | None = None) -> int:
    """Micro-units of a decimal number written plainly: digits, and a point where needed.

    Raises ServiceError `invalid_amount` for anything else: a sign, an exponent, more than six
    decimals that are not zeros, or more than a bigint holds.
    """
    assert not isinstance(text, float), "no amount is ever a float"
    plain = format(text, "f") if isinstance(text, Decimal) and _is_modest(text) else str(text)
    match = PLAIN_NUMBER.fullmatch(plain.strip())
    whole, decimals = match.groups(default="") if match else ("", "")
    kept, rest = decimals[:DECIMALS], decimals[DECIMALS:]
    amount = int(whole + kept.ljust(DECIMALS, "0")) if match else AMOUNT_MICRO_MAX + 1
    if amount > AMOUNT_MICRO_MAX or rest.strip("0"):
        raise ServiceError(
            _("Write an amount like 12.5, with at most 6 decimals."),
            code="invalid_amount",
            field=field,
        )
    return amount


def _is_modest(number: Decimal) -> bool:
    # Written out, 1e999999999 would be a gigabyte of zeros.
    return number.is_finite() and -40 < number.adjusted() < 40


def text_from_micro(amount: int, *, decimals_min: int = 0) -> str:
    """Micro-units as a decimal number, with no more decimals than it needs.

    >>> text_from_micro(1_500_000), text_from_micro(2_000_000), text_from_micro(-1)
    ('1.5', '2', '-0.000001')
    """
    whole, part = divmod(abs(amount), MICRO)
    if not part and not decimals_min:
        return f"-{whole}" if amount < 0 else str(whole)
    decimals = f"{part:06d}".rstrip("0").ljust(decimals_min, "0")
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
