"""The file of a bulk order becomes lines and demands, or a list of what is wrong: in one pass.

Memory does not grow with the file: lines go by COPY into a table of the transaction, what is wrong
into a file on disk, and only demands, which are few, are kept until the end.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from django.db import connection

from apps.orderbook.bulk.columns import Header, header_of
from apps.orderbook.bulk.lines import BulkRow, Problem, Reader, Vocabulary, Wish
from apps.orderbook.bulk.refusals import DEMANDS_MAX, LINES_MAX, BulkRefused
from apps.orderbook.models import BulkDemand, BulkOrder
from apps.registry.imports.formats import fold, open_table
from apps.registry.imports.tables import Row, Table
from apps.registry.models import Label, ProjectType, RatingGrade, Registry

# Of the file: a file of nothing but line breaks is no order.
BREAKS_MAX: Final = 20 * LINES_MAX
_CHUNK_BYTES: Final = 1 << 20
_EVERY_ROWS: Final = 500

_STAGE: Final = """
CREATE TEMPORARY TABLE orderbook_bulk_staged (
    line bigint, grams bigint, beneficiary text, message text, period_start date, period_end date,
    country text, cost_centre text, demand integer
) ON COMMIT DROP
"""
_LAND: Final = """
INSERT INTO orderbook_bulkline (order_id, line, demand_id, grams, beneficiary, message,
    period_start, period_end, country, cost_centre)
SELECT %(order)s, s.line, d.id, s.grams, s.beneficiary, s.message, s.period_start, s.period_end,
    s.country, s.cost_centre
