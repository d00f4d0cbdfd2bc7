"""Reading the history: the changes of a row, and what each says to a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model, QuerySet

from apps.accounts.history_triggers import TRIGGER
from apps.accounts.models import HistoryEntry

TABLES = """
SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s AND NOT tgisinternal ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One column before and after, as text; empty where there was no row."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Said:
    """A change with its columns in the order of the model."""

    entry: HistoryEntry
    differences: list[Difference]


def entries_of(row: Model) -> QuerySet[HistoryEntry]:
    """Every recorded change of a row, the newest first."""
    return (
        HistoryEntry.objects.filter(table_name=row._meta.db_table, row_id=str(row.pk))
        .select_related("actor")
        .order_by("-pk")
    )


def said_of(entry: HistoryEntry, model: type[Model] | None) -> Said:
    """What changed, under the names that people know the fields of `model` by."""
    fields = {field.column: field for field in model._meta.concrete_fields} if model else {}
    before, after = entry.before or {}, entry.after or {}
    columns = [*fields, *sorted({*before, *after} - {*fields})]
    return Said(
        entry,
        [
            Difference(
                str(fields[column].verbose_name) if column in fields else column,
                _text(before, column),
                _text(after, column),
            )
            for column in columns
            if column in before or column in after
        ],
    )


def recorded_tables() -> list[str]:
    """The tables whose changes are recorded, by their triggers."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES, [TRIGGER])
        return [table for (table,) in cursor.fetchall()]


def model_of_table(table: str) -> type[Model] | None:
    """The model of a table, where there is one."""
    models = apps.get_models(include_auto_created=True)
    return next((model for model in models if model._meta.db_table == table), None)


def _text(values: dict[str, Any], column: str) -> str:
    value = values.get(column)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
