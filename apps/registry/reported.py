"""What registries reported of serial numbers themselves: their retirements and cancellations.

A registry may publish an ending whose issuance it never published with serials; then no block is
known, and the ending is all there is to show.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.registry.models import RegistryEntry
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.selectors import Trace, entries_of
from apps.registry.serials import Serial, parse

REPORTED_MAX = 200


@dataclass(frozen=True, slots=True)
class Reported:
    """The part of one ending that was asked for: the registry's spelling of it, and its grams."""

    entry: RegistryEntry
    serial: str
    first: int
    last: int

    @property
    def grams(self) -> int:
        return (self.last - self.first + 1) * GRAMS_PER_TONNE

    @property
    def standing(self) -> dict[str, int]:
        is_retirement = self.entry.kind == RegistryEntry.Kind.RETIREMENT
        return {"retired" if is_retirement else "cancelled": self.grams}


def reported_of(text: str) -> list[Reported]:
    """The endings that the serial number in `text` reaches into, in order, the first 200.

    Raises SerialRefused for what no registry writes.
    """
    serial = parse(text)
    found = entries_of(serial, RegistryEntry.objects.select_related("project__registry")).order_by(
        "grams"
    )
    return [_reported(entry, serial) for entry in found[:REPORTED_MAX]]


def inside(reported: list[Reported], trace: Trace) -> list[Reported]:
    """Those that reach into the serials of the trace."""
    known = trace.citation
    return [each for each in reported if known.first <= each.last and each.first <= known.last]


def without_block(reported: list[Reported], traces: list[Trace]) -> list[Reported]:
    """Those of which no serial is in any block that is known."""
    return [each for each in reported if not any(inside([each], trace) for trace in traces)]


def _reported(entry: RegistryEntry, serial: Serial) -> Reported:
    whole = parse(entry.reference)
    first, last = max(whole.first, serial.first), min(whole.last, serial.last)
    return Reported(entry, str(whole.part(first, last)), first, last)
