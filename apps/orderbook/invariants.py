"""What must always be true of the order book, recomputed from its rows.

Each function yields one line for each thing that is broken and nothing when all is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection

from apps.orderbook.engine.book.money import hold_of
from apps.orderbook.engine.candles import GROUPED, OF_FILLS
from apps.orderbook.engine.levels import OF_ORDERS
from apps.orderbook.engine.months import ARCHIVED_UNTIL
from apps.orderbook.models import Order
from apps.orderbook.models.enums import OrderStatus, Side

_ORDERS_AND_FILLS: Final = """
WITH filled AS (
    SELECT order_id, sum(size) AS size, sum(notional) AS notional, sum(fee) AS fees FROM (
        SELECT maker_order_id AS order_id, size, notional, maker_fee AS fee FROM orderbook_fill
        UNION ALL
        SELECT taker_order_id, size, notional, taker_fee FROM orderbook_fill
    ) sides GROUP BY order_id
)
SELECT coalesce(o.id, f.order_id) FROM orderbook_order o
FULL JOIN filled f ON f.order_id = o.id
WHERE (coalesce(o.filled_size, 0), coalesce(o.filled_notional, 0), coalesce(o.fees, 0))
    <> (coalesce(f.size, 0), coalesce(f.notional, 0), coalesce(f.fees, 0))
ORDER BY 1
"""
# A command is decided once it is at or below the cursor and in no hole, and then exactly once.
_COMMANDS_AND_EVENTS: Final = f"""
SELECT l.product_id, c.id, count(e.id) FROM orderbook_productlease l
JOIN orderbook_command c ON c.id >= l.product_id << 40 AND c.id < (l.product_id + 1) << 40
LEFT JOIN orderbook_event e ON e.command_id = c.id
WHERE c.created_at >= {ARCHIVED_UNTIL}
GROUP BY l.product_id, c.id
HAVING count(e.id) <> (c.id <= l.cursor AND c.id <> ALL (l.holes))::int
ORDER BY c.id
"""  # noqa: S608
_NUMBERS: Final = """
SELECT l.product_id, l.{counter}, gone.number + count(e.id),
    coalesce(max(e.id) - (l.product_id << 40), gone.number)
FROM orderbook_productlease l
CROSS JOIN LATERAL ({gone}) gone (number)
LEFT JOIN {table} e
    ON e.id > (l.product_id << 40) + gone.number AND e.id < (l.product_id + 1) << 40
GROUP BY l.product_id, gone.number
HAVING gone.number + count(e.id) <> l.{counter}
    OR coalesce(max(e.id) - (l.product_id << 40), gone.number) <> l.{counter}
ORDER BY 1
"""
_ARCHIVED: Final = """
SELECT coalesce(max(last_number), 0) FROM orderbook_journalarchive a
WHERE a.product_id = l.product_id
"""
_COUNTED: Final = {
    "events": _NUMBERS.format(table="orderbook_event", counter="event_number", gone=_ARCHIVED),
    "trades": _NUMBERS.format(table="orderbook_fill", counter="trade_number", gone="SELECT 0"),
}
_PLACED_AND_ORDERS: Final = f"""
SELECT coalesce(c.id, o.id)
FROM (SELECT id FROM orderbook_order WHERE created_at >= {ARCHIVED_UNTIL}) o
FULL JOIN (
    SELECT c.id FROM orderbook_command c JOIN orderbook_event e ON e.command_id = c.id
    WHERE c.kind = 1 AND c.created_at >= {ARCHIVED_UNTIL}
) c ON c.id = o.id
WHERE c.id IS NULL OR o.id IS NULL ORDER BY 1
"""  # noqa: S608
# Rows that no month's table takes; they cannot be archived.
_OUTSIDE_MONTHS: Final = """
SELECT id >> 40, count(*) FROM orderbook_event_other GROUP BY 1 ORDER BY 1
"""

_LEVELS: Final = f"""
SELECT coalesce(l.product_id, o.product_id), coalesce(l.side, o.side), coalesce(l.price, o.price)
FROM (SELECT * FROM orderbook_level WHERE orders > 0 OR size <> 0) l
FULL JOIN ({OF_ORDERS} GROUP BY product_id, side, price) o
    ON (o.product_id, o.side, o.price) = (l.product_id, l.side, l.price)
WHERE (l.size, l.orders) IS DISTINCT FROM (o.size, o.orders) ORDER BY 1, 2, 3
"""  # noqa: S608

_CANDLES: Final = f"""
SELECT coalesce(c.product_id, f.product_id), coalesce(c.granularity_s, f.granularity_s),
    coalesce(c.start_s, f.start_s)
FROM orderbook_candle c FULL JOIN ({OF_FILLS} {GROUPED}) f
    ON (f.product_id, f.granularity_s, f.start_s) = (c.product_id, c.granularity_s, c.start_s)
WHERE (c.low, c.high, c.open, c.close, c.volume, c.trades)
    IS DISTINCT FROM (f.low, f.high, f.open, f.close, f.volume, f.trades) ORDER BY 1, 2, 3
