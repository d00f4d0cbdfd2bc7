"""Verra: the serial numbers of Verified Carbon Units.

    9344-82291359-82391358-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1
    └┬─┘ └──┬───┘ └──┬───┘ └─┬┘ └┬┘ └┬┘ └┬┘ └┬ └┬ └┬─┘ └──┬───┘ └──┬───┘ └ certified further
     │      │        │       │   │   │   │   │  │  │      └─────┬──┘
     batch  first    last    │  unit │   │   │  │  project   vintage, day month year
                       program     VVB   │   │  sectoral scope
                              registry   country

Serials issued since Verra runs its own registry (2020) have 13 parts; older ones lack `VCS-`
and were kept by APX or Markit (`MER`). Sources: Verra Registry User Guide; "VCU Serial Number"
in the registry's help; and 361 serials of two public exports, which all obey this grammar.

The series. In those exports, and in every other serial we found published, the number of a
13-part serial rises with its batch, from batch 8164 number 1 to batch 19413 number 942,213,434;
the number of a 12-part serial rises with its batch too, across APX and Markit alike, up to batch
8035 number 449,295,247. So each *form* counts its tonnes once for the whole registry, and
the count began again at 1 with the new form: the two overlap. The series is therefore the form
(`VCS-VCU` or `VCU`), never the batch: a batch is only a label, and naming it in the key would
let the same tonne stand twice under two batches.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Self

from django.utils.translation import gettext_lazy as _

from apps.registry.countries import is_country_code
from apps.registry.refusals import SerialRefused
from apps.registry.serials.base import check_inside, check_range
from apps.registry.serials.parts import (
    BATCH,
    COUNTRY,
    FIRST,
    LAST,
    PROJECT,
    Part,
    pattern_of,
    why_not,
)
from apps.registry.serials.spelling import tidy

REGISTRY = "verra"
# Ten times what Verra issued in its first two decades.
NUMBERS_BELOW = 10**10


@dataclass(frozen=True, slots=True)
class VerraSerial:
    """A run of VCUs: one tonne CO2e each."""

    batch: int
    first: int
    last: int
    is_old_form: bool
    vvb: str
    agent: str
    country: str
    scope: int
    project_number: int
    vintage_start: date
    vintage_end: date
    is_certified_further: bool

    @property
    def registry(self) -> str:
        return REGISTRY

    @property
    def series(self) -> str:
        return "VCU" if self.is_old_form else "VCS-VCU"

    @property
    def numbers_below(self) -> int:
        return NUMBERS_BELOW

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1

    @property
    def project(self) -> str:
        return str(self.project_number)

    @property
    def vintage_year(self) -> int:
        """The year in which the monitoring period ends, as ACR and CARB name their vintages."""
        return self.vintage_end.year

    def part(self, first: int, last: int) -> Self:
        check_inside(self, first, last)
        return replace(self, first=first, last=last)

    def __str__(self) -> str:
        return (
            f"{self.batch}-{self.first}-{self.last}-{self.series}-{self.vvb}-{self.agent}-"
            f"{self.country}-{self.scope}-{self.project_number}-"
            f"{_day_text(self.vintage_start)}-{_day_text(self.vintage_end)}-"
            f"{int(self.is_certified_further)}"
        )


# The 13 parts in order; the 12-part form lacks the program.
_PROGRAM = Part("program", _("program"), "VCS")
_PARTS = (
    BATCH,
    FIRST,
    LAST,
    _PROGRAM,
    Part("unit", _("unit"), "VCU"),
    Part("vvb", _("code of the verifier"), "[0-9]{3,4}"),
    Part("agent", _("registry"), "VER|MER|APX"),
    COUNTRY,
    Part("scope", _("sectoral scope"), "[0-9]{1,2}"),
    PROJECT,
    Part("start", _("start of the vintage"), "[0-9]{8}"),
    Part("end", _("end of the vintage"), "[0-9]{8}"),
    Part("certified", _("last part"), "[01]"),
)
_OLD_PARTS = tuple(part for part in _PARTS if part is not _PROGRAM)
# Very many serials of a file differ in their first three parts alone.
_RUN = re.compile("-".join(f"({part.pattern})" for part in _PARTS[:3]) + "-(.+)")
_NEW_REST, _OLD_REST = pattern_of(_PARTS[3:]), pattern_of(_OLD_PARTS[3:])


class VerraGrammar:
    """See the module's text for the parts of a serial."""

    registry = REGISTRY

    def recognises(self, text: str) -> bool:
        return "VCU" in tidy(text).split("-")

    def parse(self, text: str) -> VerraSerial:
        # Nearly all of a million serials in a file need no tidying.
        if serial := _serial(text) or _serial(tidied := tidy(text)):
            return serial
        found = tidied.split("-")
        is_old_form = len(found) == len(_OLD_PARTS) and _PROGRAM.pattern not in found
        raise why_not(found, _OLD_PARTS if is_old_form else _PARTS, lengths="12 or 13")


def parse(text: str) -> VerraSerial:
    """The run of VCUs that `text` spells. Raises `SerialRefused` with what is wrong with it."""
    return VerraGrammar().parse(text)


class _Rest(NamedTuple):
    """What follows the run of numbers, in the order of `VerraSerial`."""

    is_old_form: bool
    vvb: str
    agent: str
    country: str
    scope: int
    project_number: int
    vintage_start: date
    vintage_end: date
    is_certified_further: bool


def _serial(text: str) -> VerraSerial | None:
    match = _RUN.fullmatch(text)
    rest = _rest(match[4]) if match else None
    if match is None or rest is None:
        return None
    first, last = int(match[2]), int(match[3])
    check_range(first, last, below=NUMBERS_BELOW)
    return VerraSerial(int(match[1]), first, last, *rest)


@lru_cache(maxsize=4096)
def _rest(text: str) -> _Rest | None:
    new, old = _NEW_REST.fullmatch(text), _OLD_REST.fullmatch(text)
    if (match := new or old) is None:
        return None
    if not is_country_code(match["country"]):
        raise SerialRefused("serial_country", found=match["country"])
    start, end = _vintage(match["start"], match["end"])
    return _Rest(
        is_old_form=match is old,
        vvb=match["vvb"],
        agent=match["agent"],
        country=match["country"],
        scope=int(match["scope"]),
        project_number=int(match["project"]),
        vintage_start=start,
        vintage_end=end,
        is_certified_further=match["certified"] == "1",
    )


@lru_cache(maxsize=4096)
def _day_text(day: date) -> str:
    return f"{day:%d%m%Y}"


def _vintage(start_text: str, end_text: str) -> tuple[date, date]:
    try:
        start, end = (
            date(int(text[4:]), int(text[2:4]), int(text[:2])) for text in (start_text, end_text)
        )
    except ValueError:
        raise SerialRefused("serial_vintage", start=start_text, end=end_text) from None
    if end < start:
        raise SerialRefused("serial_vintage", start=start.isoformat(), end=end.isoformat())
    return start, end
