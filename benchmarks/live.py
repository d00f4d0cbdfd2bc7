"""One engine under live orders, and how soon it is there after it was killed.

- `engine_live_*`: orders that come in at a rate, with 50,000 others resting; from before a request
  is sent until its verdict is heard. Beside it somebody reads all levels of that book. The median
  of three rounds that follow each other without a pause.
- `engine_live_first_*`: the same of the second before them, in which sessions plan their statements
  and come to know who trades.
- `engine_live_accepted_*`, `engine_live_begun_*`: until they were accepted, and until the batch
  that decides them has begun.
- `disk_sync_*`: what the disk takes to keep 16 kB, right afterwards: each order waits for it twice.
- `live_cpu *`: cores that each process has had in the middle of it, and the machine in all.
- `engine_restart_s`: the engine is killed and started again: until it has decided the next order.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import redis
from django.conf import settings

from apps.accounts.ledger.models import Owner
from apps.orderbook.engine.announcer import VERDICTS
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Order, Product
from apps.orderbook.models.enums import OrderType, SelfTrade, Side, TimeInForce
from apps.orderbook.services.commands import order_place
from benchmarks.common_flow import LOT, TICK, USERS, Cancel, Place, common_flow
from benchmarks.durable import (
    asset_create,
    journal_fill,
    market_create,
    owners_create,
    server_wear_in,
)
from benchmarks.engines import serve
from benchmarks.figures import Figure, figure_of, spread
from benchmarks.part import Part
from ccmarket.embedded.layout import PROJECT, Layout

RATE: Final = 5_000
FIRST_S: Final = 1
ROUND_S: Final = 20
ROUNDS: Final = 3
LIVE_S: Final = FIRST_S + ROUNDS * ROUND_S
DEEP: Final = 50_000
DEADLINE_S: Final = 180
SYNCS: Final = 300
PAGES: Final = bytes(16_384)
_BEGUN: Final = """
SELECT (body::json #>> '{given,at}')::bigint FROM orderbook_event
WHERE command_id BETWEEN %s AND %s ORDER BY command_id
"""


def measure() -> list[Figure]:
    """An engine that has 50,000 orders to keep while orders come in, read and restarted."""
    owners = owners_create("live", 2 * USERS)
    market = market_create(asset_create("LIVE"), asset_create("LIVE-QUOTE"), owners)
    with connect("benchmark") as connection:
        server_wear_in(connection)
        journal_fill(connection, market, owners, deep_orders())
    serve([market], 1)
    with connect("benchmark") as connection:
        # What filling the book left to autovacuum is not the live orders' to wait for.
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
    live = _live(market, owners)
    began_s = time.monotonic()
    with _engine_running():
        _probe(market, owners[0])
        restart_s = time.monotonic() - began_s
    return [*live, figure_of("engine_restart_s", [restart_s], "s")]


def _live(market: Product, owners: Sequence[Owner]) -> list[Figure]:
    flow, _ = common_flow(RATE * LIVE_S)
    first = (market.pk << 40) + DEEP + 2
    with tempfile.TemporaryDirectory(dir=Layout.default().var) as folder:
        path = Path(folder) / "commands.json"
        path.write_text(json.dumps(intake_rows(market, owners, flow)))
        reader, intake = Part("reader", market.pk, LIVE_S), Part("intake", market.pk, path, RATE)
        with _engine_running() as engine:
            _probe(market, owners[0])
            pids = {"client": os.getpid(), "reader": reader.pid, "intake": intake.pid}
            pairs = (f"{name}={pid}" for name, pid in {**pids, "engine": engine}.items())
            accountant = Part("accountant", LIVE_S, *pairs)
            heard = _hear(range(first, first + len(flow)), intake, reader, accountant)
        took, cores = reader.result(), accountant.result()
        synced = _disk_syncs(Path(folder) / "synced")
    sent, accepted = heard["sent"], heard["accepted"]
    verdicts = _waits(sent, heard["verdicts"])
    return [
        figure_of("engine_live_rate", [len(sent) / (max(accepted) - sent[0])], "orders/s"),
        *_of_rounds("engine_live", verdicts),
        *_of_rounds("engine_live_accepted", _waits(sent, accepted)),
        *_of_rounds("engine_live_begun", _waits(sent, _begun(first, len(sent)))),
        *_percentiles("engine_live_first", [verdicts[: RATE * FIRST_S]], 50, 99),
        *_percentiles("disk_sync", [synced], 50, 99),
        *_percentiles("book_read", [took], 99),
        *(figure_of(f"live_cpu {name}", [value], "cores") for name, value in cores.items()),
    ]


def _waits(sent: Sequence[float], until: Sequence[float]) -> list[float]:
    return [until_s - sent_s for sent_s, until_s in zip(sent, until, strict=True)]


def _begun(first: int, count: int) -> list[float]:
    """When the batches of these commands began, by our clock, on a server of this machine."""
    with connect("benchmark") as connection:
        ahead_s = time.time() - time.monotonic()
        rows = connection.execute(_BEGUN, (first, first + count - 1))
        return [at_us / 1e6 - ahead_s for (at_us,) in rows]


def _disk_syncs(path: Path) -> list[float]:
    """Seconds for each of some writes that are waited for, over each other as a log's are."""
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.seek(0)
            file.write(PAGES)
            began_s = time.monotonic()
            os.fdatasync(file.fileno())
            took.append(time.monotonic() - began_s)
    return took


def _of_rounds(name: str, waits: Sequence[float]) -> list[Figure]:
    starts = range(RATE * FIRST_S, len(waits), RATE * ROUND_S)
    return _percentiles(name, [waits[at : at + RATE * ROUND_S] for at in starts], 50, 99)


def _percentiles(name: str, rounds: Sequence[Sequence[float]], *percents: int) -> list[Figure]:
    """Medians of the rounds. The values are seconds, the figures milliseconds."""
    found = [quantiles(values, n=100) for values in rounds]
    if len(found) > 1:
        for each in percents:
            print(f"{name}_p{each}_ms: {spread([of[each - 1] * 1000 for of in found])}")
    return [
        figure_of(f"{name}_p{each}_ms", [of[each - 1] * 1000 for of in found], "ms")
        for each in percents
    ]


def deep_orders() -> list[Place | Cancel]:
    """Orders on 400 levels of each side, outside of where the flow goes."""
    orders: list[Place | Cancel] = []
    for number in range(DEEP):
        side, level = number % 2, number // 2 % 400
        ticks = 10_600 + level if side else 9_400 - level
        orders.append(Place(-number - 1, side, ticks, 1 + number % 50, number % USERS))
    return orders


def intake_rows(
    market: Product, owners: Sequence[Owner], flow: Sequence[Place | Cancel]
) -> list[dict[str, Any]]:
    """The flow as fields of commands. Nobody else sends any, so the ids that orders will have are
    known: what rests and the probe have the first ones."""
    first, ids, owner_of, rows = (market.pk << 40) + DEEP + 2, {}, {}, []
    for command_id, command in enumerate(flow, first):
        if isinstance(command, Cancel):
            target = ids[command.id]
            rows.append({"kind": 2, "owner_id": owner_of[command.id], "target": target})
            continue
        ids[command.id] = command_id
        owner = owner_of[command.id] = owners[command.user * 2 + command.side].pk
        rows.append(
            {
                "kind": 1, "owner_id": owner, "side": command.side, "order_type": 0,
                "price": command.price, "size": command.size, "time_in_force": 0,
                "post_only": False, "self_trade": 0,
                "client_oid": f"{market.pk}.{command_id}",
            }
        )  # fmt: skip
    return rows


def _hear(commands: range, intake: Part, *others: Part) -> dict[str, Any]:
    """Let the flow run. Returns when each verdict was heard, and what the intake says."""
    verdicts: dict[int, float] = {}
    gc.collect()
    gc.freeze()  # what this process has loaded is nobody's waiting time
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as listener:
        listener.subscribe(VERDICTS)
        listener.get_message(timeout=1)
        for part in (*others, intake):
            part.go()
        deadline_s = time.monotonic() + DEADLINE_S
        while len(verdicts) < len(commands):
            assert time.monotonic() < deadline_s, f"{len(verdicts)} verdicts of {len(commands)}"
            message = listener.get_message(timeout=1)
            if message and message["type"] == "message":
                now_s = time.monotonic()
                told = json.loads(message["data"])["commands"]
                # That of the probe may come only now.
                verdicts.update((id_, now_s) for id_ in told if id_ in commands)
    return {"verdicts": [verdicts[id_] for id_ in commands], **intake.result()}


@contextmanager
def _engine_running() -> Iterator[int]:
    """A real engine process, killed at the end. Yields its id."""
    process = subprocess.Popen([sys.executable, "manage.py", "run_engine"], cwd=PROJECT)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _probe(market: Product, owner: Owner) -> None:
    """Place an order far away, and wait until it is decided."""
    command = order_place(
        owner=owner, user=None, product=market, side=Side.BUY, order_type=OrderType.LIMIT,
        price=TICK, size=LOT, time_in_force=TimeInForce.GTC, self_trade=SelfTrade.DC,
    )  # fmt: skip
    deadline_s = time.monotonic() + DEADLINE_S
    while not Order.objects.filter(pk=command.pk).exists():
        assert time.monotonic() < deadline_s, "the engine does not answer"
        time.sleep(0.005)
