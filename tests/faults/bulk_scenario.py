"""A bulk order, an engine, two workers, the web, and somebody who kills them until it is done.

Run with private services: `python -m ccmarket.embedded run --durable -- python -m
tests.faults.bulk_scenario LINES KILLS SEED WAY`. Prints what it found as JSON. The way: `retire` or
`hold` what is bought at once, or `wait` in the books for sellers, who come meanwhile.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
django.setup()

from django.db.models import Q, Sum  # noqa: E402

from apps.orderbook.models import (  # noqa: E402
    BulkCertificate,
    BulkLine,
    BulkOrder,
    BulkPart,
    BulkStep,
    Command,
    Fill,
)
from apps.orderbook.models.enums import CommandKind  # noqa: E402
from apps.orderbook.services.backlog import MarketBehind  # noqa: E402
from apps.registry.models import CreditClass, Retirement  # noqa: E402
from tests.faults.bulk_processes import Processes, Visitor  # noqa: E402
from tests.support.bulk_executions import (  # noqa: E402
    Company,
    company_make,
    offer,
    offered,
    seller_of,
)
from tests.support.bulk_orders import UNIT, cash, file_of  # noqa: E402
from tests.support.engines import broken_invariants, run_engine, sell  # noqa: E402
from tests.support.factories import TONNE  # noqa: E402

PLAN_S_MAX = 180.0
PAUSE_S = (0.2, 3.0)
LOOK_S = 0.05
ASKED_MAX = 500 * TONNE
GRAMS_MAX = 800_000
KILOGRAM = 1_000
SELLS_PART = 0.3
State = BulkOrder.State


# What a member says beside the plan and its total. In the books are 60 t at the limit.
WAYS = {
    "retire": {"keep": "retire"},
    "hold": {"keep": "hold"},
    "wait": {"keep": "retire", "wait_s": "3600", "limit_price": "1", "visible_bps": "2500"},
}


def main(lines: int, kills: int, seed: int, way: str) -> None:
    call_command("migrate", verbosity=0)
    draw, company, took_s = random.Random(seed), company_make(), {}
    classes = [
        offer(first, year, *((price, 20) for price in range(1, 16)))
        for first, year in ((1, 2019), (2_000, 2020), (4_000, 2022))
    ]
    run_engine()
    sellers = Sellers(classes, draw) if way == "wait" else None
    processes = Processes()
    try:
        visitor = Visitor(processes, company.client(company.trader))
        began_s = time.monotonic()
        visitor.bring(file_of(*rows_of(lines, draw)), quote=cash().code)
        order = BulkOrder.objects.get()
        while order.state in BulkOrder.PREPARING_STATES:
            assert time.monotonic() - began_s < PLAN_S_MAX, order.state
            look(order, visitor, processes)
        assert order.state == State.PLANNED, order.state
        took_s["to_plan"] = time.monotonic() - began_s
        plan, began_s = order.plans.get(), time.monotonic()
        visitor.ask_for(order, plan_id=plan.pk, total=plan.cost, **WAYS[way])
        struck_until_done(order, visitor, processes, draw, kills, sellers)
        took_s["to_done"] = time.monotonic() - began_s
    finally:
        processes.stop()
    seen = {
        "kills": processes.kills,
        "peak_mb": processes.peak_mb,
        "took_s": {name: round(took, 1) for name, took in took_s.items()},
        "pages": visitor.pages,
        "page_slowest_s": round(visitor.slowest_s, 2),
    }
    sys.stdout.write(json.dumps(found(order, company) | seen) + "\n")


def struck_until_done(
    order: BulkOrder,
    visitor: Visitor,
    processes: Processes,
    draw: random.Random,
    kills: int,
    sellers: Sellers | None,
) -> None:
    """Kills something once the first order is placed, and again and again until it is done."""
    limit_s = time.monotonic() + 300 + order.lines_count / 50
    next_s = time.monotonic()
    while order.state in BulkOrder.WORK_STATES or order.state == State.PLANNED:
        assert time.monotonic() < limit_s, (order.state, processes.kills)
        is_begun = BulkStep.objects.exists()
        if is_begun and time.monotonic() >= next_s and sum(processes.kills.values()) < kills:
            processes.strike(draw)
            next_s = time.monotonic() + draw.uniform(*PAUSE_S)
        if is_begun and sellers is not None:
            sellers.come()
        look(order, visitor, processes)


class Sellers:
    """Those who hold the rest of each class: now and then one sells a little at the limit."""

    def __init__(self, classes: list[CreditClass], draw: random.Random) -> None:
        self._draw = draw
        self._stocks = [(*offered(found), seller_of(found)) for found in classes]

    def come(self) -> None:
        if self._draw.random() < SELLS_PART:
            product, owner = self._draw.choice(self._stocks)
            try:
                sell(product, owner, UNIT, self._draw.randrange(100, 3_000) * KILOGRAM)
            except MarketBehind:
                # Its engine has just been killed: they come again.
                return


def look(order: BulkOrder, visitor: Visitor, processes: Processes) -> None:
    """The page, as its reader sees it meanwhile, and the row."""
    time.sleep(LOOK_S)
    processes.watch()
    visitor.look_at(order)
    order.refresh_from_db(fields=["state"])


def rows_of(lines: int, draw: random.Random) -> list[dict[str, object]]:
    """Lines for a few hundred beneficiaries at most, together less than what is offered."""
    most, beneficiaries = min(GRAMS_MAX, 2 * ASKED_MAX // lines), 20 + lines // 500
    return [
        {
            "tonnes": f"0.{draw.randrange(1, most):06}",
            "beneficiary": f"Company {number % beneficiaries}",
            "vintage_from": draw.choice(["", "2020", "2022"]),
        }
        for number in range(lines)
    ]


def found(order: BulkOrder, company: Company) -> dict[str, object]:
    """What came of it, counted from the rows."""
    parts, total = BulkPart.objects.filter(line__order=order), Sum("grams")
    by_line = parts.values("line", "line__grams").annotate(total=total)
    bought = Fill.objects.filter(Q(taker_owner=company.owner) | Q(maker_owner=company.owner))
    return {
        "state": order.state,
        "asked": BulkLine.objects.aggregate(total=total)["total"],
        "planned": order.plans.get().filled,
        "parts": parts.aggregate(total=total)["total"],
        "lines": by_line.count(),
        "lines_wrong": [row["line"] for row in by_line if row["total"] != row["line__grams"]],
        "filled": bought.aggregate(total=Sum("size"))["total"],
        "surplus": BulkStep.objects.aggregate(total=Sum("surplus"))["total"],
        "retired": Retirement.objects.aggregate(total=Sum("amount_grams"))["total"],
        "retirements": Retirement.objects.count(),
        "certified": BulkCertificate.objects.filter(beneficiary="").aggregate(total=total)["total"],
        "certificates": BulkCertificate.objects.count(),
        "steps": BulkStep.objects.count(),
        "commands": Command.objects.filter(owner=company.owner, kind=CommandKind.PLACE).count(),
        "problems": broken_invariants(),
    }


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:4]), way=sys.argv[4])
