"""Amounts at the API's edge."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.amounts import micro_from_text, text_from_micro
from apps.accounts.errors import ServiceError


@extend_schema_field({"type": "string", "format": "decimal"})
class MicroField(serializers.Field[int, Any, str, Any]):
    """A decimal string (or JSON number) outside, an integer of micro-units inside."""

    default_error_messages = {"invalid": 'Write a decimal number, like "12.5".'}
    told_of = staticmethod(text_from_micro)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, str | int | Decimal):
            self.fail("invalid")
        try:
            return micro_from_text(data)
        except ServiceError as error:
            raise serializers.ValidationError(error.message, code=error.code) from error

    def to_representation(self, value: int) -> str:
        return text_from_micro(value)
