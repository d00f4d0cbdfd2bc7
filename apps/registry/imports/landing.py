"""From read rows to projects, vintages and blocks, all at once.

Every row meets what is known: it is new, or the same as before, or tells something new about a
block, or contradicts what is known and is refused. Of two rows of one file that contradict each
other the earlier one stays. Nothing here takes longer with the number of rows than it must: the
rows are staged by COPY and compared and written by a handful of statements; only rows that clash
with each other are looked at one by one. What is written is checked again by the constraints.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

from apps.registry.imports import landing_sql as sql
from apps.registry.imports import projects_sql
from apps.registry.imports.alarms import open_alarms
from apps.registry.imports.cuts import cut
from apps.registry.imports.rows import BlockRow, RefusedRow
from apps.registry.imports.staging import stage
from apps.registry.imports.verdicts import LOCK, Landed, Verdict, clashing, refuse, stream
from apps.registry.models import ImportRun
from apps.registry.refusals import RowRefused


def land(rows: Iterable[BlockRow], run: ImportRun | None = None) -> Landed:
    """Write what `rows` say. Must run inside `transaction.atomic()`, before `refused_rows`.

    What changes is recorded with `run`. Rows of no run are our own catalogue's: they add to what
    is known and replace nothing of it.
    """
    assert connection.in_atomic_block, "an import lands whole or not at all"
    merge = projects_sql.missing if run is None else projects_sql.newest
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        stage(cursor, rows)
        if run is None:
            cursor.execute(sql.KNOWN_LABELS_STAY)
        cursor.execute(sql.COMPARE)
        cursor.execute(sql.INDEX_COMPARED)
        refuse(cursor, clashing(stream(cursor, "clashes", sql.CLASHES)))
        refuse(cursor, _exceeding(stream(cursor, "excess", sql.EXCESS)))
        open_alarms(cursor, run)
        projects_sql.land(cursor, sql.IN_ORDER, merge, run)
        cut(cursor, run)
        cursor.execute(sql.TOTALS)
        if run is not None:
            for record in (sql.VINTAGE_CHANGES, sql.UPDATE_CHANGES):
                cursor.execute(record, (run.pk,))
        for statement in (sql.VINTAGES, sql.SERIES, sql.KEYS_AT_ONCE, sql.BLOCKS):
            cursor.execute(statement)
        for statement in (sql.UPDATES, sql.ENDED_WHOLE):
            cursor.execute(statement)
        cursor.execute(sql.COUNTS)
        return Landed(*cursor.fetchone())


def refused_rows() -> Iterator[RefusedRow]:
    """The rows that `land` refused, in order. In the same transaction."""
    with connection.cursor() as cursor:
        for row in stream(cursor, "refused", sql.REFUSED):
            yield _refused(*row)


def _exceeding(rows: Iterable[tuple[Any, ...]]) -> Iterator[Verdict]:
    """The rows, in the order of the file, that no longer fit the total of their vintage."""
    sums: dict[int, int] = {}
    for line, tonnes, vintage, held, total in rows:
        reached = sums.get(vintage, held) + tonnes
        if reached > total:
            yield line, "excess", None, reached, total
        else:
            sums[vintage] = reached


def _refused(line: int, verdict: str, serial: str, *known: Any) -> RefusedRow:
    first, last, other, reached, total, issued_on, issued_found, retired_on, ended_on = known
    match verdict:
        case "overlap":
            reason = RowRefused("serial_overlap", first=first, last=last, other=other)
        case "excess":
            reason = RowRefused("vintage_exceeded", sum=reached, total=total)
        case "held":
            reason = RowRefused("block_held", on=ended_on)
        case "ending":
            reason = RowRefused("ending_changed", known=retired_on, found=ended_on or "-")
        case "issuance":
            reason = RowRefused("issuance_changed", known=issued_on, found=issued_found)
        case "vintage":
            reason = RowRefused("vintage_changed", other=other)
        case "receiving":
            reason = RowRefused("block_receiving", other=other)
        case _:
            raise AssertionError(f"no sentence for the verdict {verdict}")
    return RefusedRow(line, reason.code, str(reason), serial)
