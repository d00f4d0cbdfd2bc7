"""Wake-ups of the bridge. Any number of workers may run them at once, and twice."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.db import DatabaseError

from apps.accounts.errors import ServiceError
from apps.nft.chain.errors import ChainError
from apps.nft.models import BridgeIntent
from apps.nft.services.bridge import Bridge, intent_advance
from apps.nft.services.connection import chain_connect, keyring_open
from apps.nft.wakeups import BRIDGE_ADVANCE

log = structlog.get_logger(__name__)


@shared_task(name=BRIDGE_ADVANCE)
def bridge_advance(intent_id: int) -> None:
    """Moves one intent on as far as it goes now."""
    _advance([intent_id])


@shared_task
def bridge_sweep() -> None:
    """Moves every open intent on: what was interrupted, dropped, stuck, mined or taken back."""
    open_states = BridgeIntent.OPEN_STATES
    _advance(
        list(
            BridgeIntent.objects.filter(state__in=open_states)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
    )


def _advance(intent_ids: list[int]) -> None:
    if not intent_ids:
        return
    try:
        _, client = chain_connect()
        bridge = Bridge(client, keyring_open())
        for intent_id in intent_ids:
            _advance_one(intent_id, bridge)
    except ChainError as exc:
        # Nothing is lost: the next sweep goes on where this one stopped.
        log.warning("bridge_waits", error=str(exc))


def _advance_one(intent_id: int, bridge: Bridge) -> None:
    """One intent that cannot go on must not keep the others waiting."""
    try:
        intent_advance(intent_id=intent_id, bridge=bridge)
    except (ServiceError, DatabaseError) as exc:
        log.warning("intent_waits", intent=intent_id, error=type(exc).__name__)
