"""Which columns a file of a bulk order has, and where: told from its header, and never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from apps.orderbook.bulk.refusals import BulkRefused
from apps.registry.imports.formats import fold
from apps.registry.imports.tables import Row, Table

COLUMNS: Final = (
    "quantity", "unit", "tonnes", "kilograms", "beneficiary", "message", "period_from",
    "period_to", "country", "cost_centre", "registry", "type", "vintage_from", "project_country",
    "label", "rating", "max_price",
)  # fmt: skip
TEMPLATE: Final = tuple(name for name in COLUMNS if name not in ("tonnes", "kilograms"))
# What the report puts in front of what was sent.
REPORT_COLUMN: Final = "problem"
_ALIASES: Final[Mapping[str, str]] = {
    "amount": "quantity", "t": "tonnes", "tco2e": "tonnes", "tonnes co2e": "tonnes",
    "kg": "kilograms", "kgco2e": "kilograms", "kg co2e": "kilograms", "uom": "unit",
    "on behalf of": "beneficiary", "note": "message", "period start": "period_from",
    "period end": "period_to", "from": "period_from", "to": "period_to",
    "cost center": "cost_centre", "registries": "registry", "types": "type",
    "project type": "type", "vintage": "vintage_from", "labels": "label", "ratings": "rating",
    "rating at least": "rating", "max price per tonne": "max_price",
    "project countries": "project_country",
}  # fmt: skip
_QUANTITIES: Final = ("quantity", "tonnes", "kilograms")
_ABOVE_ROWS: Final = 10
# A row with so many of our columns is meant as the header.
_KNOWN_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Header:
    """Which part of the file has the lines, below which row, and where its columns stand."""

    part: str
    line: int
    position: Mapping[str, int]
    width: int
    cells: Sequence[str]


def header_of(table: Table) -> Header:
    """The header of the file. Raises `BulkRefused` for anything that is in doubt."""
    found = [
        (part, row)
        for part in table.parts
        if (row := _likeliest(list(islice(table.rows(part), _ABOVE_ROWS)))) is not None
    ]
    if not found:
        raise BulkRefused("file_header", columns="quantity, unit, beneficiary")
    if len(found) > 1:
        raise BulkRefused("file_sheets", sheets=", ".join(part for part, _row in found))
    part, row = found[0]
    return Header(part, row.line, _positions(row), len(row.cells), row.cells)


def name_of(cell: str) -> str:
    """Our name of a column by its heading; empty if we have none."""
    folded = " ".join(fold(cell).replace("_", " ").replace("-", " ").split())
    name = folded.replace(" ", "_")
    return name if name in (*COLUMNS, REPORT_COLUMN) else _ALIASES.get(folded, "")


def _likeliest(rows: Sequence[Row]) -> Row | None:
    for row in rows:
        known = {name for cell in row.cells if (name := name_of(cell))}
        if not row.flaw and len(known) >= _KNOWN_MIN and known & {*_QUANTITIES, "beneficiary"}:
            return row
    return None


def _positions(row: Row) -> dict[str, int]:
    position: dict[str, int] = {}
    for at, cell in enumerate(row.cells):
        name = name_of(cell)
        if not name and cell.strip():
            raise BulkRefused("column_unknown", found=cell[:60], columns=", ".join(COLUMNS))
        if name in position:
            raise BulkRefused("column_twice", found=cell[:60])
        if name and name != REPORT_COLUMN:
            position[name] = at
    quantities = [name for name in _QUANTITIES if name in position]
    if len(quantities) != 1 or ("quantity" in position) != ("unit" in position):
        raise BulkRefused("quantity_columns")
    if "beneficiary" not in position:
        raise BulkRefused("column_missing", column="beneficiary")
    return position
