"""The durable path: commands that wait in the journal, to everything committed that comes of them.

Measured in the engine's own code, one engine, on whatever `DATABASE_URL` names; run it on a server
that waits for its disk (`make bench` does). Each round trades the common flow on a market of its
own, and its exact fills are asserted, as are the invariants of all of them at the end.

Beside it, in the same run, the most that PostgreSQL itself takes in, and what one would do
instead:

- `postgres_copy`: the commands themselves, as they stand in the journal, by COPY into a table of
  the journal's columns with two indexes, a primary key and one by owner;
- `postgres_copy_orders`: the orders that came of them, whole rows, by COPY into a table of the
  orders' columns with two such indexes;
- `postgres_copy_narrow`: rows of four numbers into a table with two indexes;
- `engine_none`: matching inside the request's transaction (`benchmarks.in_request`).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Count, Sum

from apps.accounts.ledger.models import Asset, Owner, Transfer
from apps.accounts.ledger.services import CUSTODY, Leg, ledger_post, platform_owner_get
from apps.orderbook.engine.service import BATCH_MAX, Service
from apps.orderbook.engine.session import Connection, connect, one
from apps.orderbook.models import Fill, Product
from apps.orderbook.services.products import product_create
from benchmarks.common_flow import COMMANDS, LOT, TICK, USERS, Cancel, Place, Totals, common_flow
from benchmarks.figures import Figure, figure_of
from benchmarks.in_request import request_rate
from ccmarket.invariants import INVARIANTS

ROUNDS: Final = 3
RICH: Final = 10**15
# A gigabyte: more than a round writes.
LOG_FILES: Final = 60
COPIED_ROWS: Final = 300_000
REQUESTS: Final = 3_000
CHECKED: Final = (
    "balances equal their transfers",
    "every asset sums to zero",
    "held equals its holds",
    "open orders hold what the rule says",
    "orders equal their fills",
    "fees reach their account",
    "commands are decided once",
    "events and trades have no gap",
)

_COMMANDS: Final = """
COPY orderbook_command (id, product_id, kind, owner_id, side, order_type, price, size,
    time_in_force, post_only, self_trade, target) FROM STDIN
"""
_LOG_FILES_AHEAD: Final = """
SELECT count(*) FROM pg_ls_waldir() WHERE name > pg_walfile_name(pg_current_wal_lsn())
"""
_LOG_FILES_USE: Final = """
DO $$ BEGIN
    FOR n IN 1..{count} LOOP
        PERFORM pg_logical_emit_message(false, 'benchmark', 'so that there is something');
        PERFORM pg_switch_wal();
    END LOOP;
END $$
"""
_MEMORY_USE: Final = (
    "CREATE UNLOGGED TABLE benchmark_memory (page text STORAGE PLAIN)",
    """
