"""Points for quotes, so that an asker sees at a glance which is how good. Pure, in integers.

All are basis points. The total is half price, three tenths coverage, one tenth certainty and one
tenth quality:

- price: the cheapest average of all, with fees, divided by this one's;
- coverage: of the grams that were asked for, those that it fills;
- certainty: how long it stands after the deadline, up to a day; books stand for no time;
- quality: of the grams that it fills a third each for removals, for classes with a label, and for
  rated classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from apps.orderbook.engine.book.money import BPS

PRICE_PARTS, COVERAGE_PARTS, CERTAINTY_PARTS, QUALITY_PARTS = 5, 3, 1, 1
PARTS: Final = PRICE_PARTS + COVERAGE_PARTS + CERTAINTY_PARTS + QUALITY_PARTS
CERTAIN_S: Final = 86_400


class Served(NamedTuple):
    """What one quote, or the books, would do alone: `filled` of lines and `bought` grams for
    `cost` with fees, the grams of removals, labelled and rated ones among them, and for how many
    seconds it stands."""

    filled: int
    bought: int
    cost: int
    removals: int
    labelled: int
    rated: int
    stands_s: int


class Points(NamedTuple):
    """Basis points each."""

    price: int
    coverage: int
    certainty: int
    quality: int

    @property
    def total(self) -> int:
        return (
            PRICE_PARTS * self.price
            + COVERAGE_PARTS * self.coverage
            + CERTAINTY_PARTS * self.certainty
            + QUALITY_PARTS * self.quality
        ) // PARTS


def points_of(served: Sequence[Served], *, asked: int) -> list[Points]:
    """The points of each, where `asked` grams were asked for. What fills nothing has none."""
    serving = [one for one in served if one.filled]
    # Averages a/b and c/d are compared as a*d and c*b: nothing is rounded before the end.
    cheapest = min(serving, key=_Average, default=None)
    return [
        Points(
            price=BPS * cheapest.cost * one.bought // (cheapest.bought * one.cost),
            coverage=BPS * one.filled // asked,
            certainty=BPS * min(one.stands_s, CERTAIN_S) // CERTAIN_S,
            quality=BPS * (one.removals + one.labelled + one.rated) // (3 * one.bought),
        )
        if one.filled and cheapest
        else Points(0, 0, 0, 0)
        for one in served
    ]


class _Average:
    """The average price of what was bought, to be compared without rounding."""

    def __init__(self, served: Served) -> None:
        self._cost, self._bought = served.cost, served.bought

    def __lt__(self, other: _Average) -> bool:
        return self._cost * other._bought < other._cost * self._bought
