"""How every CSV export is read: rows become typed cells, and cells what the row says.

A `CsvFormat` is one kind of file of one registry, described by its columns and by a function
from the cells of a row to what the row says. What is wrong with a row is its refusal.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from apps.registry.countries import country_code
from apps.registry.imports.cells import calendar_date, day_comes_first, listed, one_line
from apps.registry.imports.cells import whole_number as parsed_whole_number
from apps.registry.imports.rows import ReadRow, RefusedRow
from apps.registry.imports.tables import Row
from apps.registry.refusals import FileRefused, RefusedError, RowRefused

# How many rows are looked at for the order of day and month before the first is read.
_PEEK_ROWS = 1_000
_PEEK_CELLS = 1_000_000
ITEM_LIMIT_CHARS = 200
_NO_ONE_COUNTRY = frozenset(
    (
        *("", "-", "n/a", "none", "not applicable", "unknown", "other", "others", "various"),
        *("international", "global", "worldwide", "regional", "multiple", "multiple countries"),
        *("multi-country", "multicountry", "several", "eu", "european union", "africa", "asia"),
    )
)
_KNOWN_MAX = 20_000
T = TypeVar("T")


class _Known(NamedTuple):
    """What has been made of certain cells that come again and again, and how to pick these."""

    pick: Callable[[list[str]], object]
    made: dict[object, Any]


class Columns:
    """Where the columns of one file stand by folded name, and what its cells have in common.

    `known` is by the function that makes something of certain cells, and of no others.
    """

    def __init__(self, position: Mapping[str, int], width: int, is_day_first: bool) -> None:
        self.position = position
        self.width = width
        self.is_day_first = is_day_first
        self.known: dict[object, _Known] = {}

    def known_of(self, make: object, names: Iterable[str]) -> _Known:
        """A new place for what `make` makes of the columns named, where the file has them."""
        at = [self.position[name] for name in names if name in self.position]
        self.known[make] = known = _Known(itemgetter(*at) if at else lambda _cells: (), {})
        return known


class Cells:
    """The cells of one row by folded column name, each as the type it must have.

    Every method raises `RowRefused`, with the column, for what cannot be taken.
    """

    def __init__(self, row: Row, columns: Columns) -> None:
        if row.flaw:
            raise RowRefused(row.flaw)
        cells = _of_width(row, columns)
        if "\0" in "".join(cells):
            raise RowRefused("row_control")
        self.line = row.line
        self._cells = cells
        self._columns = columns
        self._position = columns.position

    def cached(self, make: Callable[["Cells"], T], *names: str) -> T:
        """What `make` makes of the columns named, and of nothing else of the row.

        Rows that repeat those cells are given the same object.
        """
        columns = self._columns
        pick, made = columns.known.get(make) or columns.known_of(make, names)
        cells = pick(self._cells)
        found: T | None = made.get(cells)
        if found is None:
            if len(made) >= _KNOWN_MAX:
                made.clear()
            found = made[cells] = make(self)
        return found

    def optional(self, column: str, *, limit_chars: int | None = None) -> str:
        """One line of text, empty where there is none or the file lacks the column."""
        at = self._position.get(column)
        text = one_line(self._cells[at]) if at is not None else ""
        if limit_chars is not None and len(text) > limit_chars:
            raise RowRefused("value_long", column=column, found=len(text), limit=limit_chars)
        return text

    def items(self, column: str) -> tuple[str, ...]:
        """The items of a list joined by semicolons."""
        items = listed(self.optional(column))
        longest = max(map(len, items), default=0)
        if longest > ITEM_LIMIT_CHARS:
            raise RowRefused("value_long", column=column, found=longest, limit=ITEM_LIMIT_CHARS)
        return items

    def text(self, column: str, *, limit_chars: int | None = None) -> str:
        if text := self.optional(column, limit_chars=limit_chars):
            return text
        raise RowRefused("value_missing", column=column)

    def date(self, column: str) -> dt.date:
        return self._date(column, self.text(column))

    def optional_date(self, column: str) -> dt.date | None:
        text = self.optional(column)
        return self._date(column, text) if text else None

    def whole_number(self, column: str) -> int:
        """A whole number, 1 or more."""
        if number := self.count(column):
            return number
        raise RowRefused("value_quantity", column=column, found=self.text(column))

    def optional_whole_number(self, column: str) -> int | None:
        """A whole number, 1 or more; None where there is none or the file lacks the column."""
        return self.whole_number(column) if self.optional(column) else None

    def count(self, column: str) -> int:
        """A whole number, 0 or more."""
        text = self.text(column)
        found = parsed_whole_number(text)
        if found is None:
            raise RowRefused("value_quantity", column=column, found=text)
        return found

    def is_yes(self, column: str) -> bool:
        """Whether the cell says yes; a file without the column does not."""
        return self.optional(column).casefold() in ("yes", "true")

    def year(self, column: str) -> int:
        if 1900 <= (year := self.count(column)) < 2200:
            return year
        raise RowRefused("value_date", column=column, found=self.text(column))

    def country(self, column: str) -> str:
        """ISO 3166-1 alpha-2; empty where the cell is, or says that there is no one country."""
        name = self.optional(column)
        if name.casefold() in _NO_ONE_COUNTRY:
            return ""
        if code := country_code(name):
            return code
        raise RowRefused("country_unknown", found=name)

    def _date(self, column: str, text: str) -> dt.date:
        if found := calendar_date(text, is_day_first=self._columns.is_day_first):
            return found
        raise RowRefused("value_date", column=column, found=text)


def _of_width(row: Row, columns: Columns) -> list[str]:
    """The cells of the row, as many as the header has."""
    excess = len(row.cells) - columns.width
    if excess < 0 and row.is_padded:
        return row.cells + [""] * -excess
    if excess > 0 and not any(cell.strip() for cell in row.cells[columns.width :]):
        return row.cells[: columns.width]
    if excess:
        raise RowRefused("row_length", found=len(row.cells), expected=columns.width)
    return row.cells


@dataclass(frozen=True, kw_only=True)
class CsvFormat:
    """One kind of file of one registry.

    `columns` are those it must have, `aliases` what some of its columns are called in other
    exports of the same registry; `dates` those that show the order of day and month, unless
    `is_day_first` is known; `says` is the type of row that `row_of` makes of the cells of one.
    """

    registry: str
    kind: str
    columns: frozenset[str]
    says: type[ReadRow]
    row_of: Callable[[Cells], ReadRow]
    dates: tuple[str, ...] = field(default=())
    is_day_first: bool | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)

    def own_names(self, position: Mapping[str, int]) -> dict[str, int]:
        """`position` by the names that this format has for the columns."""
        own = dict(position)
        for other, name in self.aliases.items():
            if other in position:
                own.setdefault(name, position[other])
        return own

    def read(
        self, rows: Iterator[Row], *, position: Mapping[str, int], width: int
    ) -> Iterator[ReadRow | RefusedRow]:
        """What each row below the header says. `position` finds columns by folded name.

        Raises `FileRefused` where the file ends in the middle of a row.
        """
        peeked = _peeked(rows)
        is_day_first = self.is_day_first
        if is_day_first is None:
            is_day_first = day_comes_first(
                row.cells[position[column]]
                for row in peeked
                for column in self.dates
                if position.get(column, width) < len(row.cells)
            )
        columns = Columns(position, width, is_day_first)
        for row in chain(peeked, rows):
            if row.is_unended and (row.flaw or len(row.cells) < width):
                raise FileRefused("file_cut", line=row.line)
            try:
                yield self.row_of(Cells(row, columns))
            except RefusedError as refused:
                text = ",".join(row.cells)
                yield RefusedRow(row.line, refused.code, str(refused), text)


def _peeked(rows: Iterator[Row]) -> list[Row]:
    """The first rows, fewer where they are very wide."""
    peeked: list[Row] = []
    cells = 0
    for row in islice(rows, _PEEK_ROWS):
        peeked.append(row)
        cells += len(row.cells)
        if cells > _PEEK_CELLS:
            break
    return peeked
