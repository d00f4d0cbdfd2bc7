"""Two engines, two markets, a flow of orders, and somebody who kills things at random.

Run with private services: `python -m ccmarket.embedded run --durable -- python -m
tests.faults.engine_scenario COMMANDS KILLS SEED`. Prints what it found as JSON. Clients behave as
an API client should: one that gets no answer asks again under the same client order id.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

import django
import psycopg
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
django.setup()

from apps.accounts.ledger.models import Asset  # noqa: E402
from apps.accounts.models import Owner  # noqa: E402
from apps.orderbook.engine.audit import verify_chain, verify_replay  # noqa: E402
from apps.orderbook.engine.session import Connection, connect, one  # noqa: E402
from apps.orderbook.models import Command, Event, Fill, Order, Product  # noqa: E402
from apps.orderbook.models.enums import OrderType, Side  # noqa: E402
from apps.orderbook.services.backlog import MarketBehind  # noqa: E402
from apps.orderbook.services.commands import OrderDone, order_cancel, order_place  # noqa: E402
from benchmarks.common_flow import LOT, TICK, Cancel, Flow, Place  # noqa: E402
from benchmarks.plain_book import PlainBook  # noqa: E402
from ccmarket.embedded.layout import PROJECT, Layout  # noqa: E402
from ccmarket.embedded.program import launcher  # noqa: E402
from ccmarket.embedded.records import record_read  # noqa: E402
from tests.support.engines import RICH, broken_invariants  # noqa: E402
from tests.support.factories import asset_make, fund, owner_make  # noqa: E402
from tests.support.markets import product_make  # noqa: E402

USERS = 20
RETRY_S = 0.05
AHEAD = 25
END_S = 120.0

Fills = list[tuple[int, int, int, int]]


@dataclass
class Engines:
    """Engine processes, each replaced by another when it is killed."""

    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        engine = [sys.executable, str(PROJECT / "manage.py"), "run_engine", "--batch-max", "20"]
        # Ends with us, however we end.
        command = [*launcher(signal.SIGKILL, user=None), *engine]
        self.processes.append(subprocess.Popen(command, cwd=PROJECT))

    def pick(self, draw: random.Random) -> subprocess.Popen[bytes]:
        return draw.choice(self.processes)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        self.processes.remove(process)

    def stop(self) -> list[int]:
        """End them all in their own way. Returns their exit codes."""
        for process in self.processes:
            process.terminate()
        return [process.wait(timeout=END_S) for process in self.processes]


class Gate:
    """Lets the clients send no further than the next strike, so that each strike meets them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._passed, self._limit = 0, 0.0

    def open_up_to(self, limit: float) -> None:
        with self._changed:
            self._limit = limit
            self._changed.notify_all()

    def passes(self) -> None:
        """Waits until one more command may be sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._passed < self._limit)
            self._passed += 1
            self._changed.notify_all()

    def is_reached(self) -> bool:
        """Waits until the clients are there; false when they never come."""
        with self._changed:
            return self._changed.wait_for(lambda: self._passed >= self._limit, END_S)


class Client(threading.Thread):
    """Sends one market's flow, each command until it is accepted."""

    def __init__(
        self, product: Product, flow: Flow, count: int, owners: list[Owner], gate: Gate
    ) -> None:
        super().__init__(name=product.code, daemon=True)
        self.product = product
        self.gate = gate
        self.commands = list(flow.commands(count))
        self.owners = owners
        self.placed: dict[int, tuple[int, Owner]] = {}
        self.sent = 0
        self.repeats = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for command in self.commands:
                self.gate.passes()
                self._insist(lambda command=command: self._send(command))  # type: ignore[misc]
                self.sent += 1
                if self.sent % AHEAD == 0:
                    self._insist(self._wait)
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def _insist(self, send: Callable[[], None]) -> None:
        while True:
            try:
                send()
                return
            except (DatabaseError, MarketBehind):
                self.repeats += 1
                connection.close()
                time.sleep(RETRY_S)

    def _wait(self) -> None:
        """Stay no further ahead of the engines, so that each strike meets one at work."""
        last, _ = list(self.placed.values())[-1]
        deadline_s = time.monotonic() + END_S
        while not Order.objects.filter(pk=last).exists():
            assert time.monotonic() < deadline_s, "an accepted command is never decided"
            time.sleep(0.005)

    def _send(self, command: Place | Cancel) -> None:
        if isinstance(command, Cancel):
            order_id, owner = self.placed[command.id]
            try:
                order_cancel(owner=owner, user=None, order_id=order_id)
            except OrderDone:
                # Only a repeated cancel can meet this: the flow cancels live orders.
                return
            return
        owner = self.owners[command.user % USERS * 2 + command.side]
        accepted = order_place(
            owner=owner,
            user=None,
            product=self.product,
            side=Side(command.side),
            order_type=OrderType.LIMIT,
            price=command.price,
            size=command.size,
            client_oid=f"{self.product.pk}.{command.id}",
        )
        self.placed[command.id] = (accepted.pk, owner)

    def expected(self) -> Fills:
        """The fills that any right book makes of this flow: (maker, taker, price, size)."""
        book, fills = PlainBook(), []
        for command in self.commands:
            if isinstance(command, Cancel):
                book.cancel(command.id)
                continue
            for maker, ticks, lots, _ in book.place(*command):
                fills.append((maker, command.id, ticks * TICK, lots * LOT))
        return fills

    def made(self) -> Fills:
        """The fills that there are, in the numbers of the flow."""
        number_of = {order_id: number for number, (order_id, _) in self.placed.items()}
        rows = Fill.objects.filter(product=self.product).order_by("id")
        columns = ("maker_order_id", "taker_order_id", "price", "size")
        return [(number_of[m], number_of[t], p, s) for m, t, p, s in rows.values_list(*columns)]


