"""What one row says: a line that can be carried out, or everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

from apps.accounts.amounts import micro_from_text
from apps.accounts.errors import ServiceError
from apps.accounts.units import GRAMS_PER_TONNE, MASS_UNITS, grams_from_text
from apps.orderbook.bulk.columns import Header
from apps.orderbook.bulk.numbers import Numbers
from apps.orderbook.bulk.refusals import BulkRefused
from apps.registry.countries import country_code
from apps.registry.imports.cells import calendar_date, one_line
from apps.registry.imports.formats import fold
from apps.registry.imports.tables import Row
from apps.registry.models.retirement import BENEFICIARY_CHARS_MAX, MESSAGE_CHARS_MAX

TONNES_MAX: Final = 10_000_000
COST_CENTRE_CHARS_MAX: Final = 60
_NEEDED: Final = frozenset({"beneficiary"})
_UNITS: Final = {"tonnes": "t", "kilograms": "kg"}
_UNIT_NAMES: Final[Mapping[str, str]] = {
    **{unit: unit for unit in MASS_UNITS},
    "tonne": "t",
    "tonnes": "t",
    "tco2e": "t",
    "kilogram": "kg",
    "kilograms": "kg",
    "kgco2e": "kg",
    "gram": "g",
    "grams": "g",
}
_CONSTRAINTS: Final = (
    "registry", "type", "vintage_from", "project_country", "label", "rating", "max_price",
)  # fmt: skip
# Our own reports put an apostrophe before what a spreadsheet would compute.
_ESCAPED: Final = re.compile(r"^'\s*(?=[=+\-@])")
_KNOWN_MAX: Final = 4_096
T = TypeVar("T")


class Wish(NamedTuple):
    """Constraints of a line; lines with the same are one demand. As `CreditConstraints` has them.

    `price_max` is quote micro-units a tonne.
    """

    registries: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    ratings_at_least: tuple[tuple[str, str], ...] = ()
    year_from: int | None = None
    price_max: int | None = None


class BulkRow(NamedTuple):
    """A line that can be carried out."""

    line: int
    grams: int
    beneficiary: str
    message: str
    period_start: date | None
    period_end: date | None
    country: str
    cost_centre: str
    wish: Wish


class Problem(NamedTuple):
    """What is wrong in a column; in the whole line, if that is empty."""

    column: str
    code: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Vocabulary:
    """The codes that constraints may name, by folded code and name."""

    registries: Mapping[str, str]
    types: Mapping[str, str]
    labels: Mapping[str, str]
    ratings: Mapping[str, tuple[str, str]]


class Reader:
    """Reads the rows of one file."""

    def __init__(self, header: Header, vocabulary: Vocabulary) -> None:
        self._header = header
        self._vocabulary = vocabulary
        self.numbers = Numbers()
        self._wishes: dict[tuple[str, ...], Wish] = {}

    def read(self, row: Row) -> BulkRow | list[Problem]:
        """The line, or all that is wrong with it."""
        if flaw := self._flaw(row):
            return [flaw]
        cells = _Cells(row, self._header)
        grams = cells.take(self._quantity_column, lambda: self._grams(cells))
        beneficiary = cells.take(
            "beneficiary", lambda: _text(cells, "beneficiary", BENEFICIARY_CHARS_MAX)
        )
        message = cells.take("message", lambda: _text(cells, "message", MESSAGE_CHARS_MAX))
        start = cells.take("period_from", lambda: _day(cells.text("period_from")))
        end = cells.take("period_to", lambda: _day(cells.text("period_to")))
        country = cells.take("country", lambda: _country(cells.text("country")))
        cost_centre = cells.take(
            "cost_centre", lambda: _text(cells, "cost_centre", COST_CENTRE_CHARS_MAX)
        )
        wish = self._wish(cells)
        if start and end and end < start:
            cells.problems.append(Problem("period_to", "period_backwards", {}))
        if cells.problems:
            return cells.problems
        # What is not there has left a problem behind.
        assert grams
        assert wish is not None
        return BulkRow(
            row.line, grams, beneficiary or "", message or "", start, end, country or "",
            cost_centre or "", wish,
        )  # fmt: skip

    @property
    def _quantity_column(self) -> str:
        names = ("quantity", *_UNITS)
        return next(name for name in names if name in self._header.position)

    def _flaw(self, row: Row) -> Problem | None:
        if row.flaw:
            return Problem("", row.flaw, {})
        excess = row.cells[self._header.width :]
        if any(cell.strip() for cell in excess) or (
            len(row.cells) < self._header.width and not row.is_padded
        ):
            params = {"found": len(row.cells), "expected": self._header.width}
            return Problem("", "row_length", params)
        if any("\0" in cell for cell in row.cells):
            return Problem("", "row_control", {})
        return None

    def _grams(self, cells: _Cells) -> int:
        column = self._quantity_column
        unit = _UNITS.get(column) or cells.text("unit").casefold()
        if unit not in _UNIT_NAMES:
            raise BulkRefused("unit_unknown", found=unit[:20])
        text = cells.needed(column)
        try:
            grams = grams_from_text(self._number(cells, text), _UNIT_NAMES[unit])
        except ServiceError:
            raise BulkRefused("quantity_fraction") from None
        if not 0 < grams <= TONNES_MAX * GRAMS_PER_TONNE:
            raise BulkRefused("quantity_range", limit=TONNES_MAX)
        return grams

    def _number(self, cells: _Cells, text: str) -> str:
        return self.numbers.plain(text, line=cells.line, is_computed=cells.is_workbook)

    def _wish(self, cells: _Cells) -> Wish | None:
        """The constraints; the same cells are the same object. None with what is wrong kept."""
        said = cells.take("", lambda: tuple(cells.text(name) for name in _CONSTRAINTS))
        if said is None:
            return None
        if found := self._wishes.get(said):
            return found
        text = dict(zip(_CONSTRAINTS, said, strict=True))
        known, before = self._vocabulary, len(cells.problems)
        wish = Wish(
            registries=_codes(cells, "registry", text, known.registries.get),
            types=_codes(cells, "type", text, known.types.get),
            countries=_codes(cells, "project_country", text, country_code),
            labels=_codes(cells, "label", text, known.labels.get),
            ratings_at_least=_codes(cells, "rating", text, known.ratings.get),
            year_from=cells.take("vintage_from", lambda: _year(text["vintage_from"])),
            price_max=cells.take("max_price", lambda: self._price(cells, text["max_price"])),
        )
        # Amounts in doubt are counted line by line.
        if len(cells.problems) == before and wish.price_max is None:
            if len(self._wishes) >= _KNOWN_MAX:
                self._wishes.clear()
            self._wishes[said] = wish
        return wish

    def _price(self, cells: _Cells, text: str) -> int | None:
        if not text:
            return None
        try:
            price = micro_from_text(self._number(cells, text))
        except ServiceError:
            price = 0
        if not price:
            raise BulkRefused("price_range")
        return price


class _Cells:
    """The cells of one row by our names, and what is wrong with them so far."""

    def __init__(self, row: Row, header: Header) -> None:
        self.line = row.line
        self.is_workbook = row.is_padded
        self.problems: list[Problem] = []
        self._cells = row.cells
        self._position = header.position

    def text(self, name: str) -> str:
        """One line of text; empty where there is none. Raises `BulkRefused` for a formula."""
        at = self._position.get(name)
        if at is None or at >= len(self._cells):
            return ""
        text = _ESCAPED.sub("", one_line(self._cells[at]), count=1)
        if text.startswith("="):
            raise _Formula(name)
        return text

    def needed(self, name: str) -> str:
        if text := self.text(name):
            return text
        raise BulkRefused("value_missing")

    def take(self, column: str, make: Callable[[], T]) -> T | None:
        """What `make` makes of a column; its refusal is kept."""
        try:
            return make()
        except _Formula as formula:
            self.problems.append(Problem(formula.column, formula.code, {}))
        except BulkRefused as refused:
            self.problems.append(Problem(column, refused.code, refused.params))
        return None


class _Formula(BulkRefused):
    """A cell that a spreadsheet would compute."""

    def __init__(self, column: str) -> None:
        super().__init__("value_formula")
        self.column = column


def _codes(
    cells: _Cells, column: str, text: Mapping[str, str], find: Callable[[str], T | None]
) -> tuple[T, ...]:
    """The items of a cell, each as what it is called in our tables, in one order."""
    found: set[T] = set()
    for item in text[column].split(";"):
        if not item.strip():
            continue
        known = find(fold(item))
        if known is None:
            code = f"{column.removeprefix('project_')}_unknown"
            cells.problems.append(Problem(column, code, {"found": item.strip()[:60]}))
        else:
            found.add(known)
    return tuple(sorted(found, key=str))


def _text(cells: _Cells, column: str, limit_chars: int) -> str:
    text = cells.needed(column) if column in _NEEDED else cells.text(column)
    if len(text) > limit_chars:
        raise BulkRefused("value_long", found=len(text), limit=limit_chars)
    return text


def _day(text: str) -> date | None:
    """A date that can be read in one way only."""
    if not text:
        return None
    day_first, month_first = (calendar_date(text, is_day_first=first) for first in (True, False))
    if day_first is None:
        raise BulkRefused("date_invalid", found=text[:40])
    if day_first != month_first:
        raise BulkRefused("date_ambiguous", found=text[:40])
    return day_first


def _country(text: str) -> str:
    if not text:
        return ""
    if code := country_code(text):
        return code
    raise BulkRefused("country_unknown", found=text[:60])


def _year(text: str) -> int | None:
    if not text:
        return None
    if re.fullmatch(r"(19|20|21)\d\d", text, re.ASCII):
        return int(text)
    raise BulkRefused("year_invalid", found=text[:40])
