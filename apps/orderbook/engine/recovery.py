"""Loading a market from the database: what the engine knows after a start, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from apps.orderbook.engine.book import Book, Order
from apps.orderbook.engine.command import terms_of
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.session import Connection, one

_MARKET: Final = """
SELECT p.id, p.code, p.base_id, p.quote_id, p.price_increment, p.size_increment, l.epoch,
    l.cursor, l.sequence, l.hash, l.event_number, l.trade_number, l.holes, l.holes_xmax
FROM orderbook_product p JOIN orderbook_productlease l ON l.product_id = p.id WHERE p.id = %s
"""
_FEE_OWNER: Final = "SELECT id FROM accounts_owner WHERE platform_name = %s"
_FEE_OWNER_CREATE: Final = (
    "INSERT INTO accounts_owner (platform_name) VALUES (%s) ON CONFLICT (platform_name) DO NOTHING"
)
_ORDERS: Final = """
SELECT id, owner_id, side, price, size, order_type, time_in_force, post_only, self_trade,
    maker_bps, taker_bps, filled_size, filled_notional, fees, hold, priority
FROM orderbook_order WHERE product_id = %s AND status = 1
"""


def market_load(connection: Connection, product_id: int) -> Market:
    """The market as its last committed batch left it. Its lease must be ours."""
    row = one(connection.execute(_MARKET, (product_id,)))
    (_, code, base, quote, price_increment, size_increment, epoch, cursor, sequence, hash_,
     event_number, trade_number, holes, bounds) = row  # fmt: skip
    book = Book(price_increment, size_increment)
    book.load(orders_open(connection, product_id), event_number, trade_number)
    return Market(
        id=product_id,
        code=code,
        base=base,
        quote=quote,
        fee_owner=_fee_owner(connection, code),
        epoch=epoch,
        book=book,
        cursor=cursor,
        sequence=sequence,
        hash=bytes(hash_),
        holes=dict(zip(holes, bounds, strict=True)),
    )


def orders_open(connection: Connection, product_id: int) -> Iterator[Order]:
    """The product's resting orders, in no particular sequence."""
    for row in connection.execute(_ORDERS, (product_id,)):
        yield _order(row)


def _order(row: tuple[Any, ...]) -> Order:
    (id_, owner, side, price, size, kind, time_in_force, post_only, self_trade, maker_bps,
     taker_bps, filled_size, filled_notional, fees, hold, priority) = row  # fmt: skip
    terms = terms_of(kind, time_in_force, post_only, self_trade, maker_bps, taker_bps)
    order = Order(id_, owner, owner, side, price, size, terms)
    order.remaining = size - filled_size
    order.filled_notional = filled_notional
    order.fees = fees
    order.hold = hold
    order.priority = priority
    return order


def _fee_owner(connection: Connection, code: str) -> int:
    """The owner of the product's fees: one per product, or engines would queue for its balance."""
    name = f"fees:{code}"
    connection.execute(_FEE_OWNER_CREATE, (name,))
    owner: int = one(connection.execute(_FEE_OWNER, (name,)))[0]
    return owner
