"""Public market data: the book, trades, candles and the last day, straight from the tables.

Prices are quote micro-units per whole base unit, sizes and volumes base micro-units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from apps.orderbook.engine.book.auction import Clearing, clearing_of
from apps.orderbook.engine.candles import GRANULARITIES_S
from apps.orderbook.ids import id_first, id_last
from apps.orderbook.models import Fill, Product
from apps.orderbook.models.enums import OrderStatus, Side
from apps.orderbook.paging import Page, Window

CANDLES_MAX: Final = 300
DAY: Final = timedelta(days=1)
MONTH: Final = timedelta(days=30)

# One statement is one snapshot: what rests and the sequence that it stands at belong together.
_LEVELS: Final = """
SELECT lease.sequence, level.side, level.price, level.size, level.orders
FROM orderbook_productlease lease
LEFT JOIN orderbook_level level ON level.product_id = lease.product_id AND level.orders > 0
WHERE lease.product_id = %(product)s
ORDER BY level.side, CASE level.side WHEN 0 THEN -level.price ELSE level.price END
"""

# An auction counts what icebergs have out of sight, as the engine will.
_AUCTION: Final = """
SELECT side, price, sum(size - filled_size)::bigint FROM orderbook_order
WHERE product_id = %(product)s AND status = %(open)s AND NOT parked
GROUP BY side, price ORDER BY side, CASE side WHEN 0 THEN -price ELSE price END
"""

_ORDERS: Final = """
SELECT lease.sequence, o.side, o.price, o.size - o.filled_size - o.hidden, o.id
FROM orderbook_productlease lease
LEFT JOIN orderbook_order o ON o.product_id = lease.product_id AND o.status = %(open)s
    AND NOT o.parked
WHERE lease.product_id = %(product)s
ORDER BY o.side, CASE o.side WHEN 0 THEN -o.price ELSE o.price END, o.priority
"""

_BEST_AND_VOLUME: Final = """
SELECT max(price) FILTER (WHERE side = 0), min(price) FILTER (WHERE side = 1),
       (SELECT coalesce(sum(volume), 0)::bigint FROM orderbook_candle
        WHERE product_id = %(product)s AND granularity_s = 60 AND start_s > %(day_s)s)
FROM orderbook_level WHERE product_id = %(product)s AND orders > 0
"""

_CANDLES: Final = """
SELECT start_s, low, high, open, close, volume FROM orderbook_candle
WHERE product_id = %(product)s AND granularity_s = %(step_s)s
    AND start_s >= %(start_s)s AND start_s < %(end_s)s
ORDER BY start_s DESC LIMIT %(limit)s
"""

# The newest first, as the candles are. One probe of the key for each market.
_SPARK_LINES: Final = """
SELECT p.id, c.start_s, c.low, c.high, c.open, c.close, c.volume
FROM orderbook_product p JOIN orderbook_candle c ON c.product_id = p.id
    AND c.granularity_s = 3600 AND c.start_s > %(since_s)s
ORDER BY p.id, c.start_s DESC
"""

# Minutes and hours that began within the last day and month.
_STATS: Final = """
WITH day AS (
    SELECT start_s, open, low, high, volume FROM orderbook_candle
    WHERE product_id = %(product)s AND granularity_s = 60 AND start_s > %(day_s)s
)
SELECT (SELECT open FROM day ORDER BY start_s LIMIT 1), (SELECT max(high) FROM day),
       (SELECT min(low) FROM day),
       (SELECT price FROM orderbook_fill WHERE id BETWEEN %(first)s AND %(last)s
        ORDER BY id DESC LIMIT 1),
       (SELECT coalesce(sum(volume), 0)::bigint FROM day),
       (SELECT coalesce(sum(volume), 0)::bigint FROM orderbook_candle
        WHERE product_id = %(product)s AND granularity_s = 3600 AND start_s > %(month_s)s)
