"""From issuances without serials, retirements and cancellations to entries, all at once.

As in `landing`, rows are staged by COPY, compared with what is known and written by a handful of
statements. A row that has been read before changes nothing; one that says something new of a known
entry updates it; one that contradicts what is known is refused. What the rows say of their
projects only fills what is not known: a registry's list of projects knows better.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

from apps.registry.imports import entries_sql as sql
from apps.registry.imports import projects_sql
from apps.registry.imports.alarms import open_alarms
from apps.registry.imports.landing_projects import facts_of
from apps.registry.imports.landing_sql import CLASHES, INDEX_COMPARED
from apps.registry.imports.rows import EntryRow, RefusedRow
from apps.registry.imports.verdicts import LOCK, Landed, clashing, refuse, stream
from apps.registry.models import ImportRun
from apps.registry.refusals import RowRefused
from apps.registry.registries import REGISTRIES, registry_row


def land(rows: Iterable[EntryRow], run: ImportRun | None = None) -> Landed:
    """Write what `rows` say. Must run inside `transaction.atomic()`, before `refused_rows`.

    What changes is recorded with `run`, if there is one.
    """
    assert connection.in_atomic_block, "an import lands whole or not at all"
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        _stage(cursor, rows)
        cursor.execute(sql.REFERENCES)
        cursor.execute(sql.COMPARE)
        cursor.execute(INDEX_COMPARED)
        refuse(cursor, clashing(stream(cursor, "clashes", CLASHES)))
        open_alarms(cursor, run)
        projects_sql.land(cursor, sql.IN_ORDER, projects_sql.missing, run)
        if run is not None:
            cursor.execute(sql.UPDATE_CHANGES, (run.pk,))
        for statement in (sql.SERIES, sql.ENTRIES, sql.UPDATES, sql.ENDED_WHOLE):
            cursor.execute(statement)
        cursor.execute(sql.COUNTS)
        return Landed(*cursor.fetchone())


def refused_rows() -> Iterator[RefusedRow]:
    """The rows that `land` refused, in order. In the same transaction."""
    with connection.cursor() as cursor:
        for line, verdict, reference, first, last, other, on in stream(
            cursor, "refused", sql.REFUSED
        ):
            match verdict:
                case "overlap":
                    reason = RowRefused("ending_overlap", first=first, last=last, other=other)
                case "held":
                    reason = RowRefused("block_held", on=on or "-")
                case "twice":
                    reason = RowRefused("entry_twice", found=reference)
                case _:
                    raise AssertionError(f"no sentence for the verdict {verdict}")
            yield RefusedRow(line, reason.code, str(reason), reference)


def _stage(cursor: Any, rows: Iterable[EntryRow]) -> None:
    # Before COPY begins: while it runs, its connection takes no other statement.
    registry_ids = {slug: registry_row(slug).pk for slug in REGISTRIES}
    cursor.execute(sql.CREATE)
    with cursor.copy(sql.COPY) as copy:
        for row in rows:
            copy.write_row(_flat(row, registry_ids[row.registry]))
    cursor.execute("ANALYZE registry_staged_entries")


def _flat(row: EntryRow, registry_id: int) -> tuple[object, ...]:
    serial = row.serial
    return (
        *(row.line, registry_id, row.project.number, *facts_of(row.project)),
        *(row.kind, row.reference, row.is_reference_own),
        serial.series if serial else None,
        serial.numbers_below if serial else None,
        serial.first if serial else None,
        serial.last if serial else None,
        str(serial) if serial else None,
        *(row.grams, row.year, row.period_start, row.period_end, row.on),
        *(row.beneficiary, row.reason, row.details, list(row.labels), row.buffer_grams),
    )
