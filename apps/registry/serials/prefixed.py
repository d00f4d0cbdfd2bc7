"""Serial numbers that count from 1 inside each issuance: ACR, CAR, ART and Gold Standard.

There the text before the range names one issuance (a batch), and is the series:

    ACR-FR-1129-2025-2917-30932 to 35143             registry country project vintage batch
    CAR-1-US-866-34-386-WA-2024-9108-996 to 1555     … type of unit, of project, developer, state
    ART-GY-102-2021-11-2759599 to 2760598
    FCPF-CI-130-2023-20-1 to 46404                   issued by the FCPF, kept by ART's registry
    GS1-1-UG-GS11236-16-2024-30307-1-19149           … type of project, vintage, issuance

Sources: "Serial Number Guide" of the Climate Action Reserve (the same registry software serves
ACR and ART); Gold Standard Registry's public issuance reports; the public exports of all four.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

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
    YEAR,
    Part,
    pattern_of,
    why_not,
)
from apps.registry.serials.spelling import tidy

# The largest single issuance published by these registries is 9.1 million tonnes (ART, Guyana).
NUMBERS_BELOW = 20_000_000


@dataclass(frozen=True, slots=True)
class PrefixedSerial:
    """A run of serial numbers behind the prefix that names their issuance; one tonne each."""

    registry: str
    series: str
    first: int
    last: int
    joiner: str
    country: str
    project: str
    vintage_year: int

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
        return f"{self.series}-{self.first}{self.joiner}{self.last}"


@dataclass(frozen=True)
class PrefixedGrammar:
    """One registry's prefix: its parts in order, and how it joins first and last number."""

    registry: str
    prefix: tuple[Part, ...]
    joiner: str

    def recognises(self, text: str) -> bool:
        return bool(re.fullmatch(self.prefix[0].pattern, tidy(text).split("-")[0]))

    def parse(self, text: str) -> PrefixedSerial:
        tidied = tidy(text).replace(self.joiner.upper(), "-")
        parts = (*self.prefix, FIRST, LAST)
        if not (match := pattern_of(parts).fullmatch(tidied)):
            raise why_not(tidied.split("-"), parts)
        if not is_country_code(match["country"]):
            raise SerialRefused("serial_country", found=match["country"])
        first, last = int(match["first"]), int(match["last"])
        check_range(first, last, below=NUMBERS_BELOW)
        return PrefixedSerial(
            registry=self.registry,
            series=tidied[: match.start("first") - 1],
            first=first,
            last=last,
            joiner=self.joiner,
            country=match["country"],
            project=match["project"].removeprefix("GS"),
            vintage_year=int(match["year"]),
        )


_ACR_STYLE = (COUNTRY, PROJECT, YEAR, BATCH)
_PROJECT_TYPE = Part("type", _("type of project"), "[0-9]{1,4}")

ACR = PrefixedGrammar("acr", (Part("head", _("registry"), "ACR"), *_ACR_STYLE), " to ")
ART = PrefixedGrammar("art", (Part("head", _("registry"), "ART|FCPF"), *_ACR_STYLE), " to ")
CAR = PrefixedGrammar(
    "car",
    (
        Part("head", _("registry"), "CAR"),
        Part("unit", _("type of unit"), "1|ROC"),
        COUNTRY,
        PROJECT,
        _PROJECT_TYPE,
        Part("developer", _("developer"), "[0-9]{1,6}"),
        Part("state", _("state"), "[A-Z0-9]{2,3}"),
        YEAR,
        BATCH,
    ),
    " to ",
)
GOLD_STANDARD = PrefixedGrammar(
    "gold-standard",
    (
        Part("head", _("registry"), "GS1"),
        Part("unit", _("type of unit"), "[0-9]{1,2}"),
        COUNTRY,
        Part("project", _("project number"), "GS[0-9]{1,9}"),
        _PROJECT_TYPE,
        YEAR,
        BATCH,
    ),
    "-",
)
