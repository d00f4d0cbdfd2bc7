"""How far the carrying out of a bulk order is, and what came of it. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from apps.accounts.models import Owner, User
from apps.accounts.roles import writing_role_for
from apps.accounts.services.spending import APPROVERS
from apps.orderbook.models import BulkExecution, BulkOrder, BulkStep, Order
from apps.orderbook.models.enums import OrderStatus
from apps.orderbook.selectors.bulk_orders import price_average

PPM: Final = 1_000_000

# Of an order that still waits, what it came to by now.
_SUMS: Final = """
SELECT coalesce(sum(coalesce(o.filled_size, s.filled)), 0)::bigint,
       coalesce(sum(coalesce(o.filled_notional, s.notional)), 0)::bigint,
       coalesce(sum(coalesce(o.fees, s.fees)), 0)::bigint,
       coalesce(sum(s.surplus), 0)::bigint, count(*),
       coalesce(sum(o.size - o.filled_size) FILTER (WHERE o.status = %(open)s), 0)::bigint
FROM orderbook_bulkstep s
LEFT JOIN orderbook_order o ON o.id = s.placed_id AND s.over_at IS NULL
WHERE s.execution_id = %(execution)s
"""
_PARTS: Final = """
SELECT coalesce(sum(p.grams), 0)::bigint, count(DISTINCT p.line_id),
       coalesce(sum(p.grams) FILTER (WHERE p.retirement_id IS NOT NULL), 0)::bigint,
       count(DISTINCT p.retirement_id)
FROM orderbook_bulkstep s JOIN orderbook_bulkpart p ON p.step_id = s.id
WHERE s.execution_id = %(execution)s
"""
_LINES: Final = """
SELECT l.line, l.beneficiary, l.cost_centre, l.grams, coalesce(sum(p.grams), 0)::bigint,
       coalesce(sum(p.grams) FILTER (WHERE p.retirement_id IS NOT NULL), 0)::bigint,
       coalesce(string_agg(DISTINCT r.number, ' ' ORDER BY r.number), '')
FROM orderbook_bulkline l
LEFT JOIN orderbook_bulkpart p ON p.line_id = l.id
LEFT JOIN registry_retirement r ON r.id = p.retirement_id
WHERE l.order_id = %(order)s AND l.line > %(after)s
GROUP BY l.id ORDER BY l.line LIMIT %(most)s
"""
_LINES_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Progress:
    """Live figures. Masses are grams, money is quote micro-units, `spent` with `fees`.

    `allotted` is what lines have got, `surplus` what was bought beyond them in whole lots,
    `waiting` what is in the books for whoever sells it.
    """

    execution: BulkExecution
    wanted: int
    filled: int
    spent: int
    fees: int
    surplus: int
    steps: int
    waiting: int
    allotted: int
    lines: int
    retired: int
    retirements: int
    price_average: int

    @property
    def part_ppm(self) -> int:
        """How much is bought and, where it is to be, retired: of what is wanted, millionths."""
        if self.execution.keep == BulkExecution.Keep.RETIRE:
            done, whole = self.filled + self.retired, 2 * self.wanted
        else:
            done, whole = self.filled, self.wanted
        return min(PPM, done * PPM // whole) if whole else 0


def progress_of(order: BulkOrder) -> Progress | None:
    """What has been asked for or done last; None while nobody has asked."""
    execution = (
        order.executions.select_related("proposed_by", "decided_by", "plan", "order__quote")
        .order_by("-pk")
        .first()
    )
    if execution is None:
        return None
    filled, notional, fees, surplus, steps, waiting = _row(_SUMS, execution)
    allotted, lines, retired, retirements = _row(_PARTS, execution)
    return Progress(
        execution=execution,
        wanted=_wanted(execution),
        filled=filled,
        spent=notional + fees,
        fees=fees,
        surplus=surplus,
        steps=steps,
        waiting=waiting,
        allotted=allotted,
        lines=lines,
        retired=retired,
        retirements=retirements,
        price_average=price_average(notional, filled),
    )


def may_decide(*, order: BulkOrder, execution: BulkExecution, user: User) -> bool:
    """Whether the member's role lets them decide and nothing of the order is their own doing."""
    is_own = user.pk in (execution.proposed_by_id, execution.brought_by_id)
    return not is_own and writing_role_for(owner=order.owner, user=user) in APPROVERS


def orders_to_decide(*, owner: Owner, user: User) -> QuerySet[BulkOrder]:
    """The owner's orders that wait for an approval that this member may give."""
    if writing_role_for(owner=owner, user=user) not in APPROVERS:
        return BulkOrder.objects.none()
    asked = BulkExecution.objects.filter(decision=BulkExecution.Decision.PENDING)
    others = asked.exclude(proposed_by=user).exclude(brought_by=user).values("order")
    return BulkOrder.objects.filter(owner=owner, state=BulkOrder.State.ASKED, pk__in=others)


def steps_of(execution: BulkExecution) -> list[BulkStep]:
    """The execution's steps in their order, those that wait with what they came to by now."""
    steps = list(execution.steps.select_related("product").order_by("number"))
    waiting = [step for step in steps if step.is_waiting]
    orders = Order.objects.in_bulk([step.placed_id for step in waiting])
    for step in waiting:
        if order := orders.get(step.placed_id):
            step.filled, step.notional = order.filled_size, order.filled_notional
            step.fees = order.fees
    return steps


def lines_done(order: BulkOrder) -> Iterator[tuple[Any, ...]]:
    """Every line and what it got: line, beneficiary, cost centre, grams asked, got, retired, and
    the numbers of its retirements. A few at a time."""
    after = -1
    while True:
        with connection.cursor() as cursor:
            terms = {"order": order.pk, "after": after, "most": _LINES_AT_ONCE}
            cursor.execute(_LINES, terms)
            rows = cursor.fetchall()
        if not rows:
            return
        yield from rows
        after = rows[-1][0]


def _wanted(execution: BulkExecution) -> int:
    """What the plan buys; of an order that waits, all that its lines ask for."""
    if execution.deadline is not None:
        return execution.order.grams
    return sum(execution.plan.buys.values_list("size", flat=True))


def _row(query: str, execution: BulkExecution) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"execution": execution.pk, "open": OrderStatus.OPEN})
        row: tuple[int, ...] = cursor.fetchone()
        return row
