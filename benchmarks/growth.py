"""The durable rate as tables grow: the engine on a new market, beside years of older ones.

History is one market's common flow, really traded, and copied as often as it takes with other
numbers: commands, events, orders, fills and transfers, in every index they have. Balances are as
few as before, so each owner's part of the indexes grows as a busy owner's does.
`BENCHMARK_GROWTH_ORDERS` says up to how many orders, in steps of a factor of four.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from django.db import connection
from django.db.models import Model

from apps.accounts.ledger.models import Transfer
from apps.orderbook.engine.session import connect
from apps.orderbook.ids import NUMBER_BITS, id_first
from apps.orderbook.models import Command, Event, Fill, Order
from benchmarks.common_flow import USERS, common_flow
from benchmarks.durable import asset_create, engine_rate, journal_fill, market_create, owners_create
from benchmarks.figures import Figure, figure_of, rounded

ORDERS: Final = int(os.environ.get("BENCHMARK_GROWTH_ORDERS", "1000000"))
STEP: Final = 4
ROUNDS: Final = 3
COMMANDS: Final = 50_000
BATCH_MAX: Final = 1_000
# Copies of history are of markets with numbers from here on.
OLD_MARKETS: Final = 1 << 20
# The columns of a table that carry the market's number in their high bits, or are it.
MOVED: Final = {
    Command: ("id", "target"),
    Event: ("id", "command_id"),
    Order: ("id",),
    Fill: ("id", "maker_order_id", "taker_order_id"),
    Transfer: ("reference",),
}


def measure(orders: int = ORDERS, commands: int = COMMANDS) -> list[Figure]:
    """Commands a second at each size, against those of the smallest."""
    market = Markets(commands)
    figures: list[Figure] = []
    history_take(market.trade()[1])
    smallest, base = "", list[float]()
    for size in sizes(orders):
        history_grow(size)
        rates = [market.trade()[0] for _ in range(ROUNDS)]
        there = Order.objects.count()
        name = f"engine_at_{there / 10**6:.1f}m_orders"
        figures.append(figure_of(name, rates, "commands/s", against=smallest, base=base))
        smallest, base = smallest or name, base or rates
    figures.append(Figure("growth_bytes_per_order", rounded(stored_bytes() / there), "B"))
    return figures


def sizes(largest: int) -> Iterator[int]:
    """Orders in the tables at each step, the smallest first."""
    steps = [largest]
    while steps[-1] > COMMANDS * STEP:
        steps.append(steps[-1] // STEP)
    return reversed(steps)


class Markets:
    """New markets of the same owners, one after the other."""

    def __init__(self, commands: int) -> None:
        self._flow, self._totals = common_flow(commands)
        self._owners = owners_create("growth", 2 * USERS)
        self._number = 0

    def trade(self) -> tuple[float, int]:
        """Commands a second of the flow on one more market, and the market's number."""
        self._number += 1
        # Of each its own money: custody cannot owe owners so much of one.
        base, quote = (asset_create(f"GROWN-{self._number}-{side}") for side in ("BASE", "QUOTE"))
        product = market_create(base, quote, self._owners)
        with connect("benchmark") as session:
            journal_fill(session, product, self._owners, self._flow)
            session.execute("ANALYZE")
            session.execute("CHECKPOINT")
        return engine_rate(product, self._totals, BATCH_MAX), product.pk


def history_take(product: int) -> None:
    """Keep a market's rows, to be copied."""
    low, high = id_first(product), id_first(product + 1)
    with connection.cursor() as cursor:
        for model, (key, *_) in MOVED.items():
            table = model._meta.db_table
            cursor.execute(
                f"CREATE TABLE grown_{table} AS SELECT * FROM {table}"
                f" WHERE {key} >= %s AND {key} < %s",
                (low, high),
            )
        cursor.execute("UPDATE grown_orderbook_order SET status = 2, hold = 0 WHERE status = 1")


def history_grow(orders: int) -> None:
    """Copy the kept rows until there are so many orders."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM grown_orderbook_order")
        (kept,) = cursor.fetchone()
        copies = (orders - Order.objects.count()) // kept
        cursor.execute("SELECT coalesce(max(product_id), 0) FROM orderbook_order")
        first = max(cursor.fetchone()[0] + 1, OLD_MARKETS)
        # Copies mean nothing to the ledger: nothing is to be checked about them.
        cursor.execute("SET session_replication_role = replica")
        for model, moved in MOVED.items():
            cursor.execute(_copy(model, moved), (first, first + copies - 1))
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _copy(model: type[Model], moved: tuple[str, ...]) -> str:
    """Copies a table's kept rows to the markets from one number to another."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields]
    if "id" not in moved:
        columns.remove("id")
    values = [_moved(column) if column in moved else _kept(column) for column in columns]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
        f" FROM generate_series(%s::bigint, %s::bigint) AS market CROSS JOIN grown_{table} kept"
    )


def _moved(column: str) -> str:
    return f"(market << {NUMBER_BITS}) + (kept.{column} & ((1::bigint << {NUMBER_BITS}) - 1))"


def _kept(column: str) -> str:
    return "market" if column == "product_id" else f"kept.{column}"


def stored_bytes() -> int:
    """What the tables that grow take up, with their indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables WHERE relname ~ %s",
            ("^(orderbook_(command|event|order|fill)|accounts_transfer)",),
        )
        total: int = cursor.fetchone()[0]
        return total
