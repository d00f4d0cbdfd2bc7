"""What many requests ask at the same moment, asked once for all of them.

A request that finds nobody asking asks for itself at once. Whoever comes while it is under way
waits, and the first of them then asks for all who wait: alone nobody waits for anybody, and the
more come the less each of them costs. For requests that are carried in the event loop a thread
asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from django.db import close_old_connections, connection

from apps.accounts.carrying import Pause, aside, carrier_current, resume
from apps.accounts.crew import Crew

ASKED_MAX: Final = 100
# As many questions may be under way for carried requests at the same moment.
ASKING_THREADS: Final = 6

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def connection_release() -> None:
    """Gives a pooled connection back: many may wait while few connections work."""
    if "pool" in connection.settings_dict["OPTIONS"] and not connection.in_atomic_block:
        connection.close()


class Together(Generic[Asked, Answer]):
    """`do` answers many questions, in their order. It is run by one thread at a time.

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

    def ask(self, asked: Asked) -> Answer:
        """The answer to this one. Inside a transaction it is asked there, and alone."""
        carrier = carrier_current()
        if carrier is None and connection.in_atomic_block:
            return self._alone(asked)
        pause = Pause(carrier) if carrier else None
        mine = _Turn(asked, pause)
        with self._lock:
            self._waiting.append(mine)
            leads, self._is_led = not self._is_led, True
        if carrier is None or pause is None:
            self._ask_in_thread(mine, leads=leads)
        else:
            carrier.may_repeat &= not self._writes
            if leads:
                _crew.do(self._lead_for_carried)
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
            if following is not None:
                _crew.do(self._lead_for_carried)

    def _lead_for_carried(self) -> None:
        """Leads as long as whoever comes next cannot."""
        try:
            while self._lead() is not None:
                # As long as requests come, this is not over: a connection may be.
                if connection.errors_occurred:
                    close_old_connections()
        finally:
            close_old_connections()

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


_crew: Final = Crew(ASKING_THREADS, "asking")
