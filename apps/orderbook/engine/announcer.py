"""Telling the world what was committed: verdicts to those who wait, market data to the feeds.

Redis is a loudspeaker, never a source of truth. A thread of its own does the talking, from a
queue that is bounded: when Redis is slow or gone, announcements are dropped and matching goes on.
Whoever missed a verdict finds it in the event table; whoever missed market data sees the gap in
the sequence and makes the messages again from the events (`engine.feed`).

`engine:verdicts` carries `{"commands": [ids], "resting": [ids]}`: of the latter nothing is to be
told but that they rest as they were placed. `feed:PRODUCT` carries
`{"product", "sequence", "messages", "levels"}`: the messages after `sequence`, and for each price
whose size changed `[side, price, size]` as it is after the last of them. Amounts in micro-units.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Full, Queue
from typing import Any, Final

import redis
import structlog

from apps.orderbook.engine.book.snapshot import level_size
from apps.orderbook.engine.decide import Decisions
from apps.orderbook.engine.feed import messages_of
from apps.orderbook.engine.journal import SIDES

log = structlog.get_logger(__name__)

VERDICTS: Final = "engine:verdicts"
FEED: Final = "feed:"
QUEUE_MAX: Final = 1_000
SOCKET_TIMEOUT_S: Final = 0.5
PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a batch did in one market. `sequence` is that before its first event."""

    product: str
    sequence: int
    commands: list[int]
    resting: list[int]
    bodies: list[str]
    levels: list[tuple[str, int, int]]

    @classmethod
    def of(cls, decisions: Decisions) -> Announcement:
        """Copies what is needed: the book has moved on when this is talked about."""
        book = decisions.market.book
        return cls(
            product=decisions.market.code,
            sequence=decisions.sequence_before,
            commands=[event.command for event in decisions.events],
            resting=[id_ for id_, placed in decisions.placed.items() if placed.rests_as_asked],
            bodies=[event.body for event in decisions.events],
            levels=[
                (SIDES[side], price, level_size(book, side, price))
                for side, price in decisions.levels
            ],
        )

    def feed(self) -> str:
        """The message for the market's feed."""
        messages: list[dict[str, Any]] = []
        for body in self.bodies:
            sequence = self.sequence + len(messages)
            messages += messages_of(body, product=self.product, sequence=sequence)
        return json.dumps(
            {
                "product": self.product,
                "sequence": self.sequence,
                "messages": messages,
                "levels": self.levels,
            }
        )


class Announcer:
    """Use it with `with`: leaving it says what is still in the queue, then ends the thread."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=SOCKET_TIMEOUT_S, socket_connect_timeout=SOCKET_TIMEOUT_S
        )
        self._queue: Queue[list[Announcement] | None] = Queue(maxsize=QUEUE_MAX)
        self._quiet_until_s = 0.0
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)

    def __enter__(self) -> Announcer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._queue.put(None, timeout=SOCKET_TIMEOUT_S)
        except Full:
            return
        self._thread.join(timeout=SOCKET_TIMEOUT_S)

    def announce(self, batch: Sequence[Decisions]) -> None:
        """Say it as soon as possible, or never."""
        try:
            self._queue.put_nowait([Announcement.of(decisions) for decisions in batch])
        except Full:
            log.warning("announcements are dropped: Redis does not keep up")

    def _run(self) -> None:
        while (announcements := self._queue.get()) is not None:
            if time.monotonic() < self._quiet_until_s:
                continue
            try:
                self._say(announcements)
            except redis.RedisError as error:
                self._quiet_until_s = time.monotonic() + PAUSE_S
                log.warning("nothing is announced", reason=type(error).__name__)

    def _say(self, announcements: Sequence[Announcement]) -> None:
        commands = [id_ for announcement in announcements for id_ in announcement.commands]
        resting = [id_ for announcement in announcements for id_ in announcement.resting]
        verdicts = {"commands": commands, "resting": resting}
        channels = {FEED + announcement.product: announcement for announcement in announcements}
        with self._redis.pipeline(transaction=False) as together:
            together.publish(VERDICTS, json.dumps(verdicts))
            together.pubsub_numsub(*channels)
            _, listeners = together.execute()
        for name, count in listeners:
            # Most markets have no listener most of the time, and messages take time to make.
            if count:
                channel = name.decode()
                self._redis.publish(channel, channels[channel].feed())
