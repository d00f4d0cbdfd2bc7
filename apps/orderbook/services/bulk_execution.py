"""Carries out a bulk order: buys what its plan says, allots it, retires or holds it.

A worker calls `bulk_execute` alone (`services/bulk_work.py`). It keeps nothing in memory between
two steps: after a kill at any point the rows say where to go on.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from apps.accounts.errors import ServiceError
from apps.orderbook.models import BulkExecution, BulkOrder, BulkStep
from apps.orderbook.services.bulk_allotment import bulk_fills_allot
from apps.orderbook.services.bulk_rests import rests_cancel
from apps.orderbook.services.bulk_retiring import bulk_certificates_make, bulk_parts_retire
from apps.orderbook.services.bulk_steps import (
    StepHeld,
    StepLater,
    step_drop,
    step_finish,
    step_next,
)
from apps.orderbook.services.bulk_waiting import left_over_next, wait_for_sellers

log = structlog.get_logger(__name__)

State = BulkOrder.State
Pause = BulkExecution.Pause
BUSY: Final = "busy"
# What an order that a worker is at becomes.
_ENDS: Final = {State.RUNNING: State.DONE, State.STOPPING: State.CANCELLED}


def bulk_execute(*, order: BulkOrder) -> None:
    """Goes on until the order is over, paused, or has to wait for an engine."""
    execution = execution_of(order)
    assert execution is not None, "an order that runs was let run"
    try:
        _carry_out(execution)
    except StepLater:
        log.debug("bulk_order_waits", order=order.pk)
    except StepHeld as held:
        _hold(execution, held.pause)
    except ServiceError as refused:
        log.warning("bulk_order_held_up", order=order.pk, code=refused.code)
        # While somebody else is at the same credits, the sweep comes again.
        if refused.code != BUSY:
            _hold(execution, Pause.INTERNAL)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("bulk_order_execution_failed", order=order.pk)
        _hold(execution, Pause.INTERNAL)


def execution_of(order: BulkOrder) -> BulkExecution | None:
    """The execution that has started."""
    found = BulkExecution.objects.filter(order=order, started_at__isnull=False)
    return found.select_related("order__owner", "plan", "proposed_by").first()


def _carry_out(execution: BulkExecution) -> None:
    while True:
        _open_step_finish(execution)
        state = _state(execution)
        if state not in _ENDS:
            # What was bought by now waits: only with all of it there can lines get the most.
            return
        if execution.deadline is not None:
            wait_for_sellers(execution=execution, state=state)
        if state == State.RUNNING and _step_begin(execution) is not None:
            continue
        bulk_fills_allot(execution=execution)
        if execution.keep == BulkExecution.Keep.RETIRE:
            bulk_parts_retire(execution=execution)
        if _end(execution, state):
            return


def _step_begin(execution: BulkExecution) -> BulkStep | None:
    if execution.deadline is not None:
        return left_over_next(execution=execution)
    return step_next(execution=execution)


def _open_step_finish(execution: BulkExecution) -> None:
    step = _open_step(execution)
    if step is None:
        return
    try:
        step_finish(execution=execution, step=step)
    except StepHeld:
        if _state(execution) != State.STOPPING:
            raise
        # Being ended, the order takes what it has got, and asks for no more.
        step = _open_step(execution)
        if step is not None and not step_drop(step=step):
            raise StepLater from None


def _open_step(execution: BulkExecution) -> BulkStep | None:
    found = execution.steps.filter(over_at__isnull=True, expires_at__isnull=True)
    return found.select_related("product", "execution__order__owner").first()


def _state(execution: BulkExecution) -> Any:
    return BulkOrder.objects.values_list("state", flat=True).get(pk=execution.order_id)


def _end(execution: BulkExecution, state: Any) -> bool:
    """The end, unless somebody has paused or cancelled meanwhile."""
    with transaction.atomic():
        ended = BulkOrder.objects.filter(pk=execution.order_id, state=state).update(
            state=_ENDS[state], attempt=0
        )
        if ended:
            if execution.keep == BulkExecution.Keep.RETIRE:
                bulk_certificates_make(execution=execution)
            BulkExecution.objects.filter(pk=execution.pk).update(
                ended_at=timezone.now(), pause=Pause.NONE
            )
    return bool(ended)


def _hold(execution: BulkExecution, pause: str) -> None:
    """Pauses the order until somebody has seen to it, and cancels what waits. One that is being
    ended is tried again."""
    with transaction.atomic():
        order = BulkOrder.objects.filter(pk=execution.order_id)
        is_held = order.filter(state=State.RUNNING).update(state=State.PAUSED)
        if is_held or order.filter(state=State.STOPPING).exists():
            BulkExecution.objects.filter(pk=execution.pk).update(pause=pause)
        if is_held:
            rests_cancel(execution=execution)
