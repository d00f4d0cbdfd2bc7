"""In whose name changes are recorded.

Triggers write the history (docs/adr/0008); what they cannot see is who asked. That is told to the
database at the start of every transaction, for that transaction alone: with connections that are
shared by a pool, nothing is left behind for whoever gets the connection next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

from apps.accounts.models import User

_SET = "SELECT set_config('ccmarket.actor', %s, true), set_config('ccmarket.source', %s, true)"
_WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")


@contextmanager
def recorded_as(*, user: User | None, source: str) -> Iterator[None]:
    """What is written inside is recorded as done by `user` through `source`."""
    # PostgreSQL takes no NUL, which an address may hold.
    actor = (str(user.pk) if user else "", source.replace("\0", "␀"))

    def tell(execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
        if connection.in_atomic_block:
            if _is_first_of_transaction():
                _tell_database(*actor)
        elif str(sql).lstrip()[:6].upper().startswith(_WRITES):
            # A statement of its own is a transaction of its own, with room for who asked.
            with transaction.atomic():
                _tell_database(*actor)
                return execute(sql, *rest)
        return execute(sql, *rest)

    is_inside = connection.in_atomic_block
    if is_inside:
        _tell_database(*actor)
    with connection.execute_wrapper(tell):
        yield
    if is_inside and not connection.needs_rollback:
        _tell_database("", "")


@contextmanager
def recorded_by_import(*, run_id: int) -> Iterator[None]:
    """Inside, rows of the registry change by the file that import `run_id` reads.

    The import keeps its own account of what it changed; the history leaves that out. Must run
    inside `transaction.atomic()`: what fails takes the setting back with everything else.
    """
    assert connection.in_atomic_block, "an import is one transaction"
    _tell_import(str(run_id))
    yield
    _tell_import("")


def _is_first_of_transaction() -> bool:
    raw = connection.connection
    return raw is None or raw.info.transaction_status == TransactionStatus.IDLE


def _tell_database(user_id: str, source: str) -> None:
    connection.ensure_connection()
    connection.connection.execute(_SET, (user_id, source))


def _tell_import(run_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ccmarket.import_run', %s, true)", [run_id])
