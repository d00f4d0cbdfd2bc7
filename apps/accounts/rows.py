"""Rows of several models from one query, without having the ORM make it anew each time.

For the few look-ups that every request of the API does: there, building the same query again takes
longer than running it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.base import ModelState

from apps.accounts.carrying import carrier_current
from apps.accounts.loop_database import Parameters, loop_rows

Made = TypeVar("Made", bound=Model)


def rows_of(query: str, parameters: Parameters) -> list[tuple[Any, ...]]:
    """What a query answers that is asked again and again: each connection plans it once.

    Its parameters are texts: a list of numbers goes in as `array` writes it.
    """
    if carrier_current() is not None:
        return loop_rows(query, parameters)
    rows: list[tuple[Any, ...]]
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            rows = cursor.fetchall()
        return rows
    connection.ensure_connection()
    raw: Any = connection.connection
    with connection.wrap_database_errors, psycopg.Cursor(raw) as prepared:
        rows = prepared.execute(query, parameters, prepare=True).fetchall()
    return rows


def array(values: Iterable[object]) -> str:
    """The text of a PostgreSQL array. None is NULL."""
    listed = list(values)
    # Most columns of most statements say one thing.
    if listed and listed.count(listed[0]) == len(listed):
        return "{" + ",".join([_quoted(listed[0])] * len(listed)) + "}"
    return "{" + ",".join([_quoted(value) for value in listed]) + "}"


def _quoted(value: object) -> str:
    if value is None:
        return "NULL"
    if type(value) is str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{value:d}" if isinstance(value, int) else f'"{value}"'


def instance_of(model: type[Made], values: Mapping[str, Any]) -> Made:
    """What the ORM makes of a row that has all of the model's columns, by their attributes.

    Without the model's constructor, which looks at every field by itself: nobody listens to it.
    """
    made = model.__new__(model)
    made._state = ModelState()
    made._state.adding, made._state.db = False, DEFAULT_DB_ALIAS
    made.__dict__.update(values)
    return made


class Rows:
    """`columns` of the models, by the alias that each has in the query, and what reads them."""

    def __init__(self, **models: type[Model]) -> None:
        self.columns = ", ".join(
            f'{alias}."{field.column}"'
            for alias, model in models.items()
            for field in model._meta.concrete_fields
        )
        self._models = [
            (model, [field.attname for field in model._meta.concrete_fields])
            for model in models.values()
        ]
        fields = [field for model in models.values() for field in model._meta.concrete_fields]
        # JSON, for one, comes as text.
        self._converted = [
            (place, field.from_db_value)
            for place, field in enumerate(fields)
            if hasattr(field, "from_db_value")
        ]

    def read(self, row: Sequence[Any]) -> list[Any]:
        """An instance of each model, and after them whatever else the query asked for."""
        read = list(row)
        for place, convert in self._converted:
            read[place] = convert(read[place], None, connection)
        values = iter(read)
        made = [
            instance_of(model, dict(zip(names, islice(values, len(names)), strict=True)))
            for model, names in self._models
        ]
        return [*made, *values]