INSERT INTO benchmark_memory SELECT repeat('x', 8000)
FROM generate_series(1, (SELECT setting::int FROM pg_settings WHERE name = 'shared_buffers'))
""",
    "DROP TABLE benchmark_memory",
)
_JOURNAL_TABLE: Final = """
DROP TABLE IF EXISTS benchmark_copy;
CREATE TABLE benchmark_copy (LIKE orderbook_command INCLUDING DEFAULTS, PRIMARY KEY (id));
CREATE INDEX ON benchmark_copy (owner_id, id);
"""
_ORDERS_COPY: Final = "COPY benchmark_copy FROM STDIN"
_ORDERS_TABLE: Final = """
DROP TABLE IF EXISTS benchmark_copy;
CREATE TABLE benchmark_copy (LIKE orderbook_order INCLUDING DEFAULTS, PRIMARY KEY (id));
CREATE INDEX ON benchmark_copy (owner_id, id);
"""
_NARROW_COPY: Final = "COPY benchmark_copy FROM STDIN"
_NARROW_TABLE: Final = """
DROP TABLE IF EXISTS benchmark_copy;
CREATE TABLE benchmark_copy (id bigint PRIMARY KEY, one bigint, two bigint, three bigint);
CREATE INDEX ON benchmark_copy (one, id);
"""


def measure(
    rounds: int = ROUNDS, commands: int = COMMANDS, batch_max: int = BATCH_MAX
) -> list[Figure]:
    """Rates of the engine and of its peers, taking turns."""
    flow, totals = common_flow(commands)
    few, few_totals = common_flow(REQUESTS)
    owners = owners_create("durable", 2 * USERS)
    quote = asset_create("BENCH-QUOTE")
    with connect("benchmark") as connection:
        server_wear_in(connection)
    engines, copies, orders, narrow, requests = [], [], [], [], []
    for number in range(rounds):
        product = market_create(asset_create(f"BENCH-{number}"), quote, owners)
        with connect("benchmark") as connection:
            rows = journal_lines(product, owners, flow)
            copy = _COMMANDS.replace("orderbook_command", "benchmark_copy")
            copies.append(copy_rate(connection, _JOURNAL_TABLE, copy, rows))
            narrow.append(copy_rate(connection, _NARROW_TABLE, _NARROW_COPY, narrow_lines()))
            requests.append(request_rate(connection, few, few_totals))
            journal_fill(connection, product, owners, flow)
            connection.execute("ANALYZE")
            connection.execute("CHECKPOINT")
        engines.append(engine_rate(product, totals, batch_max))
        with connect("benchmark") as connection:
            rows = order_lines(connection, product)
            orders.append(copy_rate(connection, _ORDERS_TABLE, _ORDERS_COPY, rows))
    broken = [line for name in CHECKED for line in INVARIANTS[name]()]
    assert not broken, broken
    return [
        figure_of("postgres_copy", copies, "rows/s"),
        figure_of("postgres_copy_orders", orders, "rows/s"),
        figure_of("postgres_copy_narrow", narrow, "rows/s"),
        figure_of("engine_none", requests, "commands/s"),
        *(
            figure_of(name, engines, "commands/s", against=against, base=base)
            for name, against, base in (
                ("engine_durable", "postgres_copy", copies),
                ("engine_durable_over_orders", "postgres_copy_orders", orders),
                ("engine_durable_over_narrow", "postgres_copy_narrow", narrow),
                ("engine_durable_over_none", "engine_none", requests),
            )
        ),
    ]


def server_wear_in(connection: Connection) -> None:
    """Have the log's files there and the shared memory in use, as on a server that has run for a
    while and uses them again.

    On a new server whoever comes to the end of one file makes the next, which takes 70 ms, and
    whoever first uses a page of memory waits until the system has made it.
    """
    for statement in _MEMORY_USE:
        connection.execute(statement)
    (there,) = one(connection.execute(_LOG_FILES_AHEAD))
    connection.execute(_LOG_FILES_USE.format(count=LOG_FILES - there))
    connection.execute("CHECKPOINT")


def engine_rate(product: Product, totals: Totals, batch_max: int) -> float:
    """Commands a second from the journal to committed results."""
    with connect("engine") as connection:
        service = Service(connection, "engine", batch_max)
        service.share_out()
        gc.collect()
        gc.disable()  # as the engine's process does
        decided, started_s = 0, time.perf_counter()
        while work := service.next_work(set(), one_by_one=False):
            decided += sum(len(decisions.events) for decisions in service.carry_out(work))
        elapsed_s = time.perf_counter() - started_s
        gc.enable()
        resting = len(service.markets[product.pk].book)
    fills = Fill.objects.filter(product=product).aggregate(
        count=Count("id"), quantity=Sum("size"), notional=Sum("notional")
    )
    assert (fills["count"], fills["quantity"], fills["notional"], resting) == (
        totals.fills, totals.quantity * LOT, totals.notional, totals.resting
    ), fills  # fmt: skip
    return decided / elapsed_s


def copy_rate(connection: Connection, tables: str, copy: str, lines: list[str]) -> float:
    """Rows a second that one COPY takes into a table of these, committed."""
    for statement in filter(str.strip, tables.split(";\n")):
        connection.execute(statement)
    rows = "".join(lines)
    connection.execute("CHECKPOINT")
    started_s = time.perf_counter()
    with connection.cursor().copy(copy) as copying:
        copying.write(rows)
    return len(lines) / (time.perf_counter() - started_s)


def order_lines(connection: Connection, product: Product) -> list[str]:
    """The market's orders as rows of their table."""
    query = f"COPY (SELECT * FROM orderbook_order WHERE product_id = {product.pk}) TO STDOUT"
    with connection.cursor().copy(query) as copying:
        return [bytes(row).decode() for row in copying]


def narrow_lines() -> list[str]:
    return [f"{n}\t{n * 7919 % 4001}\t{n}\t{n % 97}\n" for n in range(COPIED_ROWS)]


def journal_fill(
    connection: Connection,
    product: Product,
    owners: Sequence[Owner],
    flow: Sequence[Place | Cancel],
) -> None:
    """Write the flow into the journal as if it had just been accepted."""
    with connection.cursor().copy(_COMMANDS) as copy:
        copy.write("".join(journal_lines(product, owners, flow)))
    last = (product.pk << 40) + len(flow)
    connection.execute("SELECT setval(%s, %s)", (f"orderbook_command_{product.pk}", last))


def journal_lines(
    product: Product, owners: Sequence[Owner], flow: Sequence[Place | Cancel]
) -> list[str]:
    """The flow as rows of the journal."""
    first, lines = product.pk << 40, []
    ids: dict[int, int] = {}
    owner_of: dict[int, int] = {}
    for command_id, command in enumerate(flow, first + 1):
        if isinstance(command, Cancel):
            target, owner = ids[command.id], owner_of[command.id]
            lines.append(f"{command_id}\t{product.pk}\t2\t{owner}" + 7 * "\t\\N" + f"\t{target}\n")
            continue
        owner = owner_of[command.id] = owners[command.user * 2 + command.side].pk
        ids[command.id] = command_id
        lines.append(
            f"{command_id}\t{product.pk}\t1\t{owner}\t{command.side}\t0\t{command.price}\t"
            f"{command.size}\t0\tf\t0\t\\N\n"
        )
    return lines


def asset_create(code: str) -> Asset:
    return Asset.objects.create(code=code, kind=Asset.Kind.CASH, name=code)


def owners_create(purpose: str, count: int) -> list[Owner]:
    return Owner.objects.bulk_create(
        Owner(platform_name=f"benchmark:{purpose}:{number}") for number in range(count)
    )


def market_create(base: Asset, quote: Asset, owners: Sequence[Owner]) -> Product:
    """A market with fees in which every owner is rich on both sides."""
    for asset in (base, quote):
        custody = platform_owner_get(name=CUSTODY)
        legs = [Leg(custody, owner, asset, RICH, Transfer.Kind.BANK, 1) for owner in owners]
        with transaction.atomic():
            ledger_post(legs=legs)
    return product_create(
        base=base, quote=quote, price_increment=TICK, size_increment=LOT, size_min=LOT,
        size_max=LOT * 10**6, maker_bps=10, taker_bps=20,
    )  # fmt: skip
