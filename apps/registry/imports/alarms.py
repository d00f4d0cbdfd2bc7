"""Alarms for what a file says ended though we hold it: the rows with the verdict `held`."""

from functools import partial
from typing import Any

import structlog
from django.db import transaction

from apps.registry.models import ImportRun

log = structlog.get_logger(__name__)

# Both kinds of landing compare into a table with these columns. While an alarm for the same grams
# is open there is no second one.
_OPEN = """
INSERT INTO registry_custodyalarm AS a (
    block_id, grams, serial, ended_on, run_id, line, opened_at, note)
SELECT b.id, registry_block_grams(b) * r.grams, left(c.serial, 240), c.ended_on, %s, c.line,
       now(), ''
FROM registry_compared c
JOIN registry_serialseries s ON s.registry_id = c.registry_id AND s.key = c.series
CROSS JOIN LATERAL (SELECT int8range(
    s.first_gram + c.first * 1000000, s.first_gram + (c.last + 1) * 1000000) AS grams) r
CROSS JOIN LATERAL registry_blocks_reached(r.grams) b
WHERE c.verdict = 'held' AND b.state = 'immobilised' ORDER BY c.line
ON CONFLICT (block_id, grams) WHERE closed_at IS NULL DO NOTHING
RETURNING a.id, a.serial, a.line, a.ended_on
"""


def open_alarms(cursor: Any, run: ImportRun | None) -> None:
    """Open an alarm for each of our blocks that rows refused as `held` reach into.

    Each new one is logged as an error once the import is committed; a dry run leaves none.
    """
    if run is None:
        return
    cursor.execute(_OPEN, (run.pk,))
    for alarm, serial, line, ended_on in cursor.fetchall():
        transaction.on_commit(
            partial(
                log.error,
                "custody_alarm_opened",
                alarm=alarm,
                serial=serial,
                ended_on=str(ended_on or ""),
                run=run.pk,
                line=line,
            )
        )