class Saboteur:
    """Kills an engine or PostgreSQL, or pauses an engine, at random moments of the flow."""

    def __init__(self, engines: Engines, draw: random.Random) -> None:
        self.engines, self.draw = engines, draw
        self.done: Counter[str] = Counter()
        self.take_overs_s: list[float] = []

    def strike(self) -> Callable[[], None]:
        """Strikes at once. Returns what is left to do when the clients have noticed."""
        kind = self.draw.choices(("engine", "postgres", "both engines", "pause"), (6, 3, 2, 1))[0]
        if sum(self.done.values()) < 4:  # each at least once, however few strikes there are
            kind = ("engine", "postgres", "pause", "both engines")[sum(self.done.values())]
            if kind in ("engine", "pause"):  # a take-over, for once, whatever else goes on
                wait_until("each engine has a market", engines_share)
        self.done[kind] += 1
        sys.stderr.write(f"strike {sum(self.done.values())}: {kind}\n")
        aftermath: Callable[[], None] = getattr(self, f"_{kind.replace(' ', '_')}")()
        return aftermath

    def _engine(self) -> Callable[[], None]:
        process = self.engines.pick(self.draw)
        measure = self._watch(process)
        self.engines.kill(process)
        measure()
        return partial(self._start_engines_after, self.draw.random(), 1)

    def _watch(self, process: subprocess.Popen[bytes]) -> Callable[[], None]:
        """Look, before the strike, whether there is anything to take over and somebody who may.
        Returns what measures, beside everything else, how long it takes."""
        try:
            with connect("watch") as session:
                others = [other.pid for other in self.engines.processes if other is not process]
                if not _leased(session, process.pid) or not _up(session, others):
                    return lambda: None
        except psycopg.Error:
            return lambda: None  # PostgreSQL is down
        watch = threading.Thread(target=self._measure, args=(process.pid,), daemon=True)
        return watch.start

    def _measure(self, pid: int) -> None:
        began_s, strikes = time.monotonic(), sum(self.done.values())
        try:
            with connect("watch") as session:
                while _leased(session, pid):
                    if sum(self.done.values()) > strikes:
                        return  # somebody else was struck meanwhile
                    time.sleep(0.02)
        except psycopg.Error:
            return  # PostgreSQL is down: nobody can take over
        self.take_overs_s.append(time.monotonic() - began_s)

    def _both_engines(self) -> Callable[[], None]:
        for process in list(self.engines.processes):
            self.engines.kill(process)
        return partial(self._start_engines_after, 0.0, 2)

    def _start_engines_after(self, delay_s: float, count: int) -> None:
        time.sleep(delay_s)
        for _ in range(count):
            self.engines.start()

    def _postgres(self) -> Callable[[], None]:
        record = record_read(Layout(Path(os.environ["CCMARKET_VAR"])).run / "postgres.json")
        server = record.find() if record else None
        if server:  # else it is on its way up from the last time
            server.kill()
        return lambda: None

    def _pause(self) -> Callable[[], None]:
        """Long enough for the other engine to take over, then let it wake up."""
        process = self.engines.pick(self.draw)
        measure = self._watch(process)
        process.send_signal(signal.SIGSTOP)
        measure()

        def wake() -> None:
            time.sleep(8)
            process.send_signal(signal.SIGCONT)

        return wake


