"""Rows of a file on their way into the database: temporary tables, filled by COPY.

What a row says of its project is said by very many others too. It is staged once, in a table of
its own, and the rows name it by a number.
"""

import json
import tempfile
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import IO, Any

from apps.registry.imports.projects_sql import COLUMNS, FACTS
from apps.registry.imports.rows import BlockRow, ProjectFacts
from apps.registry.registries import REGISTRIES, registry_row

# Everything a BlockRow says, flat. The tables live as long as the transaction, or until the next
# landing in it.
_CREATE = f"""
DROP TABLE IF EXISTS pg_temp.registry_staged;
DROP TABLE IF EXISTS pg_temp.registry_staged_facts;
CREATE TEMPORARY TABLE registry_staged (
    line bigint, registry_id bigint, series text, window_tonnes bigint, first bigint, last bigint,
    serial text, project text, facts bigint, vintage_start date, vintage_end date,
    vintage_year smallint, vintage_tonnes bigint, issued_on date, certifications text[],
    ended_on date, beneficiary text, reason text, details text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE registry_staged_facts (
    facts bigint, {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())}
) ON COMMIT DROP;
"""
_BATCH_ROWS = 500
_CHUNK_CHARS = 65_536
_FACTS_KEPT_MAX = 20_000
# What COPY's text format reads otherwise than it stands.
_SPECIAL = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def stage(cursor: Any, rows: Iterable[BlockRow]) -> None:
    """COPY `rows` into the new temporary tables `registry_staged` and `registry_staged_facts`."""
    # Before COPY begins: while it runs, its connection takes no other statement.
    registry_ids = {slug: registry_row(slug).pk for slug in REGISTRIES}
    cursor.execute(_CREATE)
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        facts = _Facts(file)
        with cursor.copy("COPY registry_staged FROM STDIN") as copy:
            lines: list[str] = []
            for row in rows:
                lines.append(_line(row, registry_ids[row.serial.registry], facts))
                if len(lines) == _BATCH_ROWS:
                    copy.write("".join(lines))
                    lines.clear()
            copy.write("".join(lines))
        file.seek(0)
        with cursor.copy("COPY registry_staged_facts FROM STDIN") as copy:
            while chunk := file.read(_CHUNK_CHARS):
                copy.write(chunk)
    cursor.execute("ANALYZE registry_staged (line, registry_id, project, facts, series)")
    cursor.execute("ANALYZE registry_staged_facts (facts)")


class _Facts:
    """Numbers what rows say of projects, and puts it aside on disk until the rows are staged."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._numbers: dict[int, tuple[ProjectFacts, int]] = {}
        self._count = 0

    def number(self, facts: ProjectFacts) -> int:
        # By identity, which is far cheaper; it is kept from being another's as long as it counts.
        if (kept := self._numbers.get(id(facts))) is not None:
            return kept[1]
        if len(self._numbers) >= _FACTS_KEPT_MAX:
            self._numbers.clear()
        self._count += 1
        self._numbers[id(facts)] = facts, self._count
        values = (_text(getattr(facts, name)) for name in FACTS)
        self._file.write(f"{self._count}\t" + "\t".join(values) + "\n")
        return self._count


def _line(row: BlockRow, registry_id: int, facts: _Facts) -> str:
    """The row in COPY's text format."""
    serial, vintage, ending = row.serial, row.vintage, row.ending
    end = (
        f"{ending.on}\t{_escaped(ending.beneficiary)}\t{_escaped(ending.reason)}\t"
        f"{_escaped(ending.details)}"
        if ending
        else "\\N\t\t\t"
    )
    tonnes, issued_on = vintage.issued_tonnes, row.issued_on
    return (
        f"{row.line}\t{registry_id}\t{_escaped(serial.series)}\t{serial.numbers_below}\t"
        f"{serial.first}\t{serial.last}\t{_escaped(str(serial))}\t"
        f"{_escaped(row.project.number)}\t{facts.number(row.project)}\t"
        f"{vintage.start}\t{vintage.end}\t{vintage.year}\t"
        f"{_NULL if tonnes is None else tonnes}\t{_NULL if issued_on is None else issued_on}\t"
        f"{_array(row.certifications)}\t{end}\n"
    )


_NULL = "\\N"


def _text(value: object) -> str:
    """Any fact in COPY's text format."""
    if value is None:
        return _NULL
    if isinstance(value, tuple):
        return _array(value)
    if isinstance(value, dict):
        return _escaped(json.dumps(value))
    return str(value) if isinstance(value, date) else _escaped(str(value))


def _escaped(text: str) -> str:
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return text.translate(_SPECIAL)
    return text


@lru_cache(maxsize=4096)
def _array(items: tuple[object, ...]) -> str:
    quoted = (str(item).replace("\\", r"\\").replace('"', r"\"") for item in items)
    return _escaped("{" + ",".join(f'"{item}"' for item in quoted) + "}")
