"""What a certificate says: which grams, and how far the registry is with them. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from apps.accounts.models import FourEyesModel
from apps.accounts.units import mass_text
from apps.registry.models import Label, Retirement, SerialBlock, Span
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.retiring import AtRegistry, at_registry, items_of
from apps.registry.selectors import Citation, citation_of, grams_by_state


@dataclass(frozen=True, slots=True)
class Fullness:
    """How much of one serial's tonne is retired so far, by all retirements that share it."""

    serial: int
    retired_grams: int

    @property
    def is_full(self) -> bool:
        return self.retired_grams == GRAMS_PER_TONNE

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means full."""
        return self.retired_grams * 100 // GRAMS_PER_TONNE


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """One citation, how full the tonnes are of which it took a part, and what the registry did."""

    citation: Citation
    shared: list[Fullness]
    at_registry: list[AtRegistry]


@dataclass(frozen=True, slots=True)
class RetiredLabel:
    """A label that `grams` of a retirement had then, by the name that it had."""

    label: Label
    named: str
    grams: int
    is_whole: bool

    @property
    def name(self) -> str:
        return gettext(self.named)

    @property
    def note(self) -> str:
        return "" if self.is_whole else mass_text(self.grams)


def certificate_labels(retirement: Retirement) -> list[RetiredLabel]:
    """The labels of the retired grams when they were retired, in the order of labels."""
    kept = retirement.labels.select_related("label").order_by("label__position", "label__code")
    whole = retirement.amount_grams
    return [RetiredLabel(row.label, row.name, row.grams, row.grams == whole) for row in kept]


def certificate_lines(retirement: Retirement) -> list[CertificateLine]:
    """What the retirement cites, in the order of the serials."""
    spans = retirement.spans.select_related("block__vintage", "block__root").order_by("grams")
    items = items_of(retirement)
    lines = []
    for span in spans:
        citation = citation_of(span.block, span.grams.lower, span.grams.upper)
        parts = {citation.first} if citation.gram_from > 1 else set()
        if citation.gram_to < GRAMS_PER_TONNE:
            parts.add(citation.last)
        shared = [_fullness(span.block, serial) for serial in sorted(parts)]
        done = at_registry(span.block, span.grams.lower, span.grams.upper, items)
        lines.append(CertificateLine(citation, shared, done))
    return lines


def _fullness(block: SerialBlock, serial: int) -> Fullness:
    lower = block.base + (serial - block.start) * GRAMS_PER_TONNE
    sums = grams_by_state(lower, lower + GRAMS_PER_TONNE)
    return Fullness(serial, sums.get(Span.State.RETIRED, 0))


def corrected_at(retirement: Retirement) -> datetime | None:
    """When the beneficiary was corrected last, if ever."""
    approved = retirement.corrections.filter(decision=FourEyesModel.Decision.APPROVED)
    return approved.order_by("-pk").values_list("decided_at", flat=True).first()
