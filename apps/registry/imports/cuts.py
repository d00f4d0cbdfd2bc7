"""Blocks that a registry has cut in pieces: a newer file lists parts of what was issued whole.

A cut follows the borders of the file's rows; what no row speaks of stays as pieces of its own, so
that the pieces are always the whole block. The block itself becomes its first piece.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from apps.registry.imports.verdicts import stream
from apps.registry.models import ImportRun
from apps.registry.serials import parse

_CREATE = """
DROP TABLE IF EXISTS pg_temp.registry_pieces;
CREATE TEMPORARY TABLE registry_pieces (
    block_id bigint, whole text, first bigint, last bigint, serial text, line bigint
) ON COMMIT DROP
"""
_BLOCKS = """
SELECT b.id, b.serial, b.start, b."end", min(c.line), array_agg(c.first), array_agg(c.last)
FROM registry_compared c JOIN registry_serialblock b ON b.id = c.block_id
WHERE c.verdict = 'cut' GROUP BY b.id
"""
_PIECE = "INSERT INTO registry_pieces VALUES (%s, %s, %s, %s, %s, %s)"
_SHORTEN = """
UPDATE registry_serialblock b SET "end" = p.last, serial = p.serial
FROM registry_pieces p WHERE b.id = p.block_id AND b.start = p.first
"""
_REST = """
INSERT INTO registry_serialblock (
    series_id, vintage_id, serial, start, "end", base, state, issued_on, certifications, retired_on,
    retirement_beneficiary, retirement_reason, retirement_details, created_at)
SELECT b.series_id, b.vintage_id, p.serial, p.first, p.last,
       b.base + (p.first - b.start) * 1000000, b.state, b.issued_on,
       b.certifications, b.retired_on, b.retirement_beneficiary, b.retirement_reason,
       b.retirement_details, now()
FROM registry_pieces p JOIN registry_serialblock b ON b.id = p.block_id
WHERE p.first > b.start ORDER BY p.first
"""
_RECORD = """
INSERT INTO registry_importchange (run_id, line, subject, subject_id, name, field, before, after)
SELECT %s, p.line, 'block', n.id, p.serial, 'serial', p.whole, p.serial
FROM registry_pieces p JOIN registry_serialblock b ON b.id = p.block_id
JOIN registry_serialblock n ON n.base = b.base + (p.first - b.start) * 1000000
ORDER BY p.line, p.first
"""
# The rows now speak of a whole block each.
_MEET = """
UPDATE registry_compared c SET verdict = 'update', block_id = n.id, is_cut = true
FROM registry_serialblock b, registry_serialblock n
WHERE c.verdict = 'cut' AND b.id = c.block_id AND n.base = b.base + (c.first - b.start) * 1000000
"""


def cut(cursor: Any, run: ImportRun | None) -> None:
    """Cut the blocks of which rows with the verdict `cut` are parts; these become updates."""
    cursor.execute(_CREATE)
    for block_id, serial, start, end, line, firsts, lasts in stream(cursor, "cuts", _BLOCKS):
        pieces = _pieces(start, end, firsts, lasts)
        whole = parse(serial)
        rows = [(block_id, serial, *piece, str(whole.part(*piece)), line) for piece in pieces]
        cursor.executemany(_PIECE, rows)
    cursor.execute(_SHORTEN)
    cursor.execute(_REST)
    if run is not None:
        cursor.execute(_RECORD, (run.pk,))
    cursor.execute(_MEET)


def _pieces(start: int, end: int, firsts: list[int], lasts: list[int]) -> Iterator[tuple[int, int]]:
    """First and last number of each piece of the block `start` to `end`, in order."""
    cuts = {start, end + 1, *firsts, *(last + 1 for last in lasts)}
    for first, after in pairwise(sorted(cuts)):
        yield first, after - 1
