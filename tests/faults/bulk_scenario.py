"""A bulk order, an engine, two workers, and somebody who kills them at random until it is done.

Run with private services: `python -m ccmarket.embedded run --durable -- python -m
tests.faults.bulk_scenario LINES KILLS SEED`. Prints what it found as JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
django.setup()

from django.db.models import Sum  # noqa: E402

from apps.orderbook.models import (  # noqa: E402
    BulkCertificate,
    BulkOrder,
    BulkPart,
    BulkStep,
    Command,
    Fill,
)
from apps.registry.models import Retirement  # noqa: E402
from ccmarket.embedded.layout import PROJECT  # noqa: E402
from tests.support.bulk_executions import Company, ask_for, company_make, offer  # noqa: E402
from tests.support.engines import broken_invariants, run_engine  # noqa: E402

END_S = 300.0
PAUSE_S = (0.2, 1.5)
BENEFICIARIES = 20
ENGINE = [sys.executable, str(PROJECT / "manage.py"), "run_engine"]
WORKER = [sys.executable, "-m", "tests.faults.bulk_worker"]


class Processes:
    """An engine and two workers, each replaced by another when it is killed."""

    def __init__(self) -> None:
        self.running = [(command, self._start(command)) for command in (ENGINE, WORKER, WORKER)]
        self.kills = {"engine": 0, "worker": 0}

    def strike(self, draw: random.Random) -> None:
        """Kills one of them, whatever it is doing, and starts another."""
        at = draw.randrange(len(self.running))
        command, process = self.running[at]
        process.kill()
        process.wait()
        self.kills["engine" if command is ENGINE else "worker"] += 1
        self.running[at] = command, self._start(command)

    def stop(self) -> None:
        for _command, process in self.running:
            process.kill()
            process.wait()

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)


def main(lines: int, kills: int, seed: int) -> None:
    call_command("migrate", verbosity=0)
    draw, company = random.Random(seed), company_make()
    for first, year in ((1, 2019), (2_000, 2020), (4_000, 2022)):
        offer(first, year, *((price, 20) for price in range(1, 16)))
    run_engine()
    order, asked = order_of(company, lines, draw)
    ask_for(order, company.trader)
    processes, began_s = Processes(), time.monotonic()
    try:
        while not is_over(order):
            assert time.monotonic() - began_s < END_S, (order.state, processes.kills)
            time.sleep(draw.uniform(*PAUSE_S))
            if sum(processes.kills.values()) < kills:
                processes.strike(draw)
    finally:
        processes.stop()
    came = found(order, asked) | {"kills": processes.kills}
    sys.stdout.write(json.dumps(came) + "\n")


def order_of(company: Company, lines: int, draw: random.Random) -> tuple[BulkOrder, int]:
    """A planned order, and the grams that it asks for."""
    rows: list[dict[str, object]] = []
    for number in range(lines):
        kilograms = draw.randrange(1, 800)
        years = {"vintage_from": draw.choice(["", "2020", "2022"])}
        beneficiary = f"Company {number % BENEFICIARIES}"
        rows.append({"tonnes": f"0.{kilograms:03}", "beneficiary": beneficiary, **years})
    order = company.order(*rows)
    return order, order.grams


def is_over(order: BulkOrder) -> bool:
    order.refresh_from_db()
    return order.state not in BulkOrder.WORK_STATES


def found(order: BulkOrder, asked: int) -> dict[str, object]:
    """What came of it, counted from the rows."""
    owner, plan = order.owner, order.plans.get()
    parts = BulkPart.objects.filter(line__order=order)
    total = Sum("grams")
    return {
        "state": order.state,
        "asked": asked,
        "planned": plan.filled,
        "parts": parts.aggregate(total=total)["total"],
        "lines": parts.values("line").distinct().count(),
        "lines_wrong": [
            row["line"]
            for row in parts.values("line", "line__grams").annotate(total=total)
            if row["total"] > row["line__grams"]
        ],
        "filled": Fill.objects.filter(taker_owner=owner).aggregate(total=Sum("size"))["total"],
        "surplus": BulkStep.objects.aggregate(total=Sum("surplus"))["total"],
        "retired": Retirement.objects.aggregate(total=Sum("amount_grams"))["total"],
        "certified": BulkCertificate.objects.get(beneficiary="").grams,
        "steps": BulkStep.objects.count(),
        "commands": Command.objects.filter(owner=owner).count(),
        "problems": broken_invariants(),
    }


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:4]))
