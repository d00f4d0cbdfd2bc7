"""One worker at a time at one row: an advisory lock on a connection of the worker's own.

The database lets go of the lock when the worker dies, because its connection dies with it; and
what is said through that connection is seen by everybody at once, whatever transaction the work
itself is in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection, connections

TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%s, %s)"
LOCKED: Final = """
SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def alone(lock_class: int, pk: int) -> Iterator[Any | None]:
    """The connection that holds the lock; None where somebody else does."""
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        with own.cursor() as cursor:
            cursor.execute(TRY_LOCK, [lock_class, pk])
            is_ours = cursor.fetchone()[0]
        yield own if is_ours else None
    finally:
        try:
            with own.cursor() as cursor:
                # A connection may go back to a pool instead of ending.
                cursor.execute("SELECT pg_advisory_unlock_all()")
        finally:
            own.close()


def worked_on(lock_class: int) -> set[int]:
    """The rows whose worker is alive."""
    with connection.cursor() as cursor:
        cursor.execute(LOCKED, [lock_class])
        return {objid for (objid,) in cursor.fetchall()}
