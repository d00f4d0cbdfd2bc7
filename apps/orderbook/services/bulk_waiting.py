"""A bulk order that waits in the books for sellers, until its deadline. docs/bulk-orders.md.

What waits follows from the rows: the grams that no fill and no waiting order covers are placed at
their limits (`planning.resting`), and once a quarter of an hour what waits where it no longer
should is cancelled, so that it can wait elsewhere. A worker that comes after another one's end
reads the same rows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from apps.accounts.errors import ServiceError
from apps.orderbook.models import BulkBuy, BulkExecution, BulkOrder, BulkStep, Command
from apps.orderbook.models.enums import DoneReason
from apps.orderbook.planning.planner import plan
from apps.orderbook.selectors.bands import price_ceiling
from apps.orderbook.services.bulk_rests import Rest, rest_place, rests_cancel, rests_look, rests_of
from apps.orderbook.services.bulk_steps import StepHeld, StepLater, step_write, terms_next
from apps.orderbook.services.bulk_wishes import Wishes
from apps.orderbook.services.verdicts import verdict_wait

ROUND: Final = timedelta(minutes=15)
VERDICT_WAIT_S: Final = 10.0
# Of one look and of one transaction; whatever is left is done at the next look.
PASSES_MAX: Final = 20
RESTS_AT_ONCE: Final = 100
SOLVE_S: Final = 1.0

State = BulkOrder.State


def wait_for_sellers(*, execution: BulkExecution, state: str) -> None:
    """Brings what waits in line with what is wanted, or with the end of it. Returns once nothing
    waits and nothing more is to.

    Raises StepLater while something does, StepHeld when somebody has to see to it.
    """
    for _ in range(PASSES_MAX):
        ended = rests_look(execution=execution)
        if state == State.RUNNING and DoneReason.INSUFFICIENT_FUNDS in ended:
            raise StepHeld(BulkExecution.Pause.FUNDS)
        asked = _asked_now(execution, state)
        if not asked or not verdict_wait(
            command_ids=[command.pk for command in asked], timeout_s=VERDICT_WAIT_S
        ):
            break
    if rests_of(execution).exists():
        raise StepLater
    if _is_time_left(execution, state) and _is_wanted(execution):
        raise StepLater


def left_over_next(*, execution: BulkExecution) -> BulkStep | None:
    """Writes the next step of buying at once, after the deadline, what nobody sold until then: at
    the prices of the plan and of the lines, whatever it waited at. None when there is none.

    Raises StepLater when the order does not run any more: what it has is not all of it.
    """
    if execution.at_deadline != BulkExecution.AtDeadline.BUY or _is_allotted(execution):
        return None
    wishes = Wishes(execution, is_waiting=False)
    problem, products = wishes.problem(blocked=_blocked(execution, is_waiting=False))
    if not problem.markets or not problem.demands:
        return None
    sizes = plan(problem, time_limit_s=SOLVE_S).sizes
    with transaction.atomic():
        if not _runs(execution):
            raise StepLater
        for market, product, size in zip(problem.markets, products, sizes, strict=True):
            if not size:
                continue
            buy = BulkBuy(product=product, size=size, price_limit=market.price_at(size))
            if terms := terms_next(buy, [], wishes.money, price_ceiling(product)):
                return step_write(execution, buy, terms, number=len(wishes.steps) + 1)
    return None


def _asked_now(execution: BulkExecution, state: str) -> list[Command]:
    """The commands that bring the books in line, after their commit."""
    if state == State.STOPPING:
        with transaction.atomic():
            return rests_cancel(execution=execution)
    now = timezone.now()
    if not _is_time_left(execution, state) or not _is_due(execution, now):
        return []
    wishes = Wishes(execution, is_waiting=True)
    blocked = _blocked(execution, is_waiting=True)
    away = wishes.misplaced(blocked=blocked) if _is_new_round(execution, now) else []
    rests = wishes.rests(blocked=blocked)
    with transaction.atomic():
        if not _runs(execution):
            return []
        asked = rests_cancel(execution=execution, steps=away)
        placed, is_done = _placed(execution, rests, number=len(wishes.steps))
        BulkExecution.objects.filter(pk=execution.pk).update(spread_at=now if is_done else None)
    execution.spread_at = now if is_done else None
    return [*asked, *placed]


def _placed(
    execution: BulkExecution, rests: list[Rest], *, number: int
) -> tuple[list[Command], bool]:
    """What could be placed, and whether that is all of it."""
    placed, is_done = [], len(rests) <= RESTS_AT_ONCE
    for rest in rests[:RESTS_AT_ONCE]:
        try:
            command = rest_place(execution=execution, number=number + 1, rest=rest)
        except ServiceError:
            # The market has closed a moment ago, or does not keep up.
            is_done = False
            continue
        number += 1
        if command is None:
            is_done = False
        else:
            placed.append(command)
    return placed, is_done


def _is_time_left(execution: BulkExecution, state: str) -> bool:
    assert execution.deadline is not None
    if state != State.RUNNING or timezone.now() >= execution.deadline:
        return False
    return not _is_allotted(execution)


def _is_wanted(execution: BulkExecution) -> bool:
    return execution.spread_at is None or Wishes(execution, is_waiting=False).is_open


def _is_due(execution: BulkExecution, now: datetime) -> bool:
    if execution.spread_at is None or _is_new_round(execution, now):
        return True
    return execution.steps.filter(over_at__gt=execution.spread_at).exists()


def _is_new_round(execution: BulkExecution, now: datetime) -> bool:
    began, last = execution.started_at, execution.spread_at
    assert began is not None
    return last is None or (last - began) // ROUND < (now - began) // ROUND


def _blocked(execution: BulkExecution, *, is_waiting: bool) -> set[int]:
    """Markets where an order ended in another way than wanted: they are left alone for a while."""
    lately = execution.steps.filter(
        over_at__gt=timezone.now() - ROUND, cancel_asked_at__isnull=True, quote_line__isnull=True
    )
    usual = {DoneReason.FILLED, DoneReason.INVALID, DoneReason.INSUFFICIENT_FUNDS}
    if not is_waiting:
        # What the deadline ended is what is left to buy.
        usual.add(DoneReason.EXPIRED)
    return set(lately.exclude(outcome__in=usual).values_list("product", flat=True))


def _is_allotted(execution: BulkExecution) -> bool:
    return execution.steps.filter(allotted_at__isnull=False).exists()


def _runs(execution: BulkExecution) -> bool:
    """Whether the order runs, and goes on doing so until this transaction ends."""
    order: Any = BulkOrder.objects.select_for_update(no_key=True).get(pk=execution.order_id)
    return bool(order.state == State.RUNNING)
