"""Reading an input the way a serializer says, without asking it about what is not there.

Most fields of most requests are left out, and a serializer takes as long over those as over the
others. Whatever is not plainly right is read again by the serializer, which knows how to say why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from rest_framework import serializers
from rest_framework.fields import SkipField, empty

Read = Callable[[Any], dict[str, Any]]
_REQUIRED: Final = object()
_LEFT_OUT: Final = object()


@cache
def reader(kind: type[serializers.Serializer[Any]]) -> Read:
    """What makes of an input what the serializer makes of it. Raises ValidationError."""
    # One for all requests: it keeps nothing of what it reads, and making it copies every field.
    serializer = kind()
    fields = [field for field in serializer.fields.values() if not field.read_only]
    slow: Read = serializer.run_validation
    if serializer.validators or not all(_is_plain(serializer, field) for field in fields):
        return slow
    plan = [(str(field.field_name), field, _absent(field)) for field in fields]

    def read(data: Any) -> dict[str, Any]:
        if type(data) is not dict:
            return slow(data)
        values: dict[str, Any] = {}
        try:
            for name, field, absent in plan:
                if name in data:
                    values[name] = field.run_validation(data[name])
                elif absent is _REQUIRED:
                    return slow(data)
                elif absent is not _LEFT_OUT:
                    values[name] = absent
            validated: dict[str, Any] = serializer.validate(values)
        except (serializers.ValidationError, SkipField):
            return slow(data)
        return validated

    return read


def _is_plain(serializer: serializers.Serializer[Any], field: Any) -> bool:
    """Is it read from its own name alone, with a default that is the same each time?"""
    has_method = hasattr(serializer, f"validate_{field.field_name}")
    is_steady = field.default is empty or not callable(field.default)
    return field.source == field.field_name and not has_method and is_steady


def _absent(field: Any) -> Any:
    if field.default is not empty:
        return field.default
    return _REQUIRED if field.required else _LEFT_OUT
