"""The engine's loop: from the first connection to a clean stop, through whatever happens."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Sequence
from typing import Final

import psycopg
import structlog

from apps.orderbook.engine import compiled
from apps.orderbook.engine.announcer import Announcer
from apps.orderbook.engine.doorbell import Doorbell
from apps.orderbook.engine.service import BATCH_MAX, Service
from apps.orderbook.engine.session import connect

log = structlog.get_logger(__name__)

# How often the journal is looked at when nobody rings, and the leases in any case.
IDLE_S: Final = 0.05
LEASES_EVERY_S: Final = 0.5
RETRY_S: Final = 0.5
# The engine makes no reference cycles of its own, so collecting them can wait for a pause.
COLLECT_EVERY_S: Final = 60.0
# After so many batches without a pause nobody needs to ring.
BUSY_BATCHES: Final = 20
# A market whose batch fails by itself is left alone for so long, and the others go on.
SET_ASIDE_S: Final = 10.0


class Engine:
    """Serves markets until `stop` is set. Everything it knows it can learn again."""

    def __init__(
        self, *, name: str, redis_url: str, stop: threading.Event, batch_max: int = BATCH_MAX
    ) -> None:
        self._name = name
        self._stop = stop
        self._batch_max = batch_max
        self._doorbell = Doorbell(redis_url)
        self._announcer = Announcer(redis_url)
        self._set_aside_until_s: dict[int, float] = {}
        self._one_by_one_until_s = 0.0

    def run(self) -> None:
        """Serve; after an error begin again with a new connection and empty memory."""
        log.info("the engine begins", code="compiled" if compiled.is_running() else "Python")
        with self._announcer:
            while not self._stop.is_set():
                working_on: list[int] = []
                try:
                    with connect(self._name) as connection:
                        tell = self._announcer.announce
                        service = Service(connection, self._name, self._batch_max, tell)
                        working_on = service.working_on
                        self._serve(service)
                except psycopg.OperationalError as error:
                    log.warning("the database said no", reason=str(error).strip())
                    self._stop.wait(RETRY_S)
                except Exception:
                    log.exception("a batch failed", products=working_on)
                    self._isolate(working_on)
                    self._stop.wait(RETRY_S)

    def _serve(self, service: Service) -> None:
        leases_at_s, busy, collected_s = 0.0, 0, time.monotonic()
        while not self._stop.is_set():
            now_s = time.monotonic()
            if now_s >= leases_at_s:
                service.share_out()
                leases_at_s = now_s + LEASES_EVERY_S
            without = {id_ for id_, until_s in self._set_aside_until_s.items() if until_s > now_s}
            if work := service.next_work(without, one_by_one=now_s < self._one_by_one_until_s):
                service.carry_out(work)
                busy += 1
                if busy == BUSY_BATCHES:
                    self._doorbell.mute()
            else:
                busy = 0
                if now_s - collected_s > COLLECT_EVERY_S:
                    gc.collect()
                    collected_s = now_s
                self._doorbell.wait(IDLE_S)

    def _isolate(self, working_on: Sequence[int]) -> None:
        """Keep what went wrong in one market from the others.

        A batch of several is tried again market by market, to see which it was.
        """
        until_s = time.monotonic() + SET_ASIDE_S
        if len(working_on) == 1:
            self._set_aside_until_s[working_on[0]] = until_s
        else:
            self._one_by_one_until_s = until_s
