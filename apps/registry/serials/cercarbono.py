"""Cercarbono: serials of EcoRegistry, where the range stands in columns of its own.

    CDC_4_1_1_321_14_R1_XX_CO_1_2_2018     from 1 to 609
    │   │ └──────────┬──────────┘ └ vintage; older serials lack it
    │   project      sector, methodology, renewal, country, …: how many parts there are varies
    program

Serials of the oldest form, without country and vintage, count from 0, all others from 1: so do
the withdrawals, of which the first of each old serial starts at 0 and the last ends one below
what was issued. A buffer's serial ends in `_BF`, or has `_BFC_` before its vintage, and counts
for itself. The text before the range names one issuance and is the series. EcoRegistry shows
`from` and `to` beside the serial; here they follow it: `CDC_4_…_2018 1 to 609`. Source:
EcoRegistry's public pages and API of certifications and withdrawals.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

from apps.registry.countries import is_country_code
from apps.registry.refusals import SerialRefused
from apps.registry.serials.base import check_inside, check_range
from apps.registry.serials.spelling import tidy

REGISTRY = "cercarbono"
NUMBERS_BELOW = 20_000_000

_KEY = r"CDC_[0-9]{1,9}(?:_[A-Z0-9]{1,8}){3,16}"
_RANGE = re.compile(r"(.*?)[ (]+(?:FROM )?([0-9]{1,15})(?:-| TO )([0-9]{1,15})\)?")
_OLDEST_FORM = re.compile("CDC(?:_[0-9]+){6}(?:_BF)?")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


@dataclass(frozen=True, slots=True)
class CercarbonoSerial:
    """A run of Carboncer: one tonne CO2e each."""

    key: str
    first: int
    last: int

    @property
    def registry(self) -> str:
        return REGISTRY

    @property
    def series(self) -> str:
        return self.key

    @property
    def numbers_below(self) -> int:
        return NUMBERS_BELOW

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1

    @property
    def project(self) -> str:
        return self.key.split("_")[1]

    @property
    def country(self) -> str | None:
        words = self.key.split("_")[6:]
        return next((word for word in words if word.isalpha() and is_country_code(word)), None)

    @property
    def vintage_year(self) -> int | None:
        last = self.key.removesuffix("_BF").rsplit("_", 1)[1]
        return int(last) if _YEAR.fullmatch(last) else None

    @property
    def is_buffer(self) -> bool:
        return not {"BF", "BFC"}.isdisjoint(self.key.split("_"))

    def part(self, first: int, last: int) -> Self:
        check_inside(self, first, last)
        return replace(self, first=first, last=last)

    def __str__(self) -> str:
        return f"{self.key} {self.first} to {self.last}"


class CercarbonoGrammar:
    """See the module's text for the parts of a serial."""

    registry = REGISTRY

    def recognises(self, text: str) -> bool:
        return tidy(text).startswith("CDC_")

    def parse(self, text: str) -> CercarbonoSerial:
        tidied = tidy(text)
        if not (match := _RANGE.fullmatch(tidied)):
            raise SerialRefused("serial_without_range", found=tidied[:100])
        return serial_of(match[1], int(match[2]), int(match[3]))


def serial_of(key: str, first: int, last: int) -> CercarbonoSerial:
    """The serial of a file that has the range in columns. Raises `SerialRefused`."""
    tidied = tidy(key)
    if not re.fullmatch(_KEY, tidied):
        raise SerialRefused("serial_key", found=tidied[:100])
    check_range(first, last, below=NUMBERS_BELOW, least=_least(tidied))
    return CercarbonoSerial(tidied, first, last)


def whole(key: str, tonnes: int) -> CercarbonoSerial:
    """The serial of an issuance of so many tonnes. Raises `SerialRefused`."""
    first = _least(tidy(key))
    return serial_of(key, first, first + tonnes - 1)


def _least(key: str) -> int:
    return 0 if _OLDEST_FORM.fullmatch(key) else 1
