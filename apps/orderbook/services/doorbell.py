"""Rings the engine after a command was committed.

Redis is a doorbell, not a mailbox: the engine also looks for itself from time to time, so a ring
that gets lost costs a moment and nothing else. No failure here ever reaches the caller.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Final

import redis
import structlog
from django.conf import settings

from apps.accounts.carrying import carrier_current
from apps.accounts.loop_redis import is_speakable, loop_redis_tell

log = structlog.get_logger(__name__)

CHANNEL: Final = "engine:doorbell"
TIMEOUT_S: Final = 0.2
# After a failure nobody waits for Redis again for so long.
PAUSE_S: Final = 1.0


class _Doorbell:
    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._url = url
        self._is_speakable = is_speakable(url)
        self._quiet_until_s = 0.0

    def ring(self, product_id: int) -> None:
        if time.monotonic() < self._quiet_until_s:
            return
        try:
            if self._is_speakable and carrier_current() is not None:
                loop_redis_tell(self._url, ("PUBLISH", CHANNEL, product_id), TIMEOUT_S)
            else:
                self._redis.publish(CHANNEL, str(product_id))
        except redis.RedisError as error:
            self._quiet_until_s = time.monotonic() + PAUSE_S
            log.warning("the engine's doorbell is out of order", reason=type(error).__name__)


@cache
def _doorbell() -> _Doorbell:
    return _Doorbell(settings.REDIS_URL)


def doorbell_ring(*, product_id: int) -> None:
    """Tells whichever engine owns the product that there is something to do."""
    _doorbell().ring(product_id)
