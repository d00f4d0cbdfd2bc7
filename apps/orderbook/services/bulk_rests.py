"""Orders of a bulk order that wait in the books: placed, looked at, cancelled.

Such an order and its step are written in one transaction, which holds the bulk order's row: whoever
pauses it either cancels the order as well, or comes first and there is none. Each ends with the
deadline that was asked for, by the journal's clock, whether or not a worker is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.errors import NotFound
from apps.orderbook.models import BulkExecution, BulkStep, Command, Order, Product
from apps.orderbook.models.bulk import BPS
from apps.orderbook.models.enums import (
    DoneReason,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from apps.orderbook.services.commands import OrderDone, order_cancel, order_place


class Rest(NamedTuple):
    """So many grams that are to wait at a price."""

    product: Product
    price: int
    size: int


def rests_of(execution: BulkExecution) -> QuerySet[BulkStep]:
    """The steps whose orders may still be in the books."""
    found = execution.steps.filter(expires_at__isnull=False, over_at__isnull=True)
    return found.select_related("product").order_by("number")


def rest_place(*, execution: BulkExecution, number: int, rest: Rest) -> Command | None:
    """Places an order that waits, and writes its step. Within the transaction that holds the bulk
    order's row and saw it run.

    None where the owner has used the step's name for another order: the step is over. Raises what
    `order_place` raises; then nothing is written.
    """
    assert connection.in_atomic_block
    client_oid = execution.client_oid_of(number)
    display_size = _in_sight(execution, rest)
    placed = order_place(
        owner=execution.order.owner,
        user=execution.proposed_by,
        client_oid=client_oid,
        product=rest.product,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        price=rest.price,
        size=rest.size,
        time_in_force=TimeInForce.GTT,
        expires_at=execution.deadline,
        display_size=display_size,
        self_trade=SelfTrade.CN,
    )
    # The step is there if and only if the order is: what was there before is somebody else's.
    is_ours = placed.is_fresh
    BulkStep.objects.create(
        execution=execution,
        number=number,
        product=rest.product,
        price=rest.price,
        size=rest.size,
        client_oid=client_oid,
        expires_at=execution.deadline,
        display_size=display_size,
        placed_id=placed.pk if is_ours else None,
        over_at=None if is_ours else timezone.now(),
        outcome=None if is_ours else DoneReason.INVALID,
    )
    return placed if is_ours else None


def rests_cancel(
    *, execution: BulkExecution, steps: Sequence[BulkStep] | None = None
) -> list[Command]:
    """Asks for the cancellation of orders that wait, each once; of all of them unless told.

    Within a transaction. Whether something fills before, their orders will say.
    """
    assert connection.in_atomic_block
    asked = []
    for step in rests_of(execution) if steps is None else steps:
        if step.cancel_asked_at is not None or step.placed_id is None:
            continue
        try:
            owner, by = execution.order.owner, execution.proposed_by
            asked.append(order_cancel(owner=owner, user=by, order_id=step.placed_id))
        except (OrderDone, NotFound):
            continue
        step.cancel_asked_at = timezone.now()
        step.save(update_fields=["cancel_asked_at"])
    return asked


def rests_look(*, execution: BulkExecution) -> list[DoneReason]:
    """Writes down what came of the orders that wait no more, and says how they ended."""
    steps = list(rests_of(execution))
    orders = Order.objects.in_bulk([step.placed_id for step in steps])
    ended = []
    for step in steps:
        order = orders.get(step.placed_id)
        if order is None or order.status == OrderStatus.OPEN:
            continue
        assert order.done_reason is not None, "an order that is not open ended somehow"
        rests_of(execution).filter(pk=step.pk).update(
            over_at=timezone.now(),
            outcome=order.done_reason,
            filled=order.filled_size,
            notional=order.filled_notional,
            fees=order.fees,
        )
        ended.append(DoneReason(order.done_reason))
    return ended


def _in_sight(execution: BulkExecution, rest: Rest) -> int | None:
    """How much of the order is shown at a time; None: all of it."""
    increment = rest.product.size_increment
    part = -(-rest.size * execution.visible_bps // BPS // increment) * increment
    shown = max(part, -(-rest.product.size_min // increment) * increment)
    return None if shown >= rest.size else shown
