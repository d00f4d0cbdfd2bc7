"""A column type that Django lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    from psycopg.types.multirange import Int8Multirange

    _Field = models.Field[Int8Multirange | None, Int8Multirange | None]
else:
    _Field = models.Field


class BigIntegerMultiRangeField(_Field):
    """PostgreSQL's int8multirange: disjoint half-open ranges in order, as psycopg's Multirange.

    https://www.postgresql.org/docs/15/rangetypes.html
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "int8multirange"
