"""Telling a worker that there is something to do. Rows say what; the sweep finds them anyway."""

from __future__ import annotations

from typing import Final

import structlog
from celery import current_app
from celery.exceptions import OperationalError
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

BRIDGE_ADVANCE: Final = "nft.bridge_advance"


def intent_wake(*, intent_id: int, kind: str = "mint") -> None:
    """Sends the task that advances an intent. Without Redis the next sweep takes it up."""
    try:
        current_app.send_task(BRIDGE_ADVANCE, (intent_id, kind))
    except (OperationalError, KombuError, RedisError, OSError) as exc:
        log.warning("wakeup_lost", intent=intent_id, error=type(exc).__name__)
