"""How far the registries are with what was retired here. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from apps.registry.models import RegistryRetirement, Retirement, SerialBlock, Span
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.selectors import blocks_reached, citation_of, grams_by_state

State = RegistryRetirement.State


@dataclass(frozen=True, slots=True)
class AtRegistry:
    """Where the registry stands with the serials `first` to `last` that a certificate cites.

    `percent` is how full a tonne that waits is, rounded down, and 100 for all others.
    """

    state: str
    first: int
    last: int
    percent: int
    reference: str = ""
    retired_on: date | None = None

    @property
    def is_one(self) -> bool:
        return self.first == self.last


def items_of(retirement: Retirement) -> list[RegistryRetirement]:
    """The items of the work list that some of a retirement's grams are in, by address."""
    return list(
        RegistryRetirement.objects.raw(
            "SELECT DISTINCT i.* FROM registry_span s"
            " JOIN registry_registryretirement i ON i.grams && s.grams"
            " WHERE s.retirement_id = %s ORDER BY i.grams",
            [retirement.pk],
        )
    )


def at_registry(
    block: SerialBlock, lower: int, upper: int, items: list[RegistryRetirement]
) -> list[AtRegistry]:
    """What the registry did of the grams `[lower, upper)` of a block, by runs of serials."""
    found = []
    for item in items:
        start, end = max(lower, item.grams.lower), min(upper, item.grams.upper)
        if start >= end:
            continue
        first = block.start + (start - block.base) // GRAMS_PER_TONNE
        last = block.start + (end - 1 - block.base) // GRAMS_PER_TONNE
        is_confirmed = item.state == State.CONFIRMED
        confirmation = item.confirmation if is_confirmed else None
        found.append(
            AtRegistry(
                state=item.state,
                first=first,
                last=last,
                percent=fill_percent(item) if item.state == State.FILLING else 100,
                reference=confirmation.registry_reference if confirmation else "",
                retired_on=confirmation.retired_on if confirmation else None,
            )
        )
    return found


def fill_percent(item: RegistryRetirement) -> int:
    """How much of an item is retired here, in hundredths rounded down."""
    size = item.grams.upper - item.grams.lower
    retired = grams_by_state(item.grams.lower, item.grams.upper).get(Span.State.RETIRED, 0)
    return int(retired * 100 // size)


def serials_of_item(item: RegistryRetirement) -> dict[str, int]:
    """The serials of an item as the registry spells them, with their tonnes; one a block."""
    blocks = blocks_reached(item.grams, SerialBlock.objects.all())
    citations = [
        citation_of(
            block,
            max(item.grams.lower, block.base),
            min(item.grams.upper, block.base + block.grams),
        )
        for block in blocks.select_related("root").order_by("base")
    ]
    return {citation.serial: citation.grams // GRAMS_PER_TONNE for citation in citations}


def items_overdue() -> QuerySet[RegistryRetirement]:
    """Items that have waited longer than they may, whatever for."""
    before = timezone.now() - timedelta(days=settings.REGISTRY_WAIT_DAYS_MAX)
    open_items = RegistryRetirement.objects.exclude(state=State.CONFIRMED)
    return open_items.filter(created_at__lt=before)
