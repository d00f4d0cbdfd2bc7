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
from apps.registry.imports.gold_standard import GOLD_STANDARD_FORMATS
from apps.registry.imports.isometric import ISOMETRIC_FORMATS
from apps.registry.imports.reading import CsvFormat
from apps.registry.imports.rows import ReadRow, RefusedRow
from apps.registry.imports.tables import DELIMITERS, Table
from apps.registry.imports.verra_others import VERRA_HOLDINGS, VERRA_PROJECTS
from apps.registry.imports.verra_transactions import VERRA_TRANSACTIONS
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


@dataclass(frozen=True, slots=True)
class Detected:
    """A file whose format is known: what it is and where its columns stand."""

    format: CsvFormat
    delimiter: str
    position: Mapping[str, int]
    width: int


def fold(header_cell: str) -> str:
    """A header cell without regard to case, spaces and a stray byte-order mark."""
    return one_line(header_cell.strip("\ufeff")).casefold()


def detect(table: Table, *, registry: str | None = None) -> Detected:
    """What kind of file `table` is. Raises `FileRefused` if no format's columns are all there.

    `registry` is what the caller says it is; a header of another registry is refused.
    """
    for delimiter in DELIMITERS:
        header = next(islice(table.rows(delimiter), 1), None)
        found = _matching(header.cells if header else [], delimiter)
        if found is None:
            continue
        if registry not in (None, found.format.registry):
            raise FileRefused("file_registry", found=found.format.registry, expected=registry)
        return found
    known = ", ".join(f"{format_.registry} {format_.kind}" for format_ in FORMATS)
    raise FileRefused("file_header", known=known)


def read_rows(table: Table, found: Detected) -> Iterator[ReadRow | RefusedRow]:
    """Every row below the header of `table`, in order, as what it says or why it is refused."""
    rows = islice(table.rows(found.delimiter), 1, None)
    yield from found.format.read(rows, position=found.position, width=found.width)


def read(path: Path, *, registry: str | None = None) -> Iterator[ReadRow | RefusedRow]:
    """Every row of the export at `path`. Raises `FileRefused` as `Table` and `detect` do."""
    with Table(path) as table:
        yield from read_rows(table, detect(table, registry=registry))


def _matching(header: Sequence[str], delimiter: str) -> Detected | None:
    folded = [fold(cell) for cell in header]
    position = {name: at for at, name in reversed(list(enumerate(folded)))}
    for format_ in FORMATS:
        if format_.columns <= position.keys():
            return Detected(format_, delimiter, position, len(folded))
    return None
