"""Verra's transactions export: every block of VCUs that is issued, and which were retired.

One row is one block, 17 columns, found by name in any order. A block that was partly retired
appears as several rows, one for each part, so that rows never overlap. `Total Vintage Quantity`
is what was issued in all for one project and monitoring period: it is the same in all of their
rows, and their quantities never exceed it in sum. A row with a date in `Retirement/Cancellation
Date` is gone for good; Verra does not say which of the two it was.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain, islice

from apps.registry.countries import country_code
from apps.registry.imports.cells import calendar_date, day_comes_first, listed, one_line
from apps.registry.imports.cells import whole_number as parsed_whole_number
from apps.registry.imports.rows import BlockRow, Ending, ProjectFacts, RefusedRow, VintageFacts
from apps.registry.imports.tables import Row
from apps.registry.refusals import RefusedError, RowRefused
from apps.registry.serials import verra

_DATES = ("issuance date", "vintage start", "vintage end")
_ENDED_ON = "retirement/cancellation date"
# How many rows are looked at for the order of day and month before the first is read.
_PEEK_ROWS = 1_000
# What the columns of the database hold; of a list, each item.
_LIMITS_CHARS = {"name": 400, "project type": 200, "retirement reason": 200}
_ITEM_LIMIT_CHARS = 200


class VerraTransactions:
    """See the module's text."""

    registry = verra.REGISTRY
    kind = "transactions"
    columns = frozenset(
        {
            *_DATES,
            "id",
            "name",
            "country/area",
            "project type",
            "methodology",
            "total vintage quantity",
            "quantity issued",
            "serial number",
            _ENDED_ON,
        }
    )

    def read(
        self, rows: Iterator[Row], *, position: Mapping[str, int], width: int
    ) -> Iterator[BlockRow | RefusedRow]:
        peeked = list(islice(rows, _PEEK_ROWS))
        is_day_first = day_comes_first(
            row.cells[position[column]]
            for row in peeked
            if len(row.cells) == width
            for column in (*_DATES, _ENDED_ON)
        )
        for row in chain(peeked, rows):
            try:
                yield _block_row(_Cells(row, position, width, is_day_first))
            except RefusedError as refused:
                text = ",".join(row.cells)
                yield RefusedRow(row.line, refused.code, str(refused), text)


class _Cells:
    """The cells of one row by column name, each as the type it must have."""

    def __init__(
        self, row: Row, position: Mapping[str, int], width: int, is_day_first: bool
    ) -> None:
        if row.is_broken:
            raise RowRefused("row_quote")
        if len(row.cells) != width:
            raise RowRefused("row_length", found=len(row.cells), expected=width)
        if any("\0" in cell for cell in row.cells):
            raise RowRefused("row_control")
        self.line = row.line
        self._cells = row.cells
        self._position = position
        self._is_day_first = is_day_first

    def optional(self, column: str) -> str:
        at = self._position.get(column)
        text = one_line(self._cells[at]) if at is not None else ""
        limit = _LIMITS_CHARS.get(column)
        if limit is not None and len(text) > limit:
            raise RowRefused("value_long", column=column, found=len(text), limit=limit)
        return text

    def items(self, column: str) -> tuple[str, ...]:
        items = listed(self.optional(column))
        longest = max(map(len, items), default=0)
        if longest > _ITEM_LIMIT_CHARS:
            raise RowRefused("value_long", column=column, found=longest, limit=_ITEM_LIMIT_CHARS)
        return items

    def text(self, column: str) -> str:
        if text := self.optional(column):
            return text
        raise RowRefused("value_missing", column=column)

    def date(self, column: str) -> date:
        text = self.text(column)
        if found := calendar_date(text, is_day_first=self._is_day_first):
            return found
        raise RowRefused("value_date", column=column, found=text)

    def whole_number(self, column: str) -> int:
        text = self.text(column)
        if (found := parsed_whole_number(text)) and found > 0:
            return found
        raise RowRefused("value_quantity", column=column, found=text)


def _block_row(cells: _Cells) -> BlockRow:
    serial = verra.parse(cells.text("serial number"))
    row = BlockRow(
        line=cells.line,
        serial=serial,
        project=_project(cells),
        vintage=VintageFacts(
            start=cells.date("vintage start"),
            end=cells.date("vintage end"),
            year=serial.vintage_year,
            issued_tonnes=cells.whole_number("total vintage quantity"),
        ),
        issued_on=cells.date("issuance date"),
        certifications=cells.items("additional certifications"),
        ending=_ending(cells),
    )
    _check_agreement(row, serial, quantity=cells.whole_number("quantity issued"))
    return row


def _project(cells: _Cells) -> ProjectFacts:
    number = cells.whole_number("id")
    name, country = cells.text("name"), cells.text("country/area")
    code = country_code(country)
    if code is None:
        raise RowRefused("country_unknown", found=country)
    return ProjectFacts(
        number=str(number),
        name=name,
        country=code,
        project_type=cells.optional("project type"),
        methodologies=cells.items("methodology"),
    )


def _ending(cells: _Cells) -> Ending | None:
    if not cells.optional(_ENDED_ON):
        return None
    return Ending(
        on=cells.date(_ENDED_ON),
        beneficiary=cells.optional("retirement beneficiary"),
        reason=cells.optional("retirement reason"),
        details=cells.optional("retirement details"),
    )


def _check_agreement(row: BlockRow, serial: verra.VerraSerial, *, quantity: int) -> None:
    """The serial number repeats what the other columns say; where they differ, nothing is sure."""
    if quantity != serial.quantity:
        raise RowRefused("quantity_mismatch", quantity=quantity, serials=serial.quantity)
    if row.project.number != serial.project:
        raise RowRefused("project_mismatch", found=row.project.number, expected=serial.project)
    vintage = row.vintage
    if (vintage.start, vintage.end) != (serial.vintage_start, serial.vintage_end):
        raise RowRefused(
            "vintage_mismatch",
            found=f"{vintage.start}..{vintage.end}",
            expected=f"{serial.vintage_start}..{serial.vintage_end}",
        )
