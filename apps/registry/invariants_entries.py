"""What must always be true of what registries reported, recomputed from its rows.

As in `invariants.py`: one line for each thing that is broken, nothing when all is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection

QUANTITIES = """
SELECT e.reference, e.quantity_grams, upper(e.grams) - lower(e.grams)
FROM registry_registryentry e
WHERE e.grams IS NOT NULL AND upper(e.grams) - lower(e.grams) <> e.quantity_grams ORDER BY e.id
"""
OUTSIDE_SERIES = """
SELECT e.reference FROM registry_registryentry e JOIN registry_serialseries s ON s.id = e.series_id
WHERE s.registry_id <> e.registry_id OR NOT e.grams <@ int8range(
    s.first_gram, s.first_gram + s.window_tonnes * 1000000) ORDER BY e.id
"""
IN_CUSTODY = """
SELECT e.reference, b.serial FROM registry_serialblock b
JOIN registry_registryentry e ON e.grams && registry_block_grams(b)
WHERE b.state = 'immobilised' ORDER BY e.id, b.id
"""
ENDED_WHOLE = """
SELECT b.serial FROM registry_serialblock b
CROSS JOIN LATERAL (
    SELECT range_agg(e.grams) AS grams FROM registry_registryentry e
    WHERE e.grams && int8range(b.base, b.base + (b."end" - b.start + 1) * 1000000)
) ended
WHERE b.state = 'issued' AND b.series_id IN (SELECT series_id FROM registry_registryentry)
  AND registry_block_grams(b) <@ ended.grams ORDER BY b.id
"""


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def endings_measure_their_serials() -> Iterator[str]:
    """An ending with serials is of as many grams as they have, inside its registry's series."""
    for reference, said, measured in _rows(QUANTITIES):
        yield f"ending {reference}: {said} grams, its serials have {measured}"
    for (reference,) in _rows(OUTSIDE_SERIES):
        yield f"ending {reference}: outside its series"


def no_ending_is_in_custody() -> Iterator[str]:
    """What the registry reported as ended is not in our custody."""
    for reference, serial in _rows(IN_CUSTODY):
        yield f"ending {reference}: block {serial} is in custody"


def ended_blocks_are_retired() -> Iterator[str]:
    """A block all of whose serials ended is retired, whichever file came first."""
    for (serial,) in _rows(ENDED_WHOLE):
        yield f"block {serial}: issued, but all of it ended at the registry"
