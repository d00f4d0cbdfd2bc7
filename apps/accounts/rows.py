"""Rows of several models from one query, without having the ORM make it anew each time.

For the few look-ups that every request of the API does: there, building the same query again takes
longer than running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model


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

    def find(self, query: str, parameters: Sequence[Any]) -> list[Any] | None:
        """What `read` makes of the first row that the query finds; None: there is none."""
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            row = cursor.fetchone()
        return self.read(row) if row else None

    def read(self, row: Sequence[Any]) -> list[Any]:
        """An instance of each model, and after them whatever else the query asked for."""
        read = list(row)
        for place, convert in self._converted:
            read[place] = convert(read[place], None, connection)
        values = iter(read)
        made = [
            model.from_db(DEFAULT_DB_ALIAS, names, list(islice(values, len(names))))
            for model, names in self._models
        ]
        return [*made, *values]
