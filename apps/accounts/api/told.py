"""What a request is told past Django's responses, which are made for more than JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Told:
    """An answer in JSON. `headers` are those that no middleware adds."""

    body: bytes
    headers: Mapping[str, str]
    status: int = 200


# The answer to a request that is plainly right. None: it is treated as any other.
Way = Callable[[HttpRequest], Told | None]
