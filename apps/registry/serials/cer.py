"""Certified Emission Reductions of the UN's Clean Development Mechanism, in Gold Standard's list.

    RW-5-1463953-2-2-0-7014 - RW-5-1467609-2-2-0-7014
    │  │ └──┬──┘ │ │ │ └ project number of the CDM
    │  │    │    │ │ └ 0, or the kind of land use
    │  │    │    │ └ commitment period in which the unit may be used
    │  │    │    └ commitment period for which it was issued
    │  │    number
    │  5: CER, 6: temporary, 7: long-term
    host country

First and last unit are written out whole. A number is given once for a commitment period and a
host country, so these two and the type are the series. Source: decision 3/CMP.1, annex, appendix
D, paragraph 7 (serial numbers of CERs); the UN's Data Exchange Standards for registry systems.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

from django.utils.translation import gettext_lazy as _

from apps.registry.countries import is_country_code
from apps.registry.refusals import SerialRefused
from apps.registry.serials.base import check_inside, check_range
from apps.registry.serials.parts import COUNTRY, PROJECT, Part, pattern_of, why_not
from apps.registry.serials.spelling import tidy

REGISTRY = "gold-standard"
# All CERs ever issued, of every country together, are 2.4 thousand million.
NUMBERS_BELOW = 3_000_000_000

_UNIT = (
    COUNTRY,
    Part("type", _("type of unit"), "[567]"),
    Part("number", _("serial number"), "[0-9]{1,15}"),
    Part("issued", _("commitment period of issuance"), "[1-9]"),
    Part("usable", _("commitment period of use"), "[1-9]"),
    Part("land_use", _("kind of land use"), "[0-9]"),
    PROJECT,
)
_FORM = pattern_of(_UNIT)


@dataclass(frozen=True, slots=True)
class CerSerial:
    """A run of CERs: one tonne CO2e each."""

    country: str
    unit_type: str
    first: int
    last: int
    issued_period: str
    usable_period: str
    land_use: str
    project: str

    @property
    def registry(self) -> str:
        return REGISTRY

    @property
    def series(self) -> str:
        return f"CER-{self.country}-{self.unit_type}-{self.issued_period}"

    @property
    def numbers_below(self) -> int:
        return NUMBERS_BELOW

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1

    @property
    def vintage_year(self) -> None:
        """The number does not say."""

    def part(self, first: int, last: int) -> Self:
        check_inside(self, first, last)
        return replace(self, first=first, last=last)

    def __str__(self) -> str:
        return f"{self._unit(self.first)} - {self._unit(self.last)}"

    def _unit(self, number: int) -> str:
        return (
            f"{self.country}-{self.unit_type}-{number}-{self.issued_period}-"
            f"{self.usable_period}-{self.land_use}-{self.project}"
        )


def recognises(text: str) -> bool:
    """Whether `text` is meant as one or two CER numbers."""
    return bool(re.match(r"[A-Z]{2}-[1-9]-", tidy(text)))


def parse(text: str) -> CerSerial:
    """The run of CERs that `text` spells: two numbers, or one alone. Raises `SerialRefused`."""
    found = tidy(text).split("-")
    if len(found) == len(_UNIT):
        found = found * 2
    if len(found) != 2 * len(_UNIT):
        raise why_not(found, _UNIT * 2, lengths="7 or 14")
    one, two = _unit_parts(found[: len(_UNIT)]), _unit_parts(found[len(_UNIT) :])
    first, last = int(one.pop("number")), int(two.pop("number"))
    if one != two:
        raise SerialRefused("serial_ends")
    if not is_country_code(one["country"]):
        raise SerialRefused("serial_country", found=one["country"])
    check_range(first, last, below=NUMBERS_BELOW)
    return CerSerial(
        country=one["country"],
        unit_type=one["type"],
        first=first,
        last=last,
        issued_period=one["issued"],
        usable_period=one["usable"],
        land_use=one["land_use"],
        project=one["project"],
    )


def _unit_parts(found: list[str]) -> dict[str, str]:
    if match := _FORM.fullmatch("-".join(found)):
        return match.groupdict()
    raise why_not(found, _UNIT)
