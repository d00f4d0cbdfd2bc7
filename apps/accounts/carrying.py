"""Requests that wait without a thread of their own.

A thread that is woken has to get the interpreter to itself first, and an order waits for others
again and again: most of what it takes would be being woken. Such a request is carried in the
event loop's thread instead, in a greenlet: it reads like any other, from top to bottom, and where
it waits the loop goes on with the next. Whoever has what it waits for tells the loop.

Nothing that is carried may block. Django refuses queries in a loop's thread; what needs one
nonetheless goes `aside`, to a thread. Each carried request has a context of its own, as each
thread has: its language and what its log lines say are nobody else's.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

import greenlet
from django.db import close_old_connections

from apps.accounts.crew import Crew

Made = TypeVar("Made")

# Threads in which is done what carried requests cannot do themselves.
ASIDE_THREADS: Final = 8


class Carrier(greenlet.greenlet):
    """What one request runs in. `may_repeat`: nothing was written so far."""

    def __init__(self, work: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(self._carry)
        self.gr_context = contextvars.copy_context()
        self.loop = loop
        self.done: asyncio.Future[Any] = loop.create_future()
        self.may_repeat = True
        self._work = work

    def _carry(self) -> None:
        try:
            made = self._work()
        except BaseException as error:
            if not self.done.done():
                self.done.set_exception(error)
        else:
            if not self.done.done():
                self.done.set_result(made)


class Pause:
    """One wait of what is carried. It ends once, whoever says so how often."""

    __slots__ = ("carrier", "is_over")

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.is_over = False

    def wait(self, timeout_s: float | None = None) -> None:
        """Called by what is carried. The loop goes on with others until this is over."""
        parent = self.carrier.parent
        assert parent is not None
        if timeout_s is None:
            parent.switch()
            return
        timer = self.carrier.loop.call_later(timeout_s, self.end)
        parent.switch()
        timer.cancel()

    def end(self) -> None:
        """In the loop's thread: what waits goes on."""
        if not self.is_over:
            self.is_over = True
            self.carrier.switch()


def carry(work: Callable[[], Made]) -> asyncio.Future[Made]:
    """Runs it in the loop's thread; it has gone on to where it first waits when this returns."""
    assert carrier_current() is None, "whoever is carried waits in the loop, not in another"
    carrier = Carrier(work, asyncio.get_running_loop())
    carrier.switch()
    return carrier.done


def carrier_current() -> Carrier | None:
    """What carries the caller; None in a thread of its own."""
    current = greenlet.getcurrent()
    return current if isinstance(current, Carrier) else None


def resume(pauses: Iterable[Pause]) -> None:
    """Ends them, from any thread."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Pause]] = {}
    for pause in pauses:
        by_loop.setdefault(pause.carrier.loop, []).append(pause)
    here = asyncio._get_running_loop()
    for loop, ended in by_loop.items():
        # A process that stops waits for nobody.
        with suppress(RuntimeError):
            call_soon = loop.call_soon if loop is here else loop.call_soon_threadsafe
            call_soon(_end_all, ended)


def _end_all(pauses: Iterable[Pause]) -> None:
    for pause in pauses:
        pause.end()


def aside(work: Callable[[], Made]) -> Made:
    """What it returns, done in a thread if the caller is carried."""
    carrier = carrier_current()
    if carrier is None:
        return work()
    pause, made = Pause(carrier), Future[Made]()
    run = contextvars.copy_context().run

    def done() -> None:
        try:
            made.set_result(run(work))
        except BaseException as error:
            made.set_exception(error)
        finally:
            close_old_connections()
            resume([pause])

    _crew.do(done)
    pause.wait()
    return made.result()


_crew: Final = Crew(ASIDE_THREADS, "aside")
