"""Puro.earth: CO2 Removal Certificates (CORCs).

    40980b1a-5e3c-4f6d-9a87-2b1c0d3e4f5a_1000-1001
    └─ the bundle of one issuance, a UUID ─┘ first-last

The bundle is the series: numbers count inside it. A serial says neither project nor country nor
vintage. Source: the Puro Registry's public retirement statements.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

from apps.registry.refusals import SerialRefused
from apps.registry.serials.base import check_inside, check_range
from apps.registry.serials.spelling import tidy

REGISTRY = "puro"
# Puro issued some two million CORCs in its first six years, all bundles together.
NUMBERS_BELOW = 2_000_000

_BUNDLE = "[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}"
_FORM = re.compile(rf"({_BUNDLE})_([0-9]{{1,15}})-([0-9]{{1,15}})")


@dataclass(frozen=True, slots=True)
class PuroSerial:
    """A run of CORCs: one tonne CO2e each."""

    bundle: str
    first: int
    last: int
    project: str = ""
    country: None = None
    vintage_year: None = None

    @property
    def registry(self) -> str:
        return REGISTRY

    @property
    def series(self) -> str:
        return self.bundle

    @property
    def numbers_below(self) -> int:
        return NUMBERS_BELOW

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1

    def part(self, first: int, last: int) -> Self:
        check_inside(self, first, last)
        return replace(self, first=first, last=last)

    def __str__(self) -> str:
        return f"{self.bundle}_{self.first}-{self.last}"


class PuroGrammar:
    """See the module's text for the parts of a serial."""

    registry = REGISTRY

    def recognises(self, text: str) -> bool:
        return bool(re.match("[0-9A-F]{8}-[0-9A-F]{4}-", tidy(text)))

    def parse(self, text: str) -> PuroSerial:
        tidied = tidy(text)
        if not (match := _FORM.fullmatch(tidied)):
            raise SerialRefused("serial_key", found=tidied[:100])
        first, last = int(match[2]), int(match[3])
        check_range(first, last, below=NUMBERS_BELOW)
        return PuroSerial(match[1].lower(), first, last)
