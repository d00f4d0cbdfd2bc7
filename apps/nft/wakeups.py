"""Telling a worker that there is something to do. Rows say what; the sweep finds them anyway."""

from __future__ import annotations

import structlog
from celery.exceptions import OperationalError
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


def intent_wake(*, intent_id: int) -> None:
    """Sends the task that advances an intent. Without Redis the next sweep takes it up."""
    from apps.nft.tasks import bridge_advance

    try:
        bridge_advance.delay(intent_id)
    except (OperationalError, KombuError, RedisError, OSError) as exc:
        log.warning("wakeup_lost", intent=intent_id, error=type(exc).__name__)
