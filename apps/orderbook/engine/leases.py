"""Who owns which product.

An engine that owns a product holds an advisory lock on it in its session: the lock vanishes with
the session, whatever ends it, and then another engine may take the product. The lock only says who
should try. What makes it safe is the epoch on the product's lease row: taking a product raises it,
and every batch checks it under a lock of that row.

Engines share the products evenly: each knows how many engines there are, takes no more than its
share and gives back what exceeds it. A session that holds locks but has been silent for
`SILENT_S_MAX` belongs to an engine that is paused or cut off (a healthy one asks for commands all
the time): its session is ended, which frees its products and undoes what it had begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from apps.orderbook.engine.session import Connection, array, one

# Advisory locks of two numbers: one of these, and a product's id or a session's process id.
PRODUCT_LOCK: Final = 0x0CC1
ENGINE_LOCK: Final = 0x0CC2

# With the time until somebody looks, and then looks again, a take-over stays below five seconds.
SILENT_S_MAX: Final = 3

_PRESENT: Final = "SELECT pg_advisory_lock(%s, pg_backend_pid())"
_LOCKS: Final = """
SELECT classid::int, objid::int, pid FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid IN (%s, %s)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_TRY: Final = "SELECT pg_try_advisory_lock(%s, %s::int)"
_RELEASE: Final = "SELECT pg_advisory_unlock(%s, %s::int)"
_TAKE: Final = """
UPDATE orderbook_productlease SET epoch = epoch + 1, engine = %s WHERE product_id = %s
RETURNING epoch
"""
_PRODUCTS: Final = "SELECT id FROM orderbook_product ORDER BY id"
# `ClientRead`: in the middle of a COPY whose rows do not come.
_END_SILENT: Final = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = ANY(%s::int[]) AND (state LIKE 'idle%%' OR wait_event = 'ClientRead')
    AND state_change < clock_timestamp() - make_interval(secs => %s)
"""


class LeaseLost(Exception):
    """Another engine owns these products now. Nothing was written."""

    def __init__(self, products: Sequence[int]) -> None:
        super().__init__(f"products {products}")
        self.products = products


@dataclass(frozen=True, slots=True)
class Landscape:
    """Which products there are, how many engines, and which session has which product."""

    products: tuple[int, ...]
    engines: int
    holders: dict[int, int]

    @property
    def free(self) -> list[int]:
        return [product for product in self.products if product not in self.holders]

    @property
    def share(self) -> int:
        """How many products each engine should have: rounded up, so that all are taken."""
        return -(-len(self.products) // max(self.engines, 1))


class Leases:
    """The leases of one session."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        connection.execute(_PRESENT, (ENGINE_LOCK,))

    def look(self) -> Landscape:
        products = tuple(id_ for (id_,) in self._connection.execute(_PRODUCTS))
        holders: dict[int, int] = {}
        engines = 0
        for class_, object_, pid in self._connection.execute(_LOCKS, (PRODUCT_LOCK, ENGINE_LOCK)):
            if class_ == ENGINE_LOCK:
                engines += 1
            else:
                holders[object_] = pid
        return Landscape(products, engines, holders)

    def take(self, product: int) -> int:
        """Try to take a free product: its new epoch, or 0 when somebody else was faster.

        What its former owner has under way ends first.
        """
        if not one(self._connection.execute(_TRY, (PRODUCT_LOCK, product)))[0]:
            return 0
        epoch: int = one(self._connection.execute(_TAKE, (self._name, product)))[0]
        return epoch

    def give_back(self, product: int) -> None:
        self._connection.execute(_RELEASE, (PRODUCT_LOCK, product))

    def end_silent(self, holders: Iterable[int]) -> list[int]:
        """End the sessions among these that hold products without a sign of life."""
        rows = self._connection.execute(_END_SILENT, (array(set(holders)), SILENT_S_MAX))
        return [pid for pid, ended in rows if ended]
