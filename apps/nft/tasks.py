"""Wake-ups of the bridge. Any number of workers may run them at once, and twice."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.db import DatabaseError

from apps.accounts.errors import ServiceError
from apps.nft.chain.errors import ChainError
from apps.nft.chain.keys import KeyMissing
from apps.nft.models import ChainIntent
from apps.nft.services.anchors import days_anchor
from apps.nft.services.bridge import Bridge, intent_advance
from apps.nft.services.connection import chain_connect, keyring_open
from apps.nft.services.holdings import holdings_read
from apps.nft.services.kinds import KINDS, MINT, Kind
from apps.nft.services.reconciliation import ledger_reconcile
from apps.nft.wakeups import BRIDGE_ADVANCE

log = structlog.get_logger(__name__)


@shared_task(name=BRIDGE_ADVANCE)
def bridge_advance(intent_id: int, kind: str = MINT.name) -> None:
    """Moves one intent on as far as it goes now."""
    _advance([(KINDS[kind], intent_id)])


@shared_task
def bridge_sweep() -> None:
    """Moves every open intent on: what was interrupted, dropped, stuck, mined or taken back."""
    _advance([(kind, intent_id) for kind in KINDS.values() for intent_id in _open(kind)])


@shared_task(name="nft.ledger_reconcile")
def reconcile(thorough: bool = False) -> None:
    """Halts the bridge where a balance was edited."""
    ledger_reconcile(thorough=thorough)


@shared_task(name="nft.days_anchor")
def anchor_days() -> None:
    """Fixes what is over and was not fixed."""
    days_anchor()


@shared_task(name="nft.holdings_read")
def read_holdings() -> None:
    """Looks how much CC lies in linked wallets."""
    try:
        chain, client = chain_connect()
        holdings_read(chain=chain, client=client)
    except ChainError as exc:
        log.warning("holdings_wait", error=str(exc))


def _open(kind: Kind) -> list[int]:
    found = kind.rows.filter(state__in=ChainIntent.OPEN_STATES)
    return list(found.order_by("pk").values_list("pk", flat=True))


def _advance(intents: list[tuple[Kind, int]]) -> None:
    if not intents:
        return
    try:
        _, client = chain_connect()
        bridge = Bridge(client, keyring_open())
        for kind, intent_id in intents:
            _advance_one(kind, intent_id, bridge)
    except ChainError as exc:
        # Nothing is lost: the next sweep goes on where this one stopped.
        log.warning("bridge_waits", error=str(exc))


def _advance_one(kind: Kind, intent_id: int, bridge: Bridge) -> None:
    """One intent that cannot go on must not keep the others waiting."""
    try:
        intent_advance(intent_id=intent_id, bridge=bridge, kind=kind)
    except (ServiceError, DatabaseError, KeyMissing) as exc:
        log.warning("intent_waits", kind=kind.name, intent=intent_id, error=type(exc).__name__)
