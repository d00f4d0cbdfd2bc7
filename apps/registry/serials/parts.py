"""A serial number as a row of named parts between hyphens, and what is wrong with a bad one."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from apps.registry.refusals import SerialRefused

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Part(NamedTuple):
    """What stands between two hyphens: its name here, its name for people, its pattern."""

    key: str
    name: "_StrPromise"
    pattern: str


COUNTRY = Part("country", _("country"), "[A-Z]{2}")
PROJECT = Part("project", _("project number"), "[0-9]{1,9}")
YEAR = Part("year", _("vintage"), "[0-9]{4}")
BATCH = Part("batch", _("batch number"), "[0-9]{1,9}")
FIRST = Part("first", _("first serial number"), "[0-9]{1,15}")
LAST = Part("last", _("last serial number"), "[0-9]{1,15}")


def pattern_of(parts: Sequence[Part]) -> re.Pattern[str]:
    """One pattern for the whole serial in capitals, with a group named after each part's key."""
    return re.compile("-".join(f"(?P<{part.key}>{part.pattern})" for part in parts))


def why_not(found: Sequence[str], expected: Sequence[Part], lengths: str = "") -> SerialRefused:
    """The first reason, from the left, why the texts `found` are not the parts `expected`.

    `lengths` says in words how many parts there may be, where there is more than one answer.
    """
    if not any(found):
        return SerialRefused("serial_empty")
    if len(found) != len(expected):
        return SerialRefused("serial_length", expected=lengths or len(expected), found=len(found))
    for text, part in zip(found, expected, strict=True):
        if re.fullmatch(part.pattern, text):
            continue
        if "O" in text and re.fullmatch(part.pattern, text.replace("O", "0")):
            return SerialRefused("serial_letter_o", part=part.name, found=text)
        return SerialRefused("serial_part", part=part.name, found=text)
    raise AssertionError(f"every part of {found} is right, but not the whole")