FROM orderbook_bulk_staged s
JOIN orderbook_bulkdemand d ON d.order_id = %(order)s AND d.number = s.demand ORDER BY s.line
"""
_COPY_REFUSALS: Final = (
    'COPY orderbook_bulkrefusal (order_id, line, "column", code, params) FROM STDIN'
)
_REFUSED: Final = "SELECT count(DISTINCT line) FROM orderbook_bulkrefusal WHERE order_id = %s"

Progress = Callable[[int, int], None]


def vocabulary() -> Vocabulary:
    """The codes and names that constraints may use by now."""
    grades = RatingGrade.objects.select_related("agency")
    return Vocabulary(
        registries=_by_words(Registry.objects.values_list("code", "name")),
        types=_by_words(ProjectType.objects.values_list("code", "name")),
        labels=_by_words(Label.objects.values_list("code", "name")),
        ratings={
            fold(f"{name}:{grade.grade}"): (grade.agency.code, grade.grade)
            for grade in grades
            for name in (grade.agency.code, grade.agency.name)
        },
    )


def bulk_file_read(*, order: BulkOrder, progress: Progress) -> dict[str, int]:
    """Writes the lines of the order's file and returns its counts, as the order has them.

    If any line is wrong none is written, but what is wrong with each. Within a transaction.
    `progress` is told the rows and bytes read so far. Raises `BulkRefused` or `FileRefused` for
    what is wrong with the file as a whole.
    """
    assert connection.in_atomic_block
    words, path = vocabulary(), Path(order.file.path)
    breaks_check(path)
    with open_table(path) as table, tempfile.TemporaryFile("w+", encoding="utf-8") as wrong:
        header = header_of(table)
        reading = _Reading(order, Reader(header, words), header, wrong)
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.orderbook_bulk_staged")
            cursor.execute(_STAGE)
            with cursor.copy("COPY orderbook_bulk_staged FROM STDIN") as copy:
                for row in reading.rows(table, progress):
                    copy.write_row(row)
            reading.reader.numbers.check()
            reading.doubt()
            return reading.land(cursor)


def file_rows(path: Path) -> tuple[Header, Iterator[Row]]:
    """The header of a file that has been read, and its rows, for the report."""

    def rows() -> Iterator[Row]:
        with open_table(path) as table:
            yield from _below(table, header_of(table))

    with open_table(path) as table:
        header = header_of(table)
    return header, rows()


def breaks_check(path: Path) -> None:
    """Raises `BulkRefused` for a text of far more lines than an order may have."""
    breaks = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            breaks += chunk.count(b"\n")
    if breaks > BREAKS_MAX:
        raise BulkRefused("lines_many", limit=LINES_MAX)


class _Reading:
    """One pass over a file."""

    def __init__(self, order: BulkOrder, reader: Reader, header: Header, wrong: IO[str]) -> None:
        self.reader = reader
        self._order = order
        self._header = header
        self._wrong = wrong
        self._demands: dict[Wish, list[int]] = {}
        self._lines = 0
        self._is_wrong = False

    def rows(self, table: Table, progress: Progress) -> Iterator[tuple[Any, ...]]:
        """What goes into the staged table. What is wrong is put aside."""
        for row in _below(table, self._header):
            self._lines += 1
            if self._lines > LINES_MAX:
                raise BulkRefused("lines_many", limit=LINES_MAX)
            if self._lines % _EVERY_ROWS == 0:
                progress(self._lines, table.bytes_read)
            said = self.reader.read(row)
            if isinstance(said, BulkRow):
                yield (*said[:-1], self._demand_of(said))
            else:
                self._put_aside(row.line, said)
        if not self._lines:
            raise BulkRefused("lines_none")

    def doubt(self) -> None:
        """Puts aside the lines with amounts that turned out to be doubtful."""
        for line in sorted(self.reader.numbers.lines_in_doubt()):
            params = {"line": self.reader.numbers.comma_line}
            self._put_aside(line, [Problem("", "number_doubtful", params)])

    def land(self, cursor: Any) -> dict[str, int]:
        """The staged lines as lines of the order, or what is wrong with its file."""
        counts = {"lines_count": self._lines, "refused_count": 0, "grams": 0}
        if self._is_wrong:
            self._wrong.seek(0)
            with cursor.copy(_COPY_REFUSALS) as copy:
                for text in self._wrong:
                    line, column, code, params = json.loads(text)
                    copy.write_row((self._order.pk, line, column, code, json.dumps(params)))
            cursor.execute(_REFUSED, [self._order.pk])
            return counts | {"refused_count": cursor.fetchone()[0]}
        BulkDemand.objects.bulk_create(self._demand_rows())
        cursor.execute(_LAND, {"order": self._order.pk})
        return counts | {"grams": sum(grams for _n, grams, _lines in self._demands.values())}

    def _demand_of(self, row: BulkRow) -> int:
        """The number of the line's demand, which grows by it."""
        demand = self._demands.get(row.wish)
        if demand is None:
            if len(self._demands) >= DEMANDS_MAX:
                raise BulkRefused("demands_many", limit=DEMANDS_MAX)
            demand = self._demands[row.wish] = [len(self._demands) + 1, 0, 0]
        demand[1] += row.grams
        demand[2] += 1
        return demand[0]

    def _demand_rows(self) -> Iterator[BulkDemand]:
        for wish, (number, grams, lines_count) in self._demands.items():
            constraints = {
                name: value
                for name, value in wish._asdict().items()
                if value and name != "price_max"
            }
            yield BulkDemand(
                order=self._order,
                number=number,
                constraints=constraints,
                price_max=wish.price_max,
                grams=grams,
                lines_count=lines_count,
            )

    def _put_aside(self, line: int, problems: list[Problem]) -> None:
        self._is_wrong = True
        for problem in problems:
            self._wrong.write(json.dumps([line, *problem]) + "\n")


def _below(table: Table, header: Header) -> Iterator[Row]:
    return (row for row in table.rows(header.part) if row.line > header.line)


def _by_words(rows: Any) -> dict[str, str]:
    """Codes by folded code and folded name; where these clash, codes win."""
    pairs = list(rows)
    return {fold(name): code for code, name in pairs} | {fold(code): code for code, _ in pairs}
