"""Tables with so many rows that the planner's choices are those of a large database.

What the rows say is nonsense: rules and triggers are off while they are written, and the
transaction that did it must be rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.fields import ArrayField, BigIntegerRangeField
from django.db import connection, models
from django.db.models import Field, Model

from apps.orderbook.ids import id_first
from apps.orderbook.models import Command, Event, Fill, Order
from apps.registry.models import SerialBlock
from apps.registry.models.fields import BigIntegerMultiRangeField

OF_A_MARKET = (Command, Event, Fill, Order)


@contextmanager
def triggers_off() -> Iterator[None]:
    """Neither guards nor history look at what is written within; foreign keys neither."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def fill(model: type[Model], rows_of: Mapping[Any, int]) -> None:
    """Writes `rows_of[model]` rows with the keys from 1; of the order book's, in two markets.

    A row points at any row of another table, of which there are as many as `rows_of` says.
    """
    table = model._meta.db_table
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    values = ", ".join(
        f"({_expression(model, field, rows_of)})::{field.db_type(connection)}" for field in fields
    )
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass",
            [table],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        cursor.execute(f'DELETE FROM "{table}"')
        rows = f"SELECT {values} FROM generate_series(1, {rows_of[model]}) g"
        cursor.execute(f'INSERT INTO "{table}" ({columns}) {rows}')
        cursor.execute(f'ANALYZE "{table}"')


def _expression(model: type[Model], field: Field[Any, Any], rows_of: Mapping[Any, int]) -> str:
    if field.primary_key and model in OF_A_MARKET:
        return f"CASE WHEN g % 2 = 0 THEN {id_first(1)} ELSE {id_first(2)} END + g"
    if model is SerialBlock and field.column in ("start", "end"):
        return "g"  # No serial is in two blocks.
    if field.column == "base":
        return "g::bigint * 1000000000000"  # The serials of one block end before the next begin.
    if field.primary_key or field.column in _told_apart(model):
        value = _different(field)
    else:
        value = _pointer(field, rows_of) if field.is_relation else _ordinary(field)
    if field.null and field.column not in _told_apart(model):
        return f"CASE WHEN g % 3 <> 0 THEN {value} END"
    return value


def _told_apart(model: type[Model]) -> set[str]:
    """The columns in which no two rows may be the same, alone or together."""
    unique = {str(field.column) for field in model._meta.local_concrete_fields if field.unique}
    for constraint in model._meta.constraints:
        if names := getattr(constraint, "fields", ()):
            fields: list[Any] = [model._meta.get_field(name) for name in names]
            one = next((field for field in fields if not field.is_relation), fields[0])
            unique.add(str(one.column))
    return unique


def _pointer(field: Field[Any, Any], rows_of: Mapping[Any, int]) -> str:
    return f"g % {rows_of.get(field.related_model, 8)} + 1"


def _different(field: Field[Any, Any]) -> str:
    match field:
        case models.UUIDField():
            return "gen_random_uuid()"
        case models.CharField():
            return f"'{field.name[:3].upper()}' || g"
        case models.DateField():
            return "date '1970-01-01' + g % 20000"
        case BigIntegerRangeField():
            return "int8range(g * 10, g * 10 + 5)"
        case models.SmallIntegerField() | models.PositiveSmallIntegerField():
            return "g % 30000"
    return "g"


def _ordinary(field: Field[Any, Any]) -> str:
    if field.choices:
        values = ", ".join(f"'{value}'" for value, _label in field.flatchoices[:30])
        length = min(len(field.flatchoices), 30)
        return f"(ARRAY[{values}])[g % {length} + 1]"
    match field:
        case models.UUIDField():
            return "gen_random_uuid()"
        case ArrayField():
            return "'{}'"
        case BigIntegerRangeField():
            return "int8range(g * 10, g * 10 + 5)"
        case models.JSONField():
            return "'{}'"
        case models.BooleanField():
            return "g % 50 = 0"
        case models.DateTimeField():
            return "timestamptz '2026-01-01' + g * interval '1 minute'"
        case models.DateField():
            return "date '2000-01-01' + g % 9000"
        case models.BinaryField():
            return "decode(md5(g::text), 'hex')"
        case BigIntegerMultiRangeField():
            return "'{}'"
        case models.CharField() | models.TextField() | models.FileField():
            return f"left('{field.name}' || g, {field.max_length or 60})"
        case models.SmallIntegerField() | models.PositiveSmallIntegerField():
            return "g % 100"
        case models.IntegerField() | models.DecimalField():
            return "g % 90"
    return "NULL"
