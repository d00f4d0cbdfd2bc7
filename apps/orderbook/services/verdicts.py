"""Waiting for the engine's verdict on a command.

The engine announces what it has decided on Redis, after its commit. One thread per process listens
for everybody who waits there. For whoever has waited a while it also asks the database, for all of
them at once, so that losing Redis or a message costs milliseconds and never a verdict.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection, Iterable
from typing import Any, Final

import redis
import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from apps.accounts.carrying import Pause, carrier_current, resume
from apps.accounts.together import connection_release
from apps.orderbook.models import Command
from apps.orderbook.selectors.journal import commands_decided

log = structlog.get_logger(__name__)

CHANNEL: Final = "engine:verdicts"
WAIT_S_MAX: Final = 30
# How long a wait goes by before the database is asked, and how often it is asked without Redis.
SWEEP_S: Final = 0.1
SWEEP_WITHOUT_REDIS_S: Final = 0.02
RECONNECT_S: Final = 1.0
REDIS_TIMEOUT_S: Final = 0.2
# A verdict may be announced before the request that placed the command comes to wait for it.
REMEMBER_S: Final = 2.0


def verdict_rests(command: Command) -> bool:
    """Has its engine just said that the order rests as it was placed? False: look at its row."""
    return command.is_fresh and _listener.verdicts.is_resting(command.pk)


def verdict_wait(*, command_ids: Iterable[int], timeout_s: float) -> bool:
    """Waits until the engine has committed its answer to all of these commands. False: it has not
    within `timeout_s`, the commands are accepted and their verdicts still to come."""
    if timeout_s <= 0:
        return False
    verdicts = _listener.started().verdicts
    carrier = carrier_current()
    wait = verdicts.enter(command_ids, Pause(carrier) if carrier else None)
    try:
        return wait.until_over(min(timeout_s, WAIT_S_MAX))
    finally:
        verdicts.leave(wait)


class Wait:
    """Commands that somebody waits for, in a thread or carried; it is over when none is missing."""

    __slots__ = ("missing", "over", "pause", "since_s")

    def __init__(self, missing: Iterable[int], pause: Pause | None = None) -> None:
        self.missing = set(missing)
        self.pause = pause
        self.since_s = time.monotonic()
        # A lock that is held until then: cheaper than an Event.
        self.over = threading.Lock()
        self.over.acquire()

    @property
    def is_over(self) -> bool:
        return not self.missing

    def until_over(self, timeout_s: float) -> bool:
        """Waits. Says whether it is over."""
        if self.is_over:
            return True
        if self.pause:
            self.pause.wait(timeout_s)
            return self.is_over
        connection_release()
        return self.over.acquire(timeout=timeout_s)


class Verdicts:
    """Who waits for which command, and what was decided lately. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[int, list[Wait]] = {}
        # Two generations, the older dropped as a whole: time bounds what is remembered.
        self._young: set[int] = set()
        self._old: set[int] = set()
        self._resting: set[int] = set()
        self._resting_old: set[int] = set()
        self._young_since_s = time.monotonic()

    def enter(self, command_ids: Iterable[int], pause: Pause | None = None) -> Wait:
        """Begins to wait for all of these commands."""
        with self._lock:
            known = self._young, self._old
            missing = (pk for pk in command_ids if not any(pk in ids for ids in known))
            wait = Wait(missing, pause)
            for command_id in wait.missing:
                self._waits.setdefault(command_id, []).append(wait)
        return wait

    def leave(self, wait: Wait) -> None:
        """Forgets what is still missing of it."""
        with self._lock:
            for command_id in wait.missing:
                others = self._waits[command_id]
                others.remove(wait)
                if not others:
                    del self._waits[command_id]

    def announce(self, command_ids: Collection[int], resting: Collection[int] = ()) -> None:
        """These commands are decided and committed; some are orders that rest as placed."""
        carried = []
        with self._lock:
            self._remember(command_ids, resting)
            # Most announcements are about what other processes wait for.
            for command_id in self._waits.keys() & set(command_ids):
                for wait in self._waits.pop(command_id):
                    wait.missing.discard(command_id)
                    if wait.missing:
                        continue
                    if wait.pause:
                        carried.append(wait.pause)
                    else:
                        wait.over.release()
        resume(carried)

    def awaited(self, *, since_s: float) -> list[int]:
        """Commands that somebody has been waiting for since that (monotonic) time or earlier."""
        with self._lock:
            return [pk for pk, waits in self._waits.items() if waits[0].since_s <= since_s]

    def is_resting(self, command_id: int) -> bool:
        """Was it announced lately as an order that rests as placed?"""
        with self._lock:
            return command_id in self._resting or command_id in self._resting_old

    def _remember(self, command_ids: Collection[int], resting: Collection[int]) -> None:
        if time.monotonic() - self._young_since_s > REMEMBER_S:
            self._old, self._young = self._young, set()
            self._resting_old, self._resting = self._resting, set()
            self._young_since_s = time.monotonic()
        self._young.update(command_ids)
        self._resting.update(resting)


class Listener:
    """The thread that hears verdicts for its process, and looks for those it did not hear."""

    def __init__(self, redis_url: str) -> None:
        self.verdicts = Verdicts()
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        )
        self._pubsub: Any = None
        self._connect_at_s = 0.0
        self._start = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def started(self) -> Listener:
        """Itself, with its thread running: also in a process that was forked since."""
        if self._thread is None or not self._thread.is_alive():
            with self._start:
                if self._thread is None or not self._thread.is_alive():
                    self._pubsub = None
                    self._thread = threading.Thread(target=self._run, name="verdicts", daemon=True)
                    self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the thread, for good."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
                self._sweep()
            except Exception:
                # The thread serves every request of the process: nothing may end it.
                log.exception("listening for verdicts failed")
                self._stopped.wait(RECONNECT_S)

    def _listen(self) -> None:
        """Hears one message, if one comes in time."""
        try:
            if self._pubsub is None and time.monotonic() >= self._connect_at_s:
                self._connect_at_s = time.monotonic() + RECONNECT_S
                pubsub: Any = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
                pubsub.subscribe(CHANNEL)
                self._pubsub = pubsub
            if self._pubsub is None:
                self._stopped.wait(SWEEP_WITHOUT_REDIS_S)
            elif message := self._pubsub.get_message(timeout=SWEEP_S):
                self._heard(message["data"])
        except redis.RedisError as error:
            log.warning("verdicts are read from the database", reason=type(error).__name__)
            self._pubsub = None

    def _heard(self, data: bytes) -> None:
        try:
            said = json.loads(data)
            ids, resting = said["commands"], said.get("resting", ())
            self.verdicts.announce([int(pk) for pk in ids], [int(pk) for pk in resting])
        except (ValueError, TypeError, KeyError):
            log.warning("not a verdict message", data=data[:200])

    def _sweep(self) -> None:
        """Asks the database for what was not announced in time."""
        patience_s = SWEEP_S if self._pubsub else 0.0
        overdue = self.verdicts.awaited(since_s=time.monotonic() - patience_s)
        try:
            if overdue:
                self.verdicts.announce(commands_decided(overdue))
            elif connection.connection is not None:
                connection.close()
        except DatabaseError as error:
            log.warning("cannot look for verdicts", reason=type(error).__name__)
            connection.close()
            self._stopped.wait(SWEEP_S)


_listener = Listener(settings.REDIS_URL)
