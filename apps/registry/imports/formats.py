"""Which export of which registry a file is, told from its header."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from apps.registry.imports.acr import ACR_FORMATS
from apps.registry.imports.arb import ARB_ISSUANCES
from apps.registry.imports.art import ART_FORMATS
from apps.registry.imports.car import CAR_FORMATS
from apps.registry.imports.cells import one_line
from apps.registry.imports.cercarbono import CERCARBONO_FORMATS
from apps.registry.imports.files import is_workbook, size_of
from apps.registry.imports.gold_standard import GOLD_STANDARD_FORMATS
from apps.registry.imports.isometric import ISOMETRIC_FORMATS
from apps.registry.imports.reading import CsvFormat
from apps.registry.imports.rows import ReadRow, RefusedRow
from apps.registry.imports.tables import Row, Table
from apps.registry.imports.texts import TextTable
from apps.registry.imports.verra_others import VERRA_HOLDINGS, VERRA_PROJECTS
from apps.registry.imports.verra_transactions import VERRA_TRANSACTIONS
from apps.registry.imports.workbooks import Workbook
from apps.registry.refusals import FileRefused

FORMATS: tuple[CsvFormat, ...] = (
    VERRA_TRANSACTIONS,
    VERRA_PROJECTS,
    VERRA_HOLDINGS,
    *GOLD_STANDARD_FORMATS,
    *ACR_FORMATS,
    *CAR_FORMATS,
    *ART_FORMATS,
    *CERCARBONO_FORMATS,
    *ISOMETRIC_FORMATS,
    ARB_ISSUANCES,
)


# A title, a date of the report or a separator may stand above the header.
_ABOVE_ROWS = 10
COLUMNS_MAX = 1_000
# A header that has this much of a format's columns is meant as one.
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Detected:
    """A file whose format is known: what it is, which part, and where its columns stand.

    `line` is that of the header.
    """

    format: CsvFormat
    part: str
    line: int
    position: Mapping[str, int]
    width: int


def open_table(path: Path) -> Table:
    """The file at `path`. Raises `FileRefused` (missing, too large, empty, not text)."""
    size_bytes = size_of(path)
    return Workbook(path, size_bytes) if is_workbook(path) else TextTable(path, size_bytes)


def fold(header_cell: str) -> str:
    """A header cell without regard to case, spaces and a stray byte-order mark."""
    return one_line(header_cell.strip("\ufeff")).casefold()


def detect(table: Table, *, registry: str | None = None) -> Detected:
    """What kind of file `table` is. Raises `FileRefused` if no format's columns are all there.

    `registry` is what the caller says it is; a header of another registry is refused.
    """
    tops = {part: _top(table, part) for part in table.parts}
    found = [match for part, rows in tops.items() if (match := _matching(part, rows))]
    if not found:
        raise _unknown([row for rows in tops.values() for row in rows])
    if len(found) > 1:
        raise FileRefused("file_sheets", sheets=", ".join(match.part for match in found))
    if registry not in (None, found[0].format.registry):
        raise FileRefused("file_registry", found=found[0].format.registry, expected=registry)
    return found[0]


def read_rows(table: Table, found: Detected) -> Iterator[ReadRow | RefusedRow]:
    """Every row below the header of `table`, in order, as what it says or why it is refused."""
    rows = (row for row in table.rows(found.part) if row.line > found.line)
    yield from found.format.read(rows, position=found.position, width=found.width)


def read(path: Path, *, registry: str | None = None) -> Iterator[ReadRow | RefusedRow]:
    """Every row of the export at `path`. Raises `FileRefused` as opening and `detect` do."""
    with open_table(path) as table:
        yield from read_rows(table, detect(table, registry=registry))


def _top(table: Table, part: str) -> list[Row]:
    """The rows among which the header has to be."""
    return [row for row in islice(table.rows(part), _ABOVE_ROWS) if not row.flaw]


def _matching(part: str, rows: Sequence[Row]) -> Detected | None:
    for row in rows:
        folded = [fold(cell) for cell in row.cells]
        position = {name: at for at, name in reversed(list(enumerate(folded)))}
        # A format's own names come before what others may call its columns.
        exact = [(format_, position) for format_ in FORMATS]
        aliased = [(format_, format_.own_names(position)) for format_ in FORMATS]
        for format_, own in (*exact, *aliased):
            if format_.columns <= own.keys():
                if len(folded) > COLUMNS_MAX:
                    raise FileRefused("file_wide", found=len(folded), limit=COLUMNS_MAX)
                return Detected(format_, part, row.line, format_.own_names(position), len(folded))
    return None


def _unknown(rows: Sequence[Row]) -> FileRefused:
    """Why no row is a header: what the likeliest one lacks, or what we read at all."""
    likeness, missing, meant = _ALIKE, frozenset[str](), None
    for row in rows:
        names = {fold(cell): at for at, cell in enumerate(row.cells)}
        for format_ in FORMATS:
            lacking = format_.columns - format_.own_names(names).keys()
            share = 1 - len(lacking) / len(format_.columns)
            if share > likeness:
                likeness, missing, meant = share, lacking, format_
    if meant is not None:
        columns = ", ".join(f"“{name}”" for name in sorted(missing))
        return FileRefused(
            "file_columns", registry=meant.registry, kind=meant.kind, columns=columns
        )
    known = ", ".join(f"{format_.registry} {format_.kind}" for format_ in FORMATS)
    return FileRefused("file_header", known=known)
