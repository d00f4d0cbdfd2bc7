"""Writing many rows the way a serializer says, without asking it about each field of each row."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

Write = Callable[[Any], dict[str, Any]]


@cache
def writer(output: type[serializers.Serializer[Any]]) -> Write:
    """What turns a row into what `output` makes of it, apart from what has no value.

    For serializers whose fields are attributes of the row, or methods of the serializer.
    """
    serializer = output()
    sources: list[str] = []
    plan: list[tuple[str, Callable[[Any], Any]]] = []
    methods: list[tuple[str, Callable[[Any], Any]]] = []
    usual: dict[str, Any] = {}
    for name, field in serializer.fields.items():
        if isinstance(field, serializers.SerializerMethodField):
            assert field.method_name is not None
            methods.append((name, getattr(serializer, field.method_name)))
        elif field.read_only and field.default is not empty:
            usual[name] = field.default
        elif not field.write_only:
            source = field.source
            assert source is not None
            assert "." not in source, "an attribute of the row itself"
            sources.append(source)
            plan.append((name, _told_of(field)))
    values_of = attrgetter(*sources)

    def write(row: Any) -> dict[str, Any]:
        body = {}
        for (name, told_of), value in zip(plan, values_of(row), strict=True):
            if value is not None and (told := told_of(value)) is not None:
                body[name] = told
        body.update(usual)
        for name, of_row in methods:
            body[name] = of_row(row)
        return body

    return write


def _told_of(field: serializers.Field[Any, Any, Any, Any]) -> Callable[[Any], Any]:
    """What makes of a value what the field makes of it."""
    if type(field) is serializers.BooleanField:
        return bool
    told_of: Callable[[Any], Any] = getattr(field, "told_of", field.to_representation)
    return told_of