"""  # noqa: S608

# What the fee account of a market got and gave, beside what its fills and its quotes say.
_FEES: Final = """
WITH paid AS (
    SELECT balance, sum(amount)::bigint AS amount FROM (
        SELECT to_balance_id AS balance, amount FROM accounts_transfer WHERE kind = 2
        UNION ALL
        SELECT from_balance_id, -amount FROM accounts_transfer WHERE kind = 2
    ) moved GROUP BY balance
)
SELECT p.id, coalesce(paid.amount, 0), coalesce(due.amount, 0) + coalesce(quoted.amount, 0)
FROM orderbook_product p
LEFT JOIN accounts_owner o ON o.platform_name = 'fees:' || p.code
LEFT JOIN accounts_balance b ON b.owner_id = o.id AND b.asset_id = p.quote_id
LEFT JOIN paid ON paid.balance = b.id
LEFT JOIN LATERAL (
    SELECT sum(f.maker_fee + f.taker_fee)::bigint AS amount FROM orderbook_fill f
    WHERE f.id >= p.id << 40 AND f.id < (p.id + 1) << 40
) due ON true
LEFT JOIN LATERAL (
    SELECT sum(s.fees + s.maker_fees)::bigint AS amount FROM orderbook_bulkstep s
    WHERE s.product_id = p.id AND s.quote_line_id IS NOT NULL
) quoted ON true
WHERE coalesce(paid.amount, 0) <> coalesce(due.amount, 0) + coalesce(quoted.amount, 0) ORDER BY 1
"""
# The last sum of each owner is all that was traded in fills that are counted.
_VOLUMES: Final = """
WITH counted AS (
    SELECT p.quote_id AS asset, side.owner, sum(f.notional)::bigint AS total
    FROM orderbook_volumecursor c
    JOIN orderbook_product p ON p.id = c.product_id
    JOIN orderbook_fill f ON f.id > p.id << 40 AND f.id <= (p.id << 40) + c.trades
    CROSS JOIN LATERAL (VALUES (f.maker_owner_id), (f.taker_owner_id)) AS side (owner)
    GROUP BY 1, 2
), written AS (
    SELECT DISTINCT ON (asset_id, owner_id) asset_id AS asset, owner_id AS owner, total
    FROM orderbook_volume ORDER BY asset_id, owner_id, day DESC
)
SELECT coalesce(c.owner, w.owner), coalesce(w.total, 0), coalesce(c.total, 0) FROM counted c
FULL JOIN written w ON w.asset = c.asset AND w.owner = c.owner
WHERE coalesce(w.total, 0) <> coalesce(c.total, 0) ORDER BY 1
"""


def fees_reach_their_account() -> Iterator[str]:
    """The fee account of a market has got, less the rebates it gave, what its fills say."""
    for product, paid, due in _rows(_FEES):
        yield f"product {product}: its fee account got {paid}, the fills say {due}"


def volumes_equal_their_fills() -> Iterator[str]:
    """What owners have traded, by the volumes that tiers go by, is what the counted fills say."""
    for owner, written, counted in _rows(_VOLUMES):
        yield f"owner {owner}: volume {written}, the fills say {counted}"


def holds_follow_the_rule() -> Iterator[str]:
    """An open order holds what the book's own rule says for what remains of it."""
    for order in Order.objects.filter(status=OrderStatus.OPEN).order_by("id").iterator():
        rule = _hold_of(order)
        if order.hold != rule:
            yield f"order {order.pk}: holds {order.hold}, the rule says {rule}"


def _hold_of(order: Order) -> int:
    """A stop order without a price holds what it sells, or the money it spends."""
    remaining = (order.size or 0) - order.filled_size
    if order.parked and order.price is None:
        return remaining if order.side == Side.SELL else order.funds or 0
    return hold_of(order.side, order.price or 0, remaining, order.taker_bps)


def orders_equal_their_fills() -> Iterator[str]:
    """What an order says it has filled, for how much and at which fees is the sum of its fills."""
    for (order,) in _rows(_ORDERS_AND_FILLS):
        yield f"order {order}: is not the sum of its fills"


def commands_are_decided_once() -> Iterator[str]:
    """Each command that the engine has passed has one event, no other has one."""
    said = ("was passed without an event", "has an event but was not reached")
    for product, command, events in _rows(_COMMANDS_AND_EVENTS):
        wrong = said[events] if events < len(said) else f"has {events} events"
        yield f"product {product}: command {command} {wrong}"
    for (order,) in _rows(_PLACED_AND_ORDERS):
        yield f"order {order}: an order without its decided command, or the other way round"


def numbers_have_no_gap() -> Iterator[str]:
    """Events and trades of a product are numbered from 1 to what its engine counted."""
    for what, query in _COUNTED.items():
        for product, counted, rows, last in _rows(query):
            yield f"product {product}: {counted} {what} counted, {rows} there, the last is {last}"


def events_stand_in_their_months() -> Iterator[str]:
    """There was a month's table for every event when it was written."""
    for product, events in _rows(_OUTSIDE_MONTHS):
        yield f"product {product}: {events} events stand outside the journal's months"


def levels_are_their_orders() -> Iterator[str]:
    """A price level is what its open orders have in sight, and every such order is in one."""
    for product, side, price in _rows(_LEVELS):
        yield f"product {product}: level {price} of side {side} is not the sum of its orders"


def candles_are_their_trades() -> Iterator[str]:
    """Every candle is what the trades of its time were, and every trade is in one of each size."""
    for product, granularity_s, start_s in _rows(_CANDLES):
        yield f"product {product}: the candle of {granularity_s} s from {start_s} is not its trades"


def _rows(query: str) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows: list[tuple[int, ...]] = cursor.fetchall()
        return rows
