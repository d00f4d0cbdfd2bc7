"""What many ask at once is asked once; each gets its own answer, or its own error.

Some of them are threads, some are carried in an event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from apps.accounts.carrying import Pause, carrier_current, carry
from apps.accounts.together import ASKED_MAX, Together

AT_ONCE = 8
PATIENCE_S = 10


class Slow:
    """Doubles numbers. The first call goes on until `go`, so that others come meanwhile."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.began, self.go = Event(), Event()
        self._turn = Lock()

    def __call__(self, asked: Sequence[int]) -> list[int]:
        assert self._turn.acquire(blocking=False), "one thread at a time"
        self.calls.append(list(asked))
        self.began.set()
        assert self.go.wait(PATIENCE_S)
        self._turn.release()
        if -1 in asked:
            raise ValueError(asked)
        return [2 * number for number in asked]


def crowd(together: Together[int, int], slow: Slow, asked: Sequence[int]) -> list[object]:
    """What the first of these comes to, and all others who ask while it is under way."""

    def ask(number: int) -> object:
        try:
            return together.ask(number)
        except ValueError as error:
            return error

    with ThreadPoolExecutor(len(asked)) as pool:
        first = pool.submit(ask, asked[0])
        assert slow.began.wait(PATIENCE_S)
        others = [pool.submit(ask, number) for number in asked[1:]]
        while len(together._waiting) < len(asked) - 1:
            slow.go.wait(0.001)
        slow.go.set()
        return [found.result(PATIENCE_S) for found in (first, *others)]


def test_who_comes_alone_waits_for_nobody() -> None:
    slow = Slow()
    slow.go.set()
    together = Together(slow)
    assert [together.ask(number) for number in (1, 2)] == [2, 4]
    assert slow.calls == [[1], [2]]


def test_all_who_come_meanwhile_are_asked_for_at_once() -> None:
    slow = Slow()
    asked = list(range(AT_ONCE))
    assert crowd(Together(slow), slow, asked) == [2 * number for number in asked]
    first, others = slow.calls
    assert first == [0]
    assert sorted(others) == asked[1:]


def test_no_more_than_so_many_are_asked_for_at_once() -> None:
    slow = Slow()
    asked = list(range(ASKED_MAX + 3))
    assert crowd(Together(slow), slow, asked) == [2 * number for number in asked]
    assert [len(call) for call in slow.calls] == [1, ASKED_MAX, 2]


def test_an_error_is_everybodys_whom_it_kept_from_an_answer() -> None:
    slow = Slow()
    first, *others = crowd(Together(slow), slow, [5, 1, -1, 3])
    assert first == 10
    assert all(isinstance(found, ValueError) for found in others)
    assert len(slow.calls) == 2


def test_what_did_nothing_is_asked_by_each_alone_and_keeps_nobody_waiting() -> None:
    slow = Slow()
    alone: list[int] = []

    def ask_alone(number: int) -> int:
        alone.append(number)
        if number == -1:
            # Somebody else is answered while this one goes on.
            assert together.ask(7) == 14
            raise ValueError(number)
        return 2 * number

    together = Together(
        slow, alone=ask_alone, is_undone=lambda error: isinstance(error, ValueError)
    )
    five, one, wrong, three = crowd(together, slow, [5, 1, -1, 3])
    assert (five, one, three) == (10, 2, 6)
    assert isinstance(wrong, ValueError)
    assert sorted(alone) == [-1, 1, 3]


def test_it_goes_on_after_an_error() -> None:
    slow = Slow()
    slow.go.set()
    together = Together(slow)
    with pytest.raises(ValueError, match="-1"):
        together.ask(-1)
    assert together.ask(4) == 8


def carried(together: Together[int, int], slow: Slow, asked: Sequence[int]) -> list[object]:
    """The same as `crowd`, of requests that an event loop carries."""

    async def ask_all() -> list[object]:
        under_way = [carry(lambda number=number: together.ask(number)) for number in asked]
        # All of them wait by now: in one thread.
        slow.go.set()
        return await asyncio.wait_for(
            asyncio.gather(*under_way, return_exceptions=True), PATIENCE_S
        )

    # In a thread of its own: others keep a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(ask_all())).result()


def test_carried_requests_wait_in_one_thread_and_are_asked_for_at_once() -> None:
    slow = Slow()
    asked = list(range(AT_ONCE))
    assert carried(Together(slow), slow, asked) == [2 * number for number in asked]
    assert len(slow.calls) <= 2
    assert sorted(number for call in slow.calls for number in call) == asked


def test_a_carried_request_hears_of_its_error_or_asks_alone_in_a_thread() -> None:
    slow = Slow()
    (error,) = carried(Together(slow), slow, [-1])
    assert isinstance(error, ValueError)

    def ask_alone(number: int) -> int:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return 3 * number

    together = Together(Slow(), alone=ask_alone, is_undone=lambda error: True)
    together._do = lambda asked: [1 // 0]
    assert carried(together, Slow(), [5, 7]) == [15, 21]


def test_a_loop_that_ends_while_it_asks_keeps_nobody_waiting() -> None:
    def never(asked: Sequence[int]) -> list[int]:
        carrier = carrier_current()
        assert carrier is not None
        Pause(carrier).wait()
        return list(asked)

    async def leave() -> None:
        carry(lambda: together.ask(1))

    together = Together[int, int](never)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(leave())).result()
    slow = together._do = Slow()
    slow.go.set()
    assert together.ask(2) == 4
    assert carried(together, slow, [3, 4]) == [6, 8]


def test_threads_and_carried_requests_lead_for_each_other() -> None:
    slow = Slow()
    together = Together(slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(together.ask, 1)
        assert slow.began.wait(PATIENCE_S)
        last = pool.submit(together.ask, 2)
        while not together._waiting:
            slow.go.wait(0.001)
        # The second thread is to lead next, for the carried ones too.
        assert carried(together, slow, [3, 4]) == [6, 8]
        assert [first.result(PATIENCE_S), last.result(PATIENCE_S)] == [2, 4]
    assert slow.calls == [[1], [2, 3, 4]]
    slow.began.clear()
    slow.go.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(together.ask, 5)
        assert slow.began.wait(PATIENCE_S)
        assert carried(together, slow, [6]) == [12]
        assert first.result(PATIENCE_S) == 10
