"""Who gets which grams of what was bought: fills to demands, demands to lines, to the gram.

The same largest flow as in the plan (`planning.allotment`), over the fills as they came to be. A
demand hands on what it draws to its lines in the order of the file: draws and lines both stand one
after the other on the demand's grams, and a part is where a draw and a line overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from apps.orderbook.ids import id_first
from apps.orderbook.models import BulkDemand, BulkDraw, BulkExecution, BulkStep, Fill
from apps.orderbook.planning.allotment import Allotment, allot
from apps.orderbook.planning.problem import Demand, Level
from apps.orderbook.services.bulk_planning import classes_of_demands
from apps.registry.models import CreditClass

_PARTS: Final = """
INSERT INTO orderbook_bulkpart (step_id, line_id, grams)
SELECT d.step_id, l.id,
       (least(l.ends, d.begins + d.grams) - greatest(l.ends - l.grams, d.begins))::bigint
FROM (
    SELECT id, demand_id, grams, sum(grams) OVER (PARTITION BY demand_id ORDER BY line) AS ends
    FROM orderbook_bulkline WHERE order_id = %(order)s
) l
JOIN orderbook_bulkdraw d ON d.demand_id = l.demand_id
 AND l.ends - l.grams < d.begins + d.grams AND d.begins < l.ends
WHERE d.step_id = ANY(%(steps)s)
ORDER BY d.step_id, l.id
"""


def bulk_fills_allot(*, execution: BulkExecution) -> bool:
    """Allots what steps have filled since the last time. False when there was nothing.

    One transaction: a step is allotted as a whole or not at all. What no line can use (whole lots,
    or credits that have lost what a demand asks for) is the step's surplus and is kept.
    """
    with transaction.atomic():
        BulkExecution.objects.select_for_update(no_key=True).get(pk=execution.pk)
        steps = list(
            execution.steps.filter(over_at__isnull=False, allotted_at__isnull=True)
            .select_related("product")
            .order_by("number")
        )
        if not steps:
            return False
        demands = list(execution.order.demands.order_by("number"))
        drawn = _drawn(execution)
        bought = [levels_bought(execution, step) for step in steps]
        assert all(
            sum(level.size for level in levels) == step.filled
            for step, levels in zip(steps, bought, strict=True)
        ), execution.pk
        made = allotment_of(steps, bought, demands, drawn)
        _draws_write(steps, demands, drawn, made)
        _parts_write(execution, steps)
        _steps_close(steps, made)
    return True


def _drawn(execution: BulkExecution) -> dict[int, int]:
    """The grams that each demand has drawn before."""
    found = BulkDraw.objects.filter(demand__order=execution.order_id).values("demand")
    return {row["demand"]: int(row["sum"]) for row in found.annotate(sum=Sum("grams"))}


def allotment_of(
    steps: Sequence[BulkStep],
    bought: Sequence[Sequence[Level]],
    demands: Sequence[BulkDemand],
    drawn: Mapping[int, int],
) -> Allotment:
    """The largest flow of what steps bought to what demands have not `drawn` yet; a step stands
    where a market stands in a plan. `demands` are by number, with `product` with each step."""
    places = _places(steps)
    wanted = []
    for demand, classes in zip(demands, classes_of_demands(demands), strict=True):
        suits = sorted(place for pk in classes for place in places.get(pk, ()))
        grams = demand.grams - drawn.get(demand.pk, 0)
        wanted.append(Demand(grams, tuple(suits), demand.price_max))
    return allot(bought, tuple(wanted))


def _places(steps: Sequence[BulkStep]) -> dict[int, list[int]]:
    """Where the steps are that bought credits of each class."""
    bases = {step.product.base_id for step in steps}
    classes = dict(CreditClass.objects.filter(asset__in=bases).values_list("asset", "pk"))
    found: dict[int, list[int]] = defaultdict(list)
    for place, step in enumerate(steps):
        found[classes[step.product.base_id]].append(place)
    return found


def levels_bought(execution: BulkExecution, step: BulkStep) -> list[Level]:
    """What the step's order has bought by now, by price: as taker, and while it waited."""
    if step.quote_line_id is not None:
        return [Level(step.price, step.filled)]
    if step.placed_id is None:
        return []
    fills = Fill.objects.filter(
        id__gte=id_first(step.product_id), id__lt=id_first(step.product_id + 1)
    )
    owner, grams = execution.order.owner_id, defaultdict[int, int](int)
    for own in (
        fills.filter(taker_owner=owner, taker_order_id=step.placed_id),
        fills.filter(maker_owner=owner, maker_order_id=step.placed_id),
    ):
        for row in own.values("price").annotate(grams=Sum("size")):
            grams[row["price"]] += int(row["grams"])
    return [Level(price, size) for price, size in sorted(grams.items())]


def _draws_write(
    steps: Sequence[BulkStep],
    demands: Sequence[BulkDemand],
    drawn: dict[int, int],
    made: Allotment,
) -> None:
    given: dict[tuple[int, int], int] = defaultdict(int)
    for supply in made.supplies:
        for place, grams in supply.given.items():
            given[supply.market, place] += grams
    draws = []
    for (at, place), grams in sorted(given.items()):
        demand = demands[place]
        begins = drawn.get(demand.pk, 0)
        draws.append(BulkDraw(step=steps[at], demand=demand, begins=begins, grams=grams))
        drawn[demand.pk] = begins + grams
    BulkDraw.objects.bulk_create(draws, batch_size=1_000)


def _parts_write(execution: BulkExecution, steps: Sequence[BulkStep]) -> None:
    with connection.cursor() as cursor:
        terms: dict[str, Any] = {
            "order": execution.order_id,
            "steps": [step.pk for step in steps],
        }
        cursor.execute(_PARTS, terms)


def _steps_close(steps: Sequence[BulkStep], made: Allotment) -> None:
    given: dict[int, int] = defaultdict(int)
    for supply in made.supplies:
        given[supply.market] += sum(supply.given.values())
    now = timezone.now()
    for place, step in enumerate(steps):
        step.allotted_at, step.surplus = now, step.filled - given[place]
    BulkStep.objects.bulk_update(steps, ["allotted_at", "surplus"], batch_size=1_000)
