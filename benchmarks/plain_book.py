"""The least a price-time-priority book can do: the yardstick for the real one.

Integers only, no checks: no funds, fees, self-trade prevention or time in force. Levels are
queues in a dict, the best price is on a heap, and a cancelled order is emptied and passed over
when its turn comes.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

BUY, SELL = 0, 1

# An order: [id, side, price, what is left of it, user].
PlainOrder = list[int]


class PlainBook:
    __slots__ = ("heaps", "live", "orders", "queues")

    def __init__(self) -> None:
        self.queues: tuple[dict[int, deque[PlainOrder]], ...] = ({}, {})  # by side, then price
        self.live: tuple[dict[int, int], ...] = ({}, {})  # live orders in each queue
        self.heaps: tuple[list[int], list[int]] = ([], [])  # prices; those of bids negated
        self.orders: dict[int, PlainOrder] = {}

    @property
    def level_count(self) -> int:
        return sum(len(queues) for queues in self.queues)

    @property
    def live_level_count(self) -> int:
        return sum(count > 0 for live in self.live for count in live.values())

    def best(self, side: int) -> int | None:
        """The best price of a side; levels found empty on the way are dropped."""
        heap, live, sign = self.heaps[side], self.live[side], -1 if side == BUY else 1
        while heap:
            price = heap[0] * sign
            if live[price]:
                return price
            heappop(heap)
            del live[price], self.queues[side][price]
        return None

    def place(
        self, order_id: int, side: int, price: int, size: int, user: int
    ) -> list[tuple[int, int, int, int]]:
        """Match a limit order, rest what is left. Returns (maker, price, size, maker's user)."""
        fills: list[tuple[int, int, int, int]] = []
        other = 1 - side
        queues, live, heap = self.queues[other], self.live[other], self.heaps[other]
        sign, orders = -1 if other == BUY else 1, self.orders
        while size and heap:
            best = heap[0] * sign
            if best > price if side == BUY else best < price:
                break
            count = live[best]
            if count:
                queue = queues[best]
                while size and count:
                    maker = queue[0]
                    left = maker[3]
                    if left == 0:
                        queue.popleft()
                        continue
                    if left <= size:
                        size -= left
                        maker[3] = 0
                        queue.popleft()
                        count -= 1
                        del orders[maker[0]]
                        fills.append((maker[0], best, left, maker[4]))
                    else:
                        maker[3] = left - size
                        fills.append((maker[0], best, size, maker[4]))
                        size = 0
                live[best] = count
            if not count:
                heappop(heap)
                del queues[best], live[best]
        if size:
            order = orders[order_id] = [order_id, side, price, size, user]
            if price not in self.queues[side]:
                self.queues[side][price] = deque((order,))
                self.live[side][price] = 1
                heappush(self.heaps[side], -price if side == BUY else price)
            else:
                self.queues[side][price].append(order)
                self.live[side][price] += 1
        return fills

    def cancel(self, order_id: int) -> int | None:
        """Returns what was left of the order, None when it is not there."""
        order = self.orders.pop(order_id, None)
        if order is None:
            return None
        left, order[3] = order[3], 0
        self.live[order[1]][order[2]] -= 1
        return left
