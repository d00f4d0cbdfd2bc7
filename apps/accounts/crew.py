"""Threads that do what they are given, and tell nobody: a pool without futures.

What a pool of the standard library does beside running a function takes longer than most of what is
given to these.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Final

import structlog

log = structlog.get_logger(__name__)


class Crew:
    """`size` threads, which start with the first work and end with the process."""

    def __init__(self, size: int, name: str) -> None:
        self._size: Final = size
        self._name: Final = name
        self._work: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._start = Lock()
        self._is_there = False

    def do(self, work: Callable[[], object]) -> None:
        """As soon as one of them is free. Whatever it raises goes to the log and no further."""
        if not self._is_there:
            self._gather()
        self._work.put(work)

    def _gather(self) -> None:
        with self._start:
            if not self._is_there:
                for number in range(self._size):
                    Thread(target=self._run, name=f"{self._name}_{number}", daemon=True).start()
                self._is_there = True

    def _run(self) -> None:
        while True:
            work = self._work.get()
            try:
                work()
            except Exception:
                log.exception("what a crew was given failed", crew=self._name)
            # What it was about is not kept until the next comes.
            del work
