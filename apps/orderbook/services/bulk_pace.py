"""How much of a plan is due by when: at once, or in equal parts over time.

The parts of an order have the same length, and the first begins with the order. By the end of a
part as much of it should be bought in each market: what one part could not get, the next ones ask
for again. When the last part has asked for the rest, the order is over. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from apps.orderbook.models import BulkExecution

OVER_S_MIN: Final = 3_600
OVER_S_MAX: Final = 7 * 86_400
PART_S: Final = 900
PARTS_MIN: Final = 4
PARTS_MAX: Final = 96


class Pace(NamedTuple):
    """The part that runs: its number from 1, how many there are, and since when it runs."""

    part: int
    parts: int
    since: datetime

    @property
    def is_last(self) -> bool:
        return self.part == self.parts

    def due(self, size: int, increment: int) -> int:
        """What of `size` is due in this part, in whole increments; all of it in the last."""
        if self.is_last:
            return size
        due = size * self.part // self.parts
        return due - due % increment


def parts_of(over_s: int) -> int:
    """How many parts there are of so many seconds."""
    return min(PARTS_MAX, max(PARTS_MIN, over_s // PART_S)) if over_s else 1


def pace_of(execution: BulkExecution, now: datetime) -> Pace:
    """Where a started execution should be at that time."""
    assert execution.started_at is not None
    parts = parts_of(execution.over_s)
    if parts == 1:
        return Pace(1, 1, execution.started_at)
    length = timedelta(seconds=execution.over_s) / parts
    gone = min(parts - 1, max(0, (now - execution.started_at) // length))
    return Pace(gone + 1, parts, execution.started_at + gone * length)
