"""Changing what nobody may change, as somebody who may do everything in the database."""

from __future__ import annotations

from django.db import connection


def tamper(statement: str, *values: object) -> None:
    """Carries out a statement without any trigger. It has to change something."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        assert cursor.rowcount > 0, "nothing was changed"
        cursor.execute("SET session_replication_role = origin")
