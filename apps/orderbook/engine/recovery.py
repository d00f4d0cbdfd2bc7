"""Loading a market from the database: what the engine knows after a start, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from apps.orderbook.engine.book import Book, Order, Rules
from apps.orderbook.engine.command import terms_of
from apps.orderbook.engine.journal import STATES
from apps.orderbook.engine.leases import LeaseLost
from apps.orderbook.engine.levels import levels_rebuild
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.session import Connection, one
from apps.orderbook.ids import id_first

_PRODUCT: Final = f"""
SELECT p.id, p.code, p.base_id, p.quote_id, p.price_increment, p.size_increment, l.epoch,
    l.cursor, l.sequence, l.hash, l.event_number, l.trade_number, l.holes, l.holes_xmax,
    p.state, coalesce((extract(epoch FROM p.state_until) * 1000000)::bigint, 0), l.window_price,
    l.window_until_us, ARRAY[{", ".join(f"p.{name}" for name in Rules._fields)}]::bigint[]
FROM orderbook_product p JOIN orderbook_productlease l ON l.product_id = p.id WHERE p.id = %s
"""  # noqa: S608
_LEASE: Final = """
SELECT 1 FROM orderbook_productlease WHERE product_id = %s AND epoch = %s FOR NO KEY UPDATE
"""
_FEE_OWNER: Final = "SELECT id FROM accounts_owner WHERE platform_name = %s"
_FEE_OWNER_CREATE: Final = (
    "INSERT INTO accounts_owner (platform_name) VALUES (%s) ON CONFLICT (platform_name) DO NOTHING"
)
_ORDERS: Final = """
SELECT id, owner_id, coalesce(entity_id, owner_id), side, price, size, funds, order_type,
    time_in_force, post_only, self_trade, maker_bps, taker_bps, stop, stop_price,
    (extract(epoch FROM expires_at) * 1000000)::bigint, display_size, slippage_bps,
    parked, hidden, filled_size, filled_notional, fees, hold, priority
FROM orderbook_order WHERE product_id = %s AND status = 1
"""
_LAST_PRICE: Final = "SELECT price FROM orderbook_fill WHERE id = %s"
_SWITCHES: Final = """
SELECT owner_id, (extract(epoch FROM falls_at) * 1000000)::bigint
FROM orderbook_switch WHERE product_id = %s
"""


# Orders that are fetched in one go.
PAGE: Final = 5_000


class Progress(NamedTuple):
    """A product and how far its journal has come, as its last committed batch left it."""

    id: int
    code: str
    base: int
    quote: int
    price_increment: int
    size_increment: int
    epoch: int
    cursor: int
    sequence: int
    hash: bytes
    event_number: int
    trade_number: int
    holes: list[int]
    holes_xmax: list[int]
    state: str
    state_until_us: int
    window_price: int
    window_until_us: int
    rules: list[int]


def progress_read(connection: Connection, product_id: int) -> Progress:
    return Progress(*one(connection.execute(_PRODUCT, (product_id,))))


def book_load(connection: Connection, progress: Progress) -> Book:
    """The product's book as its tables have it."""
    book = Book(progress.price_increment, progress.size_increment)
    last = id_first(progress.id) + progress.trade_number
    row = connection.execute(_LAST_PRICE, (last,)).fetchone()
    book.load(
        orders_open(connection, progress.id),
        progress.event_number,
        progress.trade_number,
        last_price=row[0] if row else 0,
        switches=connection.execute(_SWITCHES, (progress.id,)).fetchall(),
        state=STATES.index(progress.state),
        until_us=progress.state_until_us,
        rules=Rules(*progress.rules),
        window=(progress.window_price, progress.window_until_us),
    )
    return book


def market_load(connection: Connection, product_id: int, epoch: int) -> Market:
    """The market as its last committed batch left it, its levels made anew.

    Raises LeaseLost unless the lease is still that of this epoch.
    """
    with connection.transaction():
        if connection.execute(_LEASE, (product_id, epoch)).fetchone() is None:
            raise LeaseLost([product_id])
        levels_rebuild(connection, product_id)
        progress = progress_read(connection, product_id)
        book = book_load(connection, progress)
    return Market(
        id=product_id,
        code=progress.code,
        base=progress.base,
        quote=progress.quote,
        fee_owner=_fee_owner(connection, progress.code),
        epoch=progress.epoch,
        book=book,
        cursor=progress.cursor,
        sequence=progress.sequence,
        hash=progress.hash,
        holes=dict(zip(progress.holes, progress.holes_xmax, strict=True)),
    )


def orders_open(connection: Connection, product_id: int) -> Iterator[Order]:
    """The product's resting orders, in no particular sequence.

    They come in pages: each is a sign of life, however many there are.
    """
    with connection.transaction(), connection.cursor(name="orders") as cursor:
        cursor.itersize = PAGE
        for row in cursor.execute(_ORDERS, (product_id,)):
            yield _order(row)


def _order(row: tuple[Any, ...]) -> Order:
    (id_, owner, entity, side, price, size, funds, kind, time_in_force, post_only, self_trade,
     maker_bps, taker_bps, stop, stop_price, expires_us, display_size, slippage_bps, parked,
     hidden, filled_size, filled_notional, fees, hold, priority) = row  # fmt: skip
    terms = terms_of(
        kind, time_in_force, post_only, self_trade, maker_bps, taker_bps, stop, stop_price,
        expires_us, display_size, slippage_bps,
    )  # fmt: skip
    order = Order(id_, owner, entity, side, price or 0, size or 0, terms, funds)
    order.remaining -= filled_size + hidden
    order.hidden = hidden
    order.parked = parked
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
