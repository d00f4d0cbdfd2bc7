"""`manage.py run_indexer`: follows the chain until it is stopped."""

from __future__ import annotations

import signal
import threading
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any, Final

import structlog
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections

from apps.nft.chain.client import ChainClient
from apps.nft.chain.errors import ChainError
from apps.nft.models import Chain
from apps.nft.services.connection import chain_connect
from apps.nft.services.indexing import FinalBlockChanged
from apps.nft.services.settlement import settlement_turn

log = structlog.get_logger(__name__)

POLL_S: Final = 0.5
RETRY_S: Final = 5.0
RECONCILE_EVERY_S: Final = 10.0


class Command(BaseCommand):
    help = "Read the chain's blocks, apply what is final, compare the books."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when the head is reached")

    def handle(self, *args: Any, **options: Any) -> None:
        self._stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self._stop.is_set():
            try:
                chain, client = chain_connect()
                self._follow(chain, client, until_head=options["once"])
            except (ChainError, FinalBlockChanged, OperationalError, InterfaceError) as exc:
                # The node or the database is away, or the bridge was halted: everything read so
                # far is stored, so this can wait and go on.
                log.warning("indexer_waits", error=str(exc) or type(exc).__name__)
                close_old_connections()
                if options["once"]:
                    raise
                self._stop.wait(RETRY_S)

    def _follow(self, chain: Chain, client: ChainClient, *, until_head: bool) -> None:
        reconciled_at_s = float("-inf")
        while not self._stop.is_set():
            is_due = time.monotonic() - reconciled_at_s >= RECONCILE_EVERY_S
            turn = settlement_turn(chain=chain, client=client, reconcile=is_due)
            if is_due:
                reconciled_at_s = time.monotonic()
            if turn.applied or turn.claimed:
                log.info("settled", block=turn.block_number, events=turn.applied)
            if turn.is_idle:
                if until_head:
                    self._stop.set()
                self._stop.wait(POLL_S)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()
