"""Rows of a file on their way into the database: a temporary table, filled by COPY."""

from collections.abc import Iterable
from typing import Any

from apps.registry.imports.rows import BlockRow
from apps.registry.registries import REGISTRIES, registry_row

# Everything a BlockRow says, flat. The table lives as long as the transaction, or until the next
# landing in it.
CREATE = """
DROP TABLE IF EXISTS pg_temp.registry_staged;
CREATE TEMPORARY TABLE registry_staged (
    line bigint, registry_id bigint, series text, window_tonnes bigint, first bigint, last bigint,
    serial text, project text, name text, country text, project_type text, methodologies text[],
    proponent text, status text, kind text, description text, vintage_start date, vintage_end date,
    vintage_year smallint, vintage_tonnes bigint, issued_on date, certifications text[],
    ended_on date, beneficiary text, reason text, details text
) ON COMMIT DROP
"""
COPY = "COPY registry_staged FROM STDIN"


def stage(cursor: Any, rows: Iterable[BlockRow]) -> int:
    """COPY `rows` into the new temporary table `registry_staged`; how many they were."""
    # Before COPY begins: while it runs, its connection takes no other statement.
    registry_ids = {slug: registry_row(slug).pk for slug in REGISTRIES}
    count = 0
    cursor.execute(CREATE)
    with cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(_flat(row, registry_ids[row.serial.registry]))
            count += 1
    cursor.execute("ANALYZE registry_staged")
    return count


def _flat(row: BlockRow, registry_id: int) -> tuple[object, ...]:
    serial, project, vintage, ending = row.serial, row.project, row.vintage, row.ending
    return (
        row.line,
        registry_id,
        serial.series,
        serial.numbers_below,
        serial.first,
        serial.last,
        str(serial),
        project.number,
        project.name,
        project.country,
        project.project_type,
        list(project.methodologies),
        project.proponent,
        project.status,
        project.kind,
        project.description,
        vintage.start,
        vintage.end,
        vintage.year,
        vintage.issued_tonnes,
        row.issued_on,
        list(row.certifications),
        ending.on if ending else None,
        ending.beneficiary if ending else "",
        ending.reason if ending else "",
        ending.details if ending else "",
    )
