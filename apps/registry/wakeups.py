"""Telling a worker that a file waits. Its row says what to do; the sweep finds it anyway."""

from __future__ import annotations

from typing import Final

import structlog
from celery import current_app
from celery.exceptions import OperationalError
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

UPLOAD_WORK: Final = "registry.upload_work"


def upload_wake(*, upload_id: int) -> None:
    """Sends the task that works on an upload. Without Redis the next sweep takes it up."""
    try:
        current_app.send_task(UPLOAD_WORK, (upload_id,))
    except (OperationalError, KombuError, RedisError, OSError) as exc:
        log.warning("wakeup_lost", upload=upload_id, error=type(exc).__name__)
