"""The open orders of a book: by id, and by owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from apps.orderbook.engine.book.order import Order

# What is listed by owner is listed anew once it outnumbers twice what is open, and this.
SPARE: Final = 1_000


class OpenOrders:
    """Everything that rests or waits. `by_id` holds open orders alone, the last to come in last.

    Every trade ends orders, but hardly anybody asks for all those of one owner. So they are listed
    by owner only when somebody asks, and what is done stays listed until then.
    """

    __slots__ = ("_by_owner", "_listed", "_spare", "by_id")

    def __init__(self, spare: int = SPARE) -> None:
        self.by_id: dict[int, Order] = {}
        self._by_owner: defaultdict[int, set[int]] = defaultdict(set)
        self._listed = 0
        self._spare = spare

    def __len__(self) -> int:
        return len(self.by_id)

    def add(self, order: Order) -> None:
        self.by_id[order.id] = order

    def get(self, owner: int, order_id: int) -> Order | None:
        """An open order, if it is this owner's."""
        order = self.by_id.get(order_id)
        return order if order is not None and order.owner == owner else None

    def remove(self, order: Order) -> None:
        """Take an order out. It may come in again."""
        del self.by_id[order.id]
        if order.id in self._by_owner.get(order.owner, ()):
            self._by_owner[order.owner].remove(order.id)
            self._listed -= 1

    def of(self, owner: int) -> list[Order]:
        """All open orders of an owner by id."""
        self._list()
        listed = self._by_owner.pop(owner, set())
        if ids := {id_ for id_ in listed if id_ in self.by_id}:
            self._by_owner[owner] = ids
        self._listed += len(ids) - len(listed)
        return [self.by_id[id_] for id_ in sorted(ids)]

    def owners(self) -> Iterator[int]:
        """Everybody who has an open order, some repeatedly."""
        return (order.owner for order in self.by_id.values())

    def _list(self) -> None:
        """List what has come in since the last time."""
        if self._listed > 2 * len(self.by_id) + self._spare:
            self._by_owner.clear()
            self._listed = 0
        for id_, order in reversed(self.by_id.items()):
            owned = self._by_owner[order.owner]
            if id_ in owned:
                return
            owned.add(id_)
            self._listed += 1
