"""The engine's own connection to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from django.db import connections
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import TextLoader

Connection = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]

# The engine repeats a few statements whose arguments are arrays of keys. Planned for its
# arguments each time, and free to scan and hash tables that grow, it is less than half as fast.
SETTINGS: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "datestyle": "ISO",
    # A paused engine must not sit on the balances it has locked.
    "idle_in_transaction_session_timeout": "5s",
    # A killed engine's session ends even in the middle of a long statement.
    "client_connection_check_interval": "1s",
    # Ledger transactions are short; whoever holds a balance this long makes the batch try again.
    "lock_timeout": "5s",
}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
CONNECT_TIMEOUT_S: Final = 5
# Prepare every statement at its first use: there are about twenty.
PREPARE_AFTER: Final = 0


def connect(name: str) -> Connection:
    """A connection of its own, outside Django's, that commits each statement unless told not to."""
    parameters = dict(connections["default"].get_connection_params())
    for of_django in ("context", "cursor_factory", "prepare_threshold"):
        parameters.pop(of_django, None)
    options = " ".join(f"-c {key}={value}" for key, value in SETTINGS.items())
    parameters["options"] = f"{parameters.get('options', '')} {options}"
    parameters["application_name"] = name
    parameters["connect_timeout"] = CONNECT_TIMEOUT_S
    connection: Connection = psycopg.connect(**parameters, autocommit=True)
    connection.prepare_threshold = PREPARE_AFTER
    # Times are passed on to other rows as they are, as text or as microseconds since 2000: no need
    # to take them apart.
    connection.adapters.register_loader("timestamptz", TextLoader)
    connection.adapters.register_loader("timestamptz", Int8BinaryLoader)
    return connection


def array(values: Iterable[int]) -> str:
    """Integers as the text of a PostgreSQL array, several times faster than adapting a list."""
    return "{" + ",".join(map(str, values)) + "}"


def time_of(us: int) -> str:
    """Microseconds since 1970 as PostgreSQL reads a time."""
    return (EPOCH + timedelta(microseconds=us)).isoformat()


def one(cursor: Cursor) -> tuple[Any, ...]:
    """The single row of a query that always has one."""
    row = cursor.fetchone()
    assert row is not None
    return row
