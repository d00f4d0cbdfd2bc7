"""Wakes a worker up for what waits in the outbox. The sweep finds it anyway."""

from __future__ import annotations

from typing import Final

import structlog
from celery import current_app
from celery.exceptions import OperationalError
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

WEBHOOKS_DELIVER: Final = "accounts.webhooks_deliver"


def deliveries_wake() -> None:
    """Sends the task that delivers what is due. Without Redis the next sweep does it."""
    try:
        current_app.send_task(WEBHOOKS_DELIVER, expires=60)
    except (OperationalError, KombuError, RedisError, OSError) as error:
        log.warning("wakeup_lost", task=WEBHOOKS_DELIVER, error=type(error).__name__)
