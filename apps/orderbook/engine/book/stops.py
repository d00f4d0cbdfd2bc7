"""Stop orders: they wait outside the depth until a trade reaches their price."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from apps.orderbook.engine.book.order import Order
from apps.orderbook.engine.book.words import ENTRY

# (stop price, priority, order); a priority is given once, so orders are never compared.
Parked: TypeAlias = tuple[int, int, Order]


class Stops:
    """Waiting orders by stop price, and those that a trade has just set off.

    Whatever one sweep of trades sets off goes by priority, behind what was set off before it.
    """

    __slots__ = ("entries", "losses", "triggered")

    def __init__(self) -> None:
        self.entries: list[Parked] = []
        self.losses: list[Parked] = []
        self.triggered: deque[Order] = deque()

    def __len__(self) -> int:
        return len(self.entries) + len(self.losses)

    def __iter__(self) -> Iterator[Order]:
        for parked in (self.entries, self.losses):
            for _, _, order in parked:
                yield order

    def add(self, order: Order) -> None:
        insort(self._queue(order), (order.terms.stop_price, order.priority, order))

    def remove(self, order: Order) -> None:
        queue = self._queue(order)
        place = bisect_left(queue, (order.terms.stop_price, order.priority))
        assert queue[place][2] is order
        del queue[place]

    def reached(self, low: int, high: int) -> list[Order]:
        """Who waits for a trade at any of these prices."""
        above = bisect_right(self.entries, high, key=_price)
        below = bisect_left(self.losses, low, key=_price)
        return [order for _, _, order in (*self.entries[:above], *self.losses[below:])]

    def trigger(self, one: int, other: int) -> None:
        """Trades went from one price to the other."""
        low, high = min(one, other), max(one, other)
        if reached := self.reached(low, high):
            for order in reached:
                self.remove(order)
            self.triggered.extend(sorted(reached, key=lambda order: order.priority))

    def take_back(self) -> None:
        """What was set off and has not come in waits again."""
        while self.triggered:
            self.add(self.triggered.popleft())

    def _queue(self, order: Order) -> list[Parked]:
        return self.entries if order.terms.stop == ENTRY else self.losses


def is_due(order: Order, last_price: int) -> bool:
    """Whether the last trade has already reached the price that a stop order would wait for."""
    if not last_price:
        return False
    if order.terms.stop == ENTRY:
        return last_price >= order.terms.stop_price
    return last_price <= order.terms.stop_price


def _price(parked: Parked) -> int:
    return parked[0]
