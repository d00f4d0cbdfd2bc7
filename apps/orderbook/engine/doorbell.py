"""Waiting for somebody to ring that there are new commands.

Redis only shortens the wait: without it the engine looks into the journal every `timeout_s`.
"""

from __future__ import annotations

import time
from typing import Any, Final

import redis
import structlog

log = structlog.get_logger(__name__)

CHANNEL: Final = "engine:doorbell"
SOCKET_TIMEOUT_S: Final = 0.2
RECONNECT_S: Final = 1.0


class Doorbell:
    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=SOCKET_TIMEOUT_S, socket_connect_timeout=SOCKET_TIMEOUT_S
        )
        self._pubsub: Any = None
        self._connect_at_s = 0.0

    def wait(self, timeout_s: float) -> None:
        """Return when it has rung since the last call, or after the timeout.

        Also returns when it has only just begun to listen: what was rung before went unheard.
        """
        try:
            if self._pubsub is not None:
                if self._pubsub.get_message(timeout=timeout_s) is not None:
                    while self._pubsub.get_message() is not None:
                        pass
                return
            if time.monotonic() >= self._connect_at_s:
                self._connect_at_s = time.monotonic() + RECONNECT_S
                pubsub: Any = self._redis.pubsub()  # type: ignore[no-untyped-call]
                pubsub.subscribe(CHANNEL)
                self._pubsub = pubsub
                return
        except redis.RedisError as error:
            log.warning("the doorbell is out of order", reason=type(error).__name__)
            self._pubsub = None
        time.sleep(timeout_s)

    def mute(self) -> None:
        """Stop listening until the next `wait`: whoever is busy needs no bell."""
        if self._pubsub is not None:
            self._pubsub.close()
            self._pubsub = None
            self._connect_at_s = 0.0
