"""One side of a book: price levels in order, and the orders of each level in theirs."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from typing import Final

from apps.orderbook.engine.book.order import Order
from apps.orderbook.engine.book.words import BUY

# A level is swept when the cancelled orders still in its queue outnumber this and the live ones.
SWEEP_AT: Final = 32

# Worse than any level: an order with this limit takes whatever there is.
LAST_LEVEL: Final = -(1 << 64)


class Level:
    """The orders at one price, first come first. `size` is the sum of what they have left.

    A cancelled order stays in the queue, marked done, until it is met or swept: finding it in
    the middle of a queue would cost more than passing over it once.
    """

    __slots__ = ("count", "price", "queue", "size")

    def __init__(self, price: int) -> None:
        self.price = price
        self.queue: deque[Order] = deque()
        self.count = 0
        self.size = 0


class Ladder:
    """The levels of one side, best last: a level's `key` is its price, negated for sells.

    With keys, "at least as good as the limit" reads `key >= limit_key` on both sides.
    """

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, side: int) -> None:
        self.sign = 1 if side == BUY else -1
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    @property
    def best(self) -> int | None:
        """The best price, or None when the side is empty."""
        return self.keys[-1] * self.sign if self.keys else None

    def add(self, order: Order) -> None:
        """Queue an order behind all others of its price."""
        key = order.price * self.sign
        level = self.levels.get(key) or self.open(key)
        level.queue.append(order)
        level.count += 1
        level.size += order.remaining

    def open(self, key: int) -> Level:
        """A new level, empty for the moment."""
        level = self.levels[key] = Level(key * self.sign)
        insort(self.keys, key)
        return level

    def remove(self, order: Order) -> None:
        """Take out an order that is already marked done and still has its `remaining`."""
        key = order.price * self.sign
        level = self.levels[key]
        level.size -= order.remaining
        level.count -= 1
        if not level.count:
            self.drop(key)
        elif len(level.queue) > 2 * level.count + SWEEP_AT:
            level.queue = deque(live for live in level.queue if not live.done)

    def drop(self, key: int) -> None:
        """Forget a level that has no live order left."""
        del self.levels[key]
        if self.keys[-1] == key:
            self.keys.pop()
        else:
            del self.keys[bisect_left(self.keys, key)]

    def walk(self, limit_key: int = LAST_LEVEL) -> Iterator[Order]:
        """Live orders by priority, best price first, as far as the limit."""
        for key in reversed(self.keys):
            if key < limit_key:
                return
            for order in self.levels[key].queue:
                if not order.done:
                    yield order
