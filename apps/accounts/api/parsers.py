"""JSON as we accept it: exact, finite, shallow, and not endless."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

BODY_SIZE_BYTES_MAX = 1_000_000


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


class ExactJSONParser(JSONParser):
    """Like DRF's, but a number with a point becomes a Decimal: no amount ever meets a float."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(BODY_SIZE_BYTES_MAX + 1)
        if len(body) > BODY_SIZE_BYTES_MAX:
            raise RequestDataTooBig
        return json_exact(body)


def json_exact(body: bytes) -> Any:
    """What the body says. Raises ParseError."""
    try:
        return json.loads(body.decode(), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ParseError from error