"""


class Level(NamedTuple):
    """`size` in so many `orders` at `price`."""

    price: int
    size: int
    orders: int


class Resting(NamedTuple):
    """What is left of one order."""

    price: int
    size: int
    order_id: int


@dataclass(frozen=True, slots=True)
class Book:
    """Both sides, best first, as they stood at `sequence` of the market data feed."""

    sequence: int
    bids: Sequence[Level]
    asks: Sequence[Level]


@dataclass(frozen=True, slots=True)
class Auction:
    """Where an auction stands: its price and size if it ended now, None when nothing trades."""

    clearing: Clearing | None
    ends_at: datetime | None

    @property
    def can_open(self) -> bool:
        return self.clearing is not None


@dataclass(frozen=True, slots=True)
class FullBook:
    """Every open order by priority, as they stood at `sequence`."""

    sequence: int
    bids: Sequence[Resting]
    asks: Sequence[Resting]


@dataclass(frozen=True, slots=True)
class Stats:
    """The last 24 hours; prices are None while there was no trade in them (`last`: ever)."""

    open: int | None
    high: int | None
    low: int | None
    last: int | None
    volume: int
    volume_month: int


@dataclass(frozen=True, slots=True)
class Ticker:
    """The last trade, the best prices and the last day's volume."""

    trade: Fill | None
    bid: int | None
    ask: int | None
    volume: int


class Candle(NamedTuple):
    """Trades of the time from `start_s` (seconds since 1970) on."""

    start_s: int
    low: int
    high: int
    open: int
    close: int
    volume: int


def book(product: Product) -> Book:
    """The book by price level."""
    rows = _rows(_LEVELS, product)
    bids, asks = ([Level(*row[2:]) for row in rows if row[1] == side] for side in Side)
    return Book(rows[0][0], bids, asks)


def auction(product: Product) -> Auction:
    """The indicative price and size of the auction that the market is in."""
    with connection.cursor() as cursor:
        cursor.execute(_AUCTION, {"product": product.pk, "open": OrderStatus.OPEN})
        rows = cursor.fetchall()
    bids, asks = (
        [(price, size) for side, price, size in rows if side == wanted]
        for wanted in (Side.BUY, Side.SELL)
    )
    last = trade_last(product)
    return Auction(clearing_of(bids, asks, last.price if last else 0), product.state_until)


def book_full(product: Product) -> FullBook:
    """The book order by order."""
    rows = _rows(_ORDERS, product)
    bids, asks = ([Resting(*row[2:]) for row in rows if row[1] == side] for side in Side)
    return FullBook(rows[0][0], bids, asks)


def ticker(product: Product) -> Ticker:
    """The market in one line."""
    ((bid, ask, volume),) = _rows(_BEST_AND_VOLUME, product, day_s=_ago_s(DAY))
    return Ticker(trade=trade_last(product), bid=bid, ask=ask, volume=volume)


def stats(product: Product) -> Stats:
    """The last day, to the minute, and the last month, to the hour. From their candles."""
    (row,) = _rows(_STATS, product, day_s=_ago_s(DAY), month_s=_ago_s(MONTH))
    return Stats(*row)


def trade_last(product: Product) -> Fill | None:
    """The latest trade."""
    return _fills(product).first()


def trades(product: Product, window: Window) -> Page[Fill]:
    """Trades, latest first, by trade id."""
    found = _fills(product)
    if window.after is not None:
        found = found.filter(pk__lt=id_first(product.pk) + window.after)
    if window.before is not None:
        found = found.filter(pk__gt=id_first(product.pk) + window.before)
    return Page.of(list(found[: window.limit]))


def candles(
    product: Product, *, granularity_s: int, start: datetime, end: datetime
) -> list[Candle]:
    """Candles that start in `[start, end)`, latest first; none for a time without trades."""
    assert granularity_s in GRANULARITIES_S
    span = {"start_s": ceil(start.timestamp()), "end_s": ceil(end.timestamp())}
    rows = _rows(_CANDLES, product, step_s=granularity_s, limit=CANDLES_MAX, **span)
    return [Candle(*row) for row in rows]


def spark_lines() -> dict[int, list[Candle]]:
    """Hourly candles of the last day by product, latest first, of every market that traded."""
    lines: dict[int, list[Candle]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SPARK_LINES, {"since_s": _ago_s(DAY)})
        for product_id, *candle in cursor.fetchall():
            lines.setdefault(product_id, []).append(Candle(*candle))
    return lines


def _ago_s(age: timedelta) -> int:
    return int((timezone.now() - age).timestamp())


def _fills(product: Product) -> QuerySet[Fill]:
    return Fill.objects.filter(pk__gte=id_first(product.pk), pk__lte=id_last(product.pk)).order_by(
        "-pk"
    )


def _rows(query: str, product: Product, **values: Any) -> list[tuple[Any, ...]]:
    parameters = {
        "product": product.pk,
        "first": id_first(product.pk),
        "last": id_last(product.pk),
        "open": OrderStatus.OPEN,
        **values,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
