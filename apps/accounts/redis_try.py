"""Redis for what can do without it: a short wait, and after a failure none for a while.

What several requests ask at the same moment goes there and back together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Final, TypeVar

import redis
import structlog
from django.conf import settings

from apps.accounts.carrying import aside, carrier_current
from apps.accounts.loop_redis import is_speakable, loop_redis_ask, loop_redis_tell
from apps.accounts.together import Together

log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 0.2
# After a failure nobody waits for Redis again for so long.
PAUSE_S: Final = 1.0

Word = str | int
T = TypeVar("T")


class RedisAway(Exception):
    """Redis does not answer, or did not a moment ago."""


def redis_ask(*command: Word) -> Any:
    """What Redis answers to a command. Raises RedisAway instead of whatever goes wrong."""
    return _commands.ask(command)


def redis_tell(*command: Word) -> None:
    """Says a command whose answer is of no use, and waits for it only where there is no other way.
    Raises RedisAway instead of whatever goes wrong."""
    _connection(settings.REDIS_URL).tell(command)


class _Connection:
    def __init__(self, url: str) -> None:
        self._redis: Any = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._url = url
        self._is_speakable = is_speakable(url)
        self._away_until_s = 0.0

    def ask(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        if carrier_current() is None:
            return self._tried(partial(self._ask, commands))
        if self._is_speakable:
            return self._tried(partial(loop_redis_ask, self._url, commands, TIMEOUT_S))
        return aside(partial(self.ask, commands))

    def tell(self, command: Sequence[Word]) -> None:
        if carrier_current() is not None and self._is_speakable:
            self._tried(partial(loop_redis_tell, self._url, command, TIMEOUT_S))
        else:
            self.ask([command])

    def _tried(self, ask: Callable[[], T]) -> T:
        if time.monotonic() < self._away_until_s:
            raise RedisAway
        try:
            return ask()
        except redis.RedisError as error:
            self._away_until_s = time.monotonic() + PAUSE_S
            log.warning("redis is away", reason=type(error).__name__)
            raise RedisAway from error

    def _ask(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        if len(commands) == 1:
            return [self._redis.execute_command(*commands[0])]
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = pipeline.execute()
        return answers


@cache
def _connection(url: str) -> _Connection:
    return _Connection(url)


def _ask(commands: Sequence[Sequence[Word]]) -> list[Any]:
    return _connection(settings.REDIS_URL).ask(commands)


_commands: Final = Together(_ask)
