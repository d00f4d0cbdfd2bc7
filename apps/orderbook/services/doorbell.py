"""Rings the engine after a command was committed.

Redis is a doorbell, not a mailbox: the engine also looks for itself from time to time, so a ring
that gets lost costs a moment and nothing else. No failure here ever reaches the caller.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from apps.accounts.redis_try import RedisAway, redis_tell

CHANNEL: Final = "engine:doorbell"


def doorbell_ring(*, product_id: int) -> None:
    """Tells whichever engine owns the product that there is something to do."""
    with suppress(RedisAway):
        redis_tell("PUBLISH", CHANNEL, product_id)
