"""How the dialect writes what we store."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.api.fields import MicroField
from apps.orderbook import dialect, names
from apps.orderbook.models import Product
from apps.orderbook.paging import LIMIT_DEFAULT, LIMIT_MAX


class WordField(serializers.ChoiceField):
    """A small integer inside, a word of the dialect outside."""

    def __init__(self, words: dialect.Words, **options: Any) -> None:
        self.words = words
        self.told_of = words.get
        self._numbers = {word: number for number, word in [*words.items()][::-1]}
        super().__init__(choices=list(dict.fromkeys(words.values())), **options)

    def to_internal_value(self, data: Any) -> Any:
        return self._numbers[super().to_internal_value(data)]

    def to_representation(self, value: int) -> str | None:  # type: ignore[override]
        return self.words.get(value)


class PriceField(MicroField):
    """A price. What is not one is refused in words that clients know."""

    refusal = _(
        "price too precise, or not a plain number: write it like 12.5, with 6 decimals at most."
    )

    def to_internal_value(self, data: Any) -> int:
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError(self.refusal, code="invalid_amount") from error


class SizeField(PriceField):
    """A size."""

    refusal = _(
        "The last digit of the size is too small, or it is not a plain number: write it like 12.5, "
        "with 6 decimals at most."
    )


class LimitField(serializers.IntegerField):
    """How many rows at most. A page has no more than LIMIT_MAX, whatever is asked for: clients of
    the original ask for thousands."""

    def __init__(self) -> None:
        super().__init__(min_value=1, default=LIMIT_DEFAULT, help_text=f"{LIMIT_MAX} at most.")

    def to_internal_value(self, data: Any) -> int:
        return min(super().to_internal_value(data), LIMIT_MAX)


@extend_schema_field(OpenApiTypes.STR)
class EndField(serializers.Field[datetime, Any, Any, Any]):
    """When an order ends: `min`, `hour` or `day` from now, as in the dialect, or a time."""

    default_error_messages = {
        "invalid": _("cancel_after takes min, hour, day or a time like 2030-01-31T12:00:00Z."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if isinstance(data, str) and data in dialect.LIVES:
            return timezone.now() + dialect.LIVES[data]
        try:
            return serializers.DateTimeField().to_internal_value(data)
        except serializers.ValidationError:
            self.fail("invalid")


@extend_schema_field(OpenApiTypes.NONE)
class NotOfferedField(serializers.Field[Any, Any, Any, Any]):
    """An input that would change what is asked for, and that we cannot honour: null or refused."""

    default_error_messages = {"not_offered": _("This is not offered here. Leave it out.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, write_only=True, **options)

    def to_internal_value(self, data: Any) -> Any:
        self.fail("not_offered")


@extend_schema_field(OpenApiTypes.DATETIME)
class TimeField(serializers.Field[datetime, Any, str, Any]):
    """A moment, in UTC with microseconds."""

    def to_representation(self, value: datetime) -> str:
        return dialect.time_text(value)


@extend_schema_field(OpenApiTypes.UUID)
class PublicIdField(serializers.Field[int, Any, str, Any]):
    """The public name of a row."""

    def __init__(self, name_of: Callable[[int], uuid.UUID | str], **options: Any) -> None:
        self.name_of = name_of
        super().__init__(**options)

    def to_representation(self, value: int) -> str:
        return str(self.name_of(value))


@extend_schema_field(OpenApiTypes.STR)
class ProductField(serializers.Field[Product, Any, str, Any]):
    """A market by its name in the dialect."""

    def to_representation(self, value: Product) -> str:
        return names.product_id(value.base.code, value.quote.code)


class Output(serializers.Serializer[Any]):
    """What has no value is left out, as the dialect does."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        body: dict[str, Any] = super().to_representation(instance)
        return {name: value for name, value in body.items() if value is not None}
