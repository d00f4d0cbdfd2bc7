"""From read rows to projects, vintages and blocks, all at once.

Every row meets what is known: it is new, or the same as before, or tells something new about a
block, or contradicts what is known and is refused. Of two rows of one file that contradict each
other the earlier one stays. Nothing here takes longer with the number of rows than it must: the
rows are staged by COPY and compared and written by a handful of statements; only rows that clash
with each other are looked at one by one. What is written is checked again by the constraints.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from apps.registry.imports import landing_sql as sql
from apps.registry.imports.rows import BlockRow, RefusedRow
from apps.registry.imports.staging import stage
from apps.registry.refusals import RowRefused

_BATCH_ROWS = 5_000
# One import after the other: each compares with what the one before it wrote.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('registry_import'))"

Verdict = tuple[int, str, str | None, int | None, int | None]


class _Run(NamedTuple):
    first: int
    last: int
    serial: str
    ended_on: date | None

    def start(self) -> int:
        return self.first


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of the rows that could be read."""

    accepted: int
    unchanged: int
    accepted_tonnes: int


def land(rows: Iterable[BlockRow]) -> Landed:
    """Write what `rows` say. Must run inside `transaction.atomic()`, before `refused_rows`."""
    assert connection.in_atomic_block, "an import lands whole or not at all"
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        stage(cursor, rows)
        cursor.execute(sql.COMPARE)
        cursor.execute(sql.INDEX_COMPARED)
        _refuse(cursor, _clashing(_stream(cursor, "clashes", sql.CLASHES)))
        _refuse(cursor, _exceeding(_stream(cursor, "excess", sql.EXCESS)))
        for statement in (sql.PROJECTS, sql.VINTAGES, sql.SERIES, sql.BLOCKS, sql.UPDATES):
            cursor.execute(statement)
        cursor.execute(sql.COUNTS)
        return Landed(*cursor.fetchone())


def refused_rows() -> Iterator[RefusedRow]:
    """The rows that `land` refused, in order. In the same transaction."""
    with connection.cursor() as cursor:
        for row in _stream(cursor, "refused", sql.REFUSED):
            yield _refused(*row)


def _stream(cursor: Any, name: str, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of `query`, a batch at a time, from a cursor of that name in the database."""
    cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {query}")
    while True:
        cursor.execute(f"FETCH {_BATCH_ROWS} FROM {name}")
        if not (batch := cursor.fetchall()):
            cursor.execute(f"CLOSE {name}")
            return
        yield from batch


def _refuse(cursor: Any, verdicts: Iterable[Verdict]) -> None:
    found = list(verdicts)
    for at in range(0, len(found), _BATCH_ROWS):
        columns = [list(column) for column in zip(*found[at : at + _BATCH_ROWS], strict=True)]
        cursor.execute(sql.REFUSE, columns)


def _clashing(rows: Iterable[tuple[Any, ...]]) -> Iterator[Verdict]:
    """Of rows that overlap each other, in the order of the file, all that come too late."""
    kept: defaultdict[tuple[int, str], list[_Run]] = defaultdict(list)
    for line, registry_id, series, *rest in rows:
        run = _Run(*rest)
        runs = kept[registry_id, series]
        # Kept runs are disjoint: only the last that starts within this one's reach can meet it.
        at = bisect_right(runs, run.last, key=_Run.start)
        before = runs[at - 1] if at else None
        if before is None or before.last < run.first:
            runs.insert(at, run)
        elif before == run:
            yield line, "repeat", None, None, None
        else:
            yield line, "overlap", before.serial, None, None


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
        case _:
            raise AssertionError(f"no sentence for the verdict {verdict}")
    return RefusedRow(line, reason.code, str(reason), serial)
