"""What a worker does with a bulk order: read its file, plan it, carry it out.

The order's row says what. Whoever works on an order holds an advisory lock (`accounts.alone`); when
that worker dies the sweep wakes another, which begins again under the next `attempt`. What a step
writes and the order's next state are one transaction, and it counts only if nobody has cancelled
the order or taken it over meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from apps.accounts.alone import alone, worked_on
from apps.orderbook.bulk.refusals import BulkRefused
from apps.orderbook.models import BulkOrder
from apps.orderbook.services.bulk_execution import bulk_execute
from apps.orderbook.services.bulk_planning import bulk_plan_keep, bulk_plan_make
from apps.orderbook.services.bulk_reading import bulk_file_read
from apps.orderbook.services.quote_planning import quotes_weigh, scores_keep
from apps.registry.refusals import RefusedError

log = structlog.get_logger(__name__)

State = BulkOrder.State
# Of the advisory locks that tell who works on which order.
LOCK_CLASS: Final = 0x1B01C
ATTEMPTS_MAX: Final = 3
TELL_EVERY_S: Final = 0.5

_PROGRESS: Final = """
UPDATE orderbook_bulkorder SET rows_read = %s, bytes_read = %s
WHERE id = %s AND attempt = %s AND state = 'reading' RETURNING id
"""


class BulkStopped(Exception):
    """Somebody cancelled, or another worker has taken over: nothing of this attempt counts."""


def bulk_work(*, order_id: int) -> None:
    """Does what the order's state asks for, unless another worker is at it."""
    with alone(LOCK_CLASS, order_id) as side:
        if side is None:
            return
        order = BulkOrder.objects.filter(pk=order_id).first()
        if order and order.state in (State.UPLOADED, State.READING):
            _work(order, State.READING, lambda: _read(order, side))
        if order and order.state in (State.QUEUED, State.PLANNING):
            _work(order, State.PLANNING, lambda: _plan(order))
        if order and order.state in BulkOrder.EXECUTING_STATES:
            # What is bought is bought: it is never given up, however often a worker is lost.
            bulk_execute(order=order)


def bulk_orders_left() -> list[int]:
    """The orders for which there is something to do and that no worker is at."""
    left = BulkOrder.objects.filter(state__in=BulkOrder.WORK_STATES).order_by("pk")
    taken = worked_on(LOCK_CLASS)
    return [pk for pk in left.values_list("pk", flat=True) if pk not in taken]


def _work(order: BulkOrder, state: str, do: Callable[[], None]) -> None:
    """Takes the order up under a new attempt, and closes it when it cannot be done."""
    if not _taken_up(order, state):
        return
    try:
        do()
    except BulkStopped:
        log.info("bulk_order_stopped", order=order.pk)
    except RefusedError as refused:
        _fail(order, refused.code, refused.params)
    except (OperationalError, InterfaceError):
        # The database went away, not the order: the sweep takes it up again.
        raise
    except Exception:
        log.exception("bulk_order_failed", order=order.pk)
        _fail(order, "internal", {})


def _taken_up(order: BulkOrder, state: str) -> bool:
    if order.attempt >= ATTEMPTS_MAX:
        _fail(order, "worker_lost", {"times": order.attempt})
        return False
    taken = _mine(order).update(state=state, attempt=F("attempt") + 1, rows_read=0, bytes_read=0)
    order.refresh_from_db()
    return bool(taken)


def _read(order: BulkOrder, side: Any) -> None:
    told_at_s = 0.0

    def progress(rows: int, bytes_read: int) -> None:
        nonlocal told_at_s
        if monotonic() - told_at_s < TELL_EVERY_S:
            return
        told_at_s = monotonic()
        with side.cursor() as cursor:
            cursor.execute(_PROGRESS, (rows, bytes_read, order.pk, order.attempt))
            if cursor.fetchone() is None:
                raise BulkStopped

    with transaction.atomic():
        counts = bulk_file_read(order=order, progress=progress)
        state = State.REFUSED if counts["refused_count"] else State.QUEUED
        _finish(order, state, **counts, rows_read=counts["lines_count"], attempt=0)


def _plan(order: BulkOrder) -> None:
    problem, made, took_ms = bulk_plan_make(order=order)
    weighed = quotes_weigh(problem=problem)
    with transaction.atomic():
        plan = bulk_plan_keep(order=order, problem=problem, made=made, took_ms=took_ms)
        scores_keep(plan=plan, weighed=weighed)
        _finish(order, State.PLANNED, attempt=0)


def _finish(order: BulkOrder, state: str, **values: Any) -> None:
    """The end of this step, if this attempt still is the one that counts. Raises BulkStopped."""
    if not _mine(order).update(state=state, **values):
        raise BulkStopped
    order.refresh_from_db()


def _fail(order: BulkOrder, code: str, params: dict[str, Any]) -> None:
    shown = {
        name: value if isinstance(value, int) else str(value) for name, value in params.items()
    }
    known = code if code in BulkRefused.messages else "internal"
    _mine(order).update(state=State.FAILED, failure_code=known, failure_params=shown)


def _mine(order: BulkOrder) -> Any:
    return BulkOrder.objects.filter(pk=order.pk, state=order.state, attempt=order.attempt)
