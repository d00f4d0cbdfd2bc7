"""What is due when: the ends of orders, and dead man's switches."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final

# Later than any time.
NEVER: Final = 1 << 63


class Clock:
    """Moments in microseconds since 1970, the earliest first.

    `due_us` is never later than the next thing to happen; it may be earlier, because what is
    cancelled stays in the heap until its time. A switch cancels all orders of its owner.
    """

    __slots__ = ("due_us", "heap", "switches")

    def __init__(self) -> None:
        self.due_us = NEVER
        # (when, order or 0 for a switch, owner)
        self.heap: list[tuple[int, int, int]] = []
        self.switches: dict[int, int] = {}

    def end_order(self, at_us: int, order_id: int, owner: int) -> None:
        """An order ends then."""
        self._push(at_us, order_id, owner)

    def end_state(self, at_us: int) -> None:
        """The market's own state ends then. Nobody has the number 0."""
        self._push(at_us, 0, 0)

    def set_switch(self, owner: int, at_us: int) -> None:
        """The owner's switch falls then, and not when it was to fall before."""
        self.switches[owner] = at_us
        self._push(at_us, 0, owner)

    def clear_switch(self, owner: int) -> None:
        """The owner's switch falls no more."""
        self.switches.pop(owner, None)

    def pop(self) -> tuple[int, int, int]:
        """Take out what is due first."""
        first = heappop(self.heap)
        self.due_us = self.heap[0][0] if self.heap else NEVER
        return first

    def until(self, at_us: int) -> list[tuple[int, int, int]]:
        """Everything due by then, in no particular sequence. It stays."""
        return [entry for entry in self.heap if entry[0] <= at_us] if self.due_us <= at_us else []

    def _push(self, at_us: int, order_id: int, owner: int) -> None:
        heappush(self.heap, (at_us, order_id, owner))
        self.due_us = self.heap[0][0]
