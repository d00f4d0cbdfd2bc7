"""Isometric gives no serial numbers: an issuance, a retirement and a project have ids.

    iss_1KP6EDZ8K1S036PY   ret_1KNSQMD6Z1S0TB50   prj_1JYCV03BW1S0RTE5

An id is a prefix and 16 characters of Crockford's base 32. Quantities are kilograms, without
numbers for the single one, so that an id is recognised but names no run of numbers. Source:
Isometric's public registry API.
"""

import re
from typing import NoReturn

from apps.registry.refusals import SerialRefused
from apps.registry.serials.spelling import tidy

REGISTRY = "isometric"
_ID = re.compile(r"(ISS|RET|PRJ)_([0-9A-HJKMNP-TV-Z]{16})")


def identifier(text: str, prefix: str) -> str:
    """The id with this prefix that `text` spells, as Isometric does. Raises `SerialRefused`."""
    tidied = tidy(text)
    match = _ID.fullmatch(tidied)
    if match is None or match[1].lower() != prefix:
        raise SerialRefused("serial_key", found=tidied[:100])
    return f"{prefix}_{match[2]}"


class IsometricGrammar:
    """Knows Isometric's ids, and that there is no serial number in them."""

    registry = REGISTRY

    def recognises(self, text: str) -> bool:
        return bool(re.match("(ISS|RET|PRJ)_", tidy(text)))

    def parse(self, text: str) -> NoReturn:
        raise SerialRefused("serial_none", found=tidy(text)[:100])