def _leased(session: Connection, pid: int) -> int:
    """How many products this engine process has, as far as anybody knows."""
    query = "SELECT count(*) FROM orderbook_productlease WHERE engine = %s"
    return int(one(session.execute(query, (_name(pid),)))[0])


def _up(session: Connection, pids: list[int]) -> int:
    """How many of these engine processes are at work: sessions of dead ones may linger."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(%s)"
    return int(one(session.execute(query, ([_name(pid) for pid in pids],)))[0])


def _name(pid: int) -> str:
    return f"engine {socket.gethostname()}:{pid}"


def prepare(count: int, seed: int, gate: Gate) -> list[Client]:
    call_command("migrate", verbosity=0)
    quote = asset_make("USDC", kind=Asset.Kind.CASH)
    owners = [owner_make() for _ in range(2 * USERS)]
    clients = []
    for number in range(2):
        fields = {"price_increment": TICK, "size_increment": LOT, "size_min": LOT}
        product = product_make(quote="USDC", maker_bps=10, taker_bps=20, **fields)
        for owner in owners:
            fund(owner, product.base, RICH)
        clients.append(Client(product, Flow(seed + number), count, owners, gate))
    for owner in owners:
        fund(owner, quote, RICH)
    return clients


def sabotage(clients: list[Client], gate: Gate, saboteur: Saboteur, strikes: int) -> None:
    """Strike at random moments, spread over the whole flow."""
    end = sum(len(client.commands) for client in clients)
    moments = sorted(saboteur.draw.uniform(0.02, 0.98) * end for _ in range(strikes))
    gate.open_up_to(moments[0])
    for _moment, following in pairwise([*moments, end]):
        assert gate.is_reached(), [client.error for client in clients]
        aftermath = saboteur.strike()
        gate.open_up_to(following)
        aftermath()


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + END_S
    while True:
        try:
            if holds():
                return
        except DatabaseError:
            connection.close()
        assert time.monotonic() < deadline_s, f"waited in vain: {what}"
        time.sleep(0.1)


def all_decided() -> bool:
    return Event.objects.count() == Command.objects.count()


def engines_up() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '^engine '")
        return int(cursor.fetchone()[0])


def engines_share() -> bool:
    """Whether two engines are at work, each with a market of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT l.engine) FROM orderbook_productlease l"
            " JOIN pg_stat_activity a ON a.application_name = l.engine"
        )
        return int(cursor.fetchone()[0]) == 2


def report(clients: list[Client]) -> dict[str, object]:
    problems = broken_invariants()
    with connect("audit") as session:
        for client in clients:
            problems += verify_chain(session, client.product.pk)
            problems += verify_replay(session, client.product.pk)
    return {
        "problems": problems,
        "same_fills": [client.made() == client.expected() for client in clients],
        "fills": [len(client.expected()) for client in clients],
        "orders_placed": [len(client.placed) for client in clients],
        "orders_accepted": [
            Command.objects.filter(product=client.product, kind=1).count() for client in clients
        ],
        "repeats": sum(client.repeats for client in clients),
    }


def main(count: int, strikes: int, seed: int) -> None:
    gate = Gate()
    clients = prepare(count, seed, gate)
    engines = Engines()
    saboteur = Saboteur(engines, random.Random(seed))
    for _ in range(2):
        engines.start()
    for client in clients:
        client.start()
    sabotage(clients, gate, saboteur, strikes)
    for client in clients:
        client.join()
        assert client.error is None, client.error
    wait_until("every accepted command is decided", all_decided)
    wait_until("the engines that were started last are up", lambda: engines_up() == 2)
    exit_codes = engines.stop()
    found = {
        **report(clients),
        "strikes": saboteur.done,
        "take_overs_s": sorted(round(took_s, 2) for took_s in saboteur.take_overs_s),
        "exit_codes": exit_codes,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
