"""Redis for what can do without it: a short wait, and after a failure none for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 0.2
# After a failure nobody waits for Redis again for so long.
PAUSE_S: Final = 1.0

T = TypeVar("T")
Client = redis.Redis


class RedisAway(Exception):
    """Redis does not answer, or did not a moment ago."""


def redis_try(do: Callable[[Client], T]) -> T:
    """What `do` answers. Raises RedisAway instead of whatever goes wrong with Redis."""
    return _connection(settings.REDIS_URL).run(do)


class _Connection:
    def __init__(self, url: str) -> None:
        self._redis: Any = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._away_until_s = 0.0

    def run(self, do: Callable[[Client], T]) -> T:
        if time.monotonic() < self._away_until_s:
            raise RedisAway
        try:
            return do(self._redis)
        except redis.RedisError as error:
            self._away_until_s = time.monotonic() + PAUSE_S
            log.warning("redis is away", reason=type(error).__name__)
            raise RedisAway from error


@cache
def _connection(url: str) -> _Connection:
    return _Connection(url)
