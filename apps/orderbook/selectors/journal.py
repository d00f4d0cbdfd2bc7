"""What the journal says of commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from apps.orderbook.models.journal import PLACED_BEGINS

# An order has the id of its command. Of a month that is archived every command was decided.
_DECIDED: Final = """
SELECT id FROM orderbook_order WHERE id = ANY(%(ids)s)
UNION
SELECT command_id FROM orderbook_event WHERE command_id = ANY(%(ids)s) AND body NOT LIKE %(placed)s
UNION
SELECT id FROM orderbook_command WHERE id = ANY(%(ids)s)
    AND created_at < (SELECT max(month) + interval '1 month' FROM orderbook_journalarchive)
"""
# As the index's condition has it.
_PLACED: Final = PLACED_BEGINS.replace("_", r"\_") + "%"


def commands_decided(ids: Sequence[int]) -> list[int]:
    """Those of these commands that the engine has committed its answer to."""
    with connection.cursor() as cursor:
        cursor.execute(_DECIDED, {"ids": list(ids), "placed": _PLACED})
        return [row[0] for row in cursor.fetchall()]
