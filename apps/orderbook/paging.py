"""Pages of long lists, latest first, by cursors that stay true while new rows arrive.

A cursor is a number within a market (a trade id), or for a list across markets the number that
each of them was read down to. `after` asks for what is older than a cursor, `before` for newer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from django.db.models import Model
from django.utils.translation import gettext as _

from apps.accounts.errors import ServiceError
from apps.orderbook.ids import NUMBER_MAX, PRODUCT_MAX, id_number, id_product

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 1_000
_POSITION: Final = re.compile(r"([0-9]{1,7})-([0-9]{1,13})", re.ASCII)


Row = TypeVar("Row", bound=Model)


class InvalidCursor(ServiceError):
    """Not a cursor that we gave out."""

    code = "invalid_cursor"


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of one market's list is wanted."""

    after: int | None = None
    before: int | None = None
    limit: int = LIMIT_DEFAULT


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, latest first, and the cursors to go on from: None when there is nothing on the page."""

    rows: Sequence[Row]
    before: str | None
    after: str | None

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Page[Row]:
        """A page of one market."""
        if not rows:
            return cls(rows, None, None)
        return cls(rows, str(id_number(rows[0].pk)), str(id_number(rows[-1].pk)))


@dataclass(frozen=True, slots=True)
class Positions:
    """A cursor across markets: by product, the number of the row that it stands at."""

    numbers: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Positions:
        """Raises InvalidCursor."""
        numbers = {}
        for part in text.split("."):
            match = _POSITION.fullmatch(part)
            product, number = map(int, match.groups()) if match else (0, 0)
            if not (0 < product <= PRODUCT_MAX and 0 < number <= NUMBER_MAX):
                raise InvalidCursor(_("Use a cursor as the CB-AFTER or CB-BEFORE header gave it."))
            numbers[product] = number
        return cls(numbers)

    def __str__(self) -> str:
        return ".".join(f"{product}-{number}" for product, number in sorted(self.numbers.items()))

    def moved(self, rows: Iterable[Model], *, to_newest: bool) -> Positions:
        """Where the cursor stands once these rows, latest first, have been read."""
        numbers = dict(self.numbers)
        ordered = reversed(list(rows)) if to_newest else rows
        for row in ordered:
            numbers[id_product(row.pk)] = id_number(row.pk)
        return Positions(numbers)
