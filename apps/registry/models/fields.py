"""Column types that Django lacks: PostgreSQL's multiranges, as psycopg's `Multirange`.

They are disjoint half-open ranges in order. https://www.postgresql.org/docs/15/rangetypes.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    from psycopg.types.multirange import DateMultirange, Int8Multirange

    _Grams = models.Field[Int8Multirange | None, Int8Multirange | None]
    _Days = models.Field[DateMultirange, DateMultirange]
else:
    _Grams = _Days = models.Field


class BigIntegerMultiRangeField(_Grams):
    """`int8multirange`."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "int8multirange"


class DateMultiRangeField(_Days):
    """`datemultirange`."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "datemultirange"
