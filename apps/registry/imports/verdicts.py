"""What every landing has in common: verdicts on staged rows, kept beside them in the database.

A landing compares its staged rows with what is known into `registry_compared`: line, registry_id,
series, first, last, serial, ended_on, verdict, other, sum, total. Rows whose verdict is `new`,
`update`, `same` or `repeat` are in order, every other verdict is a refusal.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

_BATCH_ROWS = 5_000
# One import after the other: each compares with what the one before it wrote. A million rows are
# joined and sorted in memory rather than on disk.
LOCK = """
SELECT pg_advisory_xact_lock(hashtext('registry_import'));
SET LOCAL work_mem = '64MB';
"""
REFUSE = """
UPDATE registry_compared c SET verdict = r.verdict, other = r.other, sum = r.sum, total = r.total
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
    AS r (line, verdict, other, sum, total)
WHERE c.line = r.line
"""

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
    accepted_grams: int


def stream(cursor: Any, name: str, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of `query`, a batch at a time, from a cursor of that name in the database."""
    cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {query}")
    while True:
        cursor.execute(f"FETCH {_BATCH_ROWS} FROM {name}")
        if not (batch := cursor.fetchall()):
            cursor.execute(f"CLOSE {name}")
            return
        yield from batch


def refuse(cursor: Any, verdicts: Iterable[Verdict]) -> None:
    found = list(verdicts)
    for at in range(0, len(found), _BATCH_ROWS):
        columns = [list(column) for column in zip(*found[at : at + _BATCH_ROWS], strict=True)]
        cursor.execute(REFUSE, columns)


def clashing(rows: Iterable[tuple[Any, ...]]) -> Iterator[Verdict]:
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
