"""What many requests ask at the same moment, asked once for all of them.

A request that finds nobody asking asks for itself at once. Whoever comes while it is under way
waits, and the first of them then asks for all who wait: alone nobody waits for anybody, and the
more come the less each of them costs. For requests that are carried in the event loop it is asked
there, by a carrier of its own.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from django.db import connection

from apps.accounts.carrying import Pause, aside, carrier_current, carry, resume

ASKED_MAX: Final = 100

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def connection_release() -> None:
    """Gives a pooled connection back: many may wait while few connections work."""
    if "pool" in connection.settings_dict["OPTIONS"] and not connection.in_atomic_block:
        connection.close()


class Together(Generic[Asked, Answer]):
    """`do` answers many questions, in their order. It is run by one at a time, and must be able to
    run carried: it asks the database by `rows_of`, and Redis by `redis_try`.

    An error of `do` is raised for everybody whom it was to answer. Where `is_undone` says of it
    that `do` did nothing, each of them asks `alone` instead, and keeps nobody else waiting.
    What `writes` is not to be asked again by a request that starts anew.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Asked]], Sequence[Answer]],
        *,
        alone: Callable[[Asked], Answer] | None = None,
        is_undone: Callable[[Exception], bool] = lambda error: False,
        writes: bool = False,
    ) -> None:
        self._do = do
        self._alone = alone or (lambda asked: do([asked])[0])
        self._is_undone = is_undone
        self._writes = writes
        self._lock = Lock()
        self._waiting: list[_Turn] = []
        self._is_led = False
        # In which loop it is led, if it is in one.
        self._led_in: AbstractEventLoop | None = None

    def ask(self, asked: Asked) -> Answer:
        """The answer to this one. Inside a transaction it is asked there, and alone."""
        carrier = carrier_current()
        if carrier is None and connection.in_atomic_block:
            return self._alone(asked)
        pause = Pause(carrier) if carrier else None
        mine = _Turn(asked, pause)
        with self._lock:
            self._waiting.append(mine)
            leads = not self._is_led or self._is_abandoned()
            if leads:
                self._is_led, self._led_in = True, carrier.loop if carrier else None
        if carrier is None or pause is None:
            self._ask_in_thread(mine, leads=leads)
        else:
            carrier.may_repeat &= not self._writes
            if leads:
                # Not before the loop has come round: others may come as well until then.
                carrier.loop.call_soon(carry, self._lead_in_loop)
            pause.wait()
        if mine.error is None:
            answer: Answer = mine.answer
            return answer
        if isinstance(mine.error, Exception) and self._is_undone(mine.error):
            return aside(lambda: self._alone(asked))
        raise mine.error

    def _ask_in_thread(self, mine: _Turn, *, leads: bool) -> None:
        if not leads:
            # Whoever leads may need it.
            connection_release()
            mine.called.acquire()
        if not mine.is_over:
            following = self._lead()
            if following is not None and following.pause:
                loop = following.pause.carrier.loop
                # A process that stops waits for nobody.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(carry, self._lead_in_loop)

    def _is_abandoned(self) -> bool:
        """Has the loop ended that somebody led in? They never come back."""
        return self._led_in is not None and self._led_in.is_closed()

    def _lead_in_loop(self) -> None:
        """Leads as long as whoever comes next is carried as well."""
        while self._lead() is not None:
            pass

    def _lead(self) -> _Turn | None:
        """Answers those who wait, and calls who leads next. Says who it is if they cannot lead."""
        with self._lock:
            turns, self._waiting = self._waiting[:ASKED_MAX], self._waiting[ASKED_MAX:]
        try:
            self._answer(turns)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_led = following is not None
                pause = following.pause if following is not None else None
                self._led_in = pause.carrier.loop if pause is not None else None
            if following is not None and not following.pause:
                following.called.release()
            for turn in turns:
                turn.is_over = True
                if not turn.pause:
                    turn.called.release()
            resume(turn.pause for turn in turns if turn.pause)
        return following if following is not None and following.pause else None

    def _answer(self, turns: Sequence[_Turn]) -> None:
        try:
            answers = self._do([turn.asked for turn in turns])
            for turn, answer in zip(turns, answers, strict=True):
                turn.answer = answer
        except BaseException as error:
            for turn in turns:
                turn.error = error


class _Turn:
    """One question. `called` is released when it is answered, or when it is to lead; what is
    carried has a `pause` in its place."""

    __slots__ = ("answer", "asked", "called", "error", "is_over", "pause")

    def __init__(self, asked: Any, pause: Pause | None) -> None:
        self.asked = asked
        self.answer: Any = None
        self.error: BaseException | None = None
        self.is_over = False
        self.pause = pause
        # A lock that is held: cheaper than an Event.
        self.called = Lock()
        self.called.acquire()
