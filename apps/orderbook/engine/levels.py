"""What can be seen at each price, as rows beside the orders: reading a book is reading these.

A batch writes the levels that it touched, as the book has them at its end. Whoever takes a market
makes all of them anew from the orders, which clears away those that have become empty.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from apps.orderbook.engine.book import Book
from apps.orderbook.engine.session import Connection, array
from apps.orderbook.engine.wire import Wire

_SET: Final = """
INSERT INTO orderbook_level (product_id, side, price, size, orders)
SELECT %s::bigint, v.side, v.price, v.size, v.orders
FROM unnest(%s::smallint[], %s::bigint[], %s::bigint[], %s::int[]) AS v (side, price, size, orders)
ON CONFLICT (product_id, side, price) DO UPDATE SET size = excluded.size, orders = excluded.orders
"""
_CLEAR: Final = "DELETE FROM orderbook_level WHERE product_id = %s"
# What of an order is in sight: an iceberg's `hidden` part and a stop order that waits are not.
OF_ORDERS: Final = """
SELECT product_id, side, price, sum(size - filled_size - hidden)::bigint AS size,
    count(*)::int AS orders
FROM orderbook_order WHERE status = 1 AND NOT parked
"""
_AGAIN: Final = f"""
INSERT INTO orderbook_level (product_id, side, price, size, orders)
{OF_ORDERS} AND product_id = %s GROUP BY product_id, side, price
"""


def levels_write(
    wire: Wire, product_id: int, book: Book, touched: Collection[tuple[int, int]]
) -> None:
    """Say these levels of the book, each a side and a price, as they are now."""
    ladders = book.bids, book.asks
    found = [ladders[side].levels.get(price * ladders[side].sign) for side, price in touched]
    sides, prices = zip(*touched, strict=True)
    sizes = array(level.size if level else 0 for level in found)
    counts = array(level.count if level else 0 for level in found)
    wire.say(_SET, (product_id, array(sides), array(prices), sizes, counts))


def levels_rebuild(connection: Connection, product_id: int) -> None:
    """Make a product's levels anew from its orders. Its lease must be ours."""
    connection.execute(_CLEAR, (product_id,))
    connection.execute(_AGAIN, (product_id,))
