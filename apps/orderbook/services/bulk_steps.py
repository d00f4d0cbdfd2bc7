"""The steps of an execution: what is bought next, written first, placed once, and what came of it.

A step is a row before it is an order. Its name is the order's `client_oid`, which the intake takes
once for ever: whoever repeats a step, after whatever has happened, gets the first order.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from apps.accounts.errors import ServiceError
from apps.orderbook.engine.book.money import BPS, MICRO, fee_of, notional_of
from apps.orderbook.models import (
    BulkBuy,
    BulkExecution,
    BulkOrder,
    BulkStep,
    Command,
    Order,
    Product,
)
from apps.orderbook.models.enums import DoneReason, OrderType, SelfTrade, Side, TimeInForce
from apps.orderbook.selectors.bands import price_ceiling
from apps.orderbook.selectors.journal import commands_decided
from apps.orderbook.services.bulk_pace import Pace, pace_of
from apps.orderbook.services.commands import command_named, order_place
from apps.orderbook.services.verdicts import verdict_wait

VERDICT_WAIT_S: Final = 10.0
# What ends a step but not its market: it is tried again when somebody has seen to it.
TO_BE_SEEN_TO: Final = {
    DoneReason.INSUFFICIENT_FUNDS: BulkExecution.Pause.FUNDS,
    DoneReason.NOT_OPEN: BulkExecution.Pause.MARKET,
    DoneReason.INVALID: BulkExecution.Pause.NAME,
}
# The price band followed a trade between the look at it and the order: a cheaper one fits.
TRIED_AGAIN: Final = {*TO_BE_SEEN_TO, DoneReason.OUT_OF_BAND}


class StepHeld(Exception):
    """Nothing can be done before somebody has seen to it. `pause` says what."""

    def __init__(self, pause: str) -> None:
        super().__init__(pause)
        self.pause = pause


class StepLater(Exception):
    """The engine has not answered yet, or nothing is due: the next sweep looks again."""


def step_next(*, execution: BulkExecution) -> BulkStep | None:
    """Writes the next step; None when the plan is bought, what is left cannot be had, or the order
    does not run any more. Raises StepLater when more is due later."""
    with transaction.atomic():
        order = BulkOrder.objects.select_for_update(no_key=True).get(pk=execution.order_id)
        if order.state != BulkOrder.State.RUNNING:
            return None
        steps = list(execution.steps.order_by("number"))
        assert all(step.over_at for step in steps), "one step at a time"
        pace = pace_of(execution, timezone.now())
        left = execution.total_max - sum(step.notional + step.fees for step in steps)
        # What the plan takes of quotes was exchanged as the order started.
        on_books = execution.plan.buys.filter(quote_line=None)
        for buy in on_books.select_related("product").order_by("pk"):
            own = [
                step
                for step in steps
                if step.product_id == buy.product_id and step.quote_line_id is None
            ]
            due, of_part = _due(buy, own, pace)
            if terms := terms_next(due, of_part, left, price_ceiling(buy.product)):
                return step_write(execution, buy, terms, number=len(steps) + 1)
        if not pace.is_last and _is_wanted(execution, steps):
            raise StepLater
    return None


def _due(buy: BulkBuy, steps: list[BulkStep], pace: Pace) -> tuple[BulkBuy, list[BulkStep]]:
    """What of the purchase is still due, and the steps of this part, which begins afresh."""
    of_part = [step for step in steps if step.written_at >= pace.since]
    before = sum(step.filled for step in steps) - sum(step.filled for step in of_part)
    size = pace.due(buy.size, buy.product.size_increment) - before
    return BulkBuy(product=buy.product, size=size, price_limit=buy.price_limit), of_part


def _is_wanted(execution: BulkExecution, steps: list[BulkStep]) -> bool:
    planned = sum(execution.plan.buys.values_list("size", flat=True))
    return sum(step.filled for step in steps) < planned


def terms_next(
    buy: BulkBuy, steps: list[BulkStep], left: int, ceiling: int | None = None
) -> tuple[int, int] | None:
    """Price and size of the next step in this market; None if there is none.

    `steps` are the market's own so far, `left` may be spent, fees included; the market's price band
    takes nothing above `ceiling`. The price is the one at which all that is wanted can be paid for,
    at most the plan's dearest; where the book had too little at a price, the next one is twice as
    high. So each step that its money bounds spends half of it or more, and a few dozen steps are
    enough however far apart the prices in the book are.
    """
    product, wanted = buy.product, buy.size - sum(step.filled for step in steps)
    limit = buy.price_limit if ceiling is None else min(buy.price_limit, ceiling)
    limit -= limit % product.price_increment
    if wanted <= 0 or limit <= 0 or (steps and _had_all(steps[-1], limit)):
        return None
    price = _price_next(product, limit, steps, wanted, left)
    for at in (price, limit):
        size = min(wanted, product.size_max, _affordable(product, at, left))
        size -= size % product.size_increment
        if size >= product.size_min and notional_of(at, size) >= product.notional_min:
            return at, size
    return None


def _price_next(product: Product, limit: int, steps: list[BulkStep], wanted: int, left: int) -> int:
    price = _spendable(product, left) * MICRO // wanted
    if steps:
        last = steps[-1]
        was_enough = last.filled == last.size or last.outcome in TRIED_AGAIN
        price = max(price, last.price if was_enough else 2 * last.price)
    price -= price % product.price_increment
    return min(limit, max(price, product.price_increment))


def _had_all(last: BulkStep, limit: int) -> bool:
    """Whether the book had no more for the last step, at the dearest price that there is."""
    is_short = last.filled < last.size and last.outcome not in TRIED_AGAIN
    return is_short and last.price >= limit


def _spendable(product: Product, left: int) -> int:
    """What of `left` can go to credits, with the market's highest fee on it."""
    notional = max(0, left) * BPS // (BPS + product.taker_bps)
    return min(notional, product.notional_max)


def _affordable(product: Product, price: int, left: int) -> int:
    """The grams that `left` pays for even if each costs `price`."""
    size = _spendable(product, left) * MICRO // price
    size -= size % product.size_increment
    worst = notional_of(price, size)
    assert worst + fee_of(worst, product.taker_bps) <= max(0, left), (size, price, left)
    return size


def step_write(
    execution: BulkExecution, buy: BulkBuy, terms: tuple[int, int], number: int
) -> BulkStep:
    """The step before it is an order; `terms` are price and size."""
    price, size = terms
    return BulkStep.objects.create(
        execution=execution,
        number=number,
        product=buy.product,
        price=price,
        size=size,
        client_oid=execution.client_oid_of(number),
    )


def step_finish(*, execution: BulkExecution, step: BulkStep) -> None:
    """Places a step, unless it is placed already, and writes down what came of it.

    Raises StepHeld, StepLater; the step then stays as it is. Repeating it is harmless.
    """
    command = _placed(execution, step)
    if not _is_the_step(command, step):
        _step_over(step, outcome=DoneReason.INVALID)
        raise StepHeld(BulkExecution.Pause.NAME)
    if not verdict_wait(command_ids=[command.pk], timeout_s=VERDICT_WAIT_S) and not (
        commands_decided([command.pk])
    ):
        raise StepLater
    placed = Order.objects.get(pk=command.pk)
    assert placed.done_reason is not None, "an order that never rests is over with its verdict"
    _step_over(
        step,
        outcome=placed.done_reason,
        placed_id=placed.pk,
        filled=placed.filled_size,
        notional=placed.filled_notional,
        fees=placed.fees,
    )
    if placed.done_reason in TO_BE_SEEN_TO:
        raise StepHeld(TO_BE_SEEN_TO[DoneReason(placed.done_reason)])


def step_drop(*, step: BulkStep) -> bool:
    """Ends a step that the intake refuses to place, for an order that is being ended.

    False when it was placed after all.
    """
    if command_named(step.execution.order.owner, step.client_oid) is not None:
        return False
    _step_over(step, outcome=DoneReason.NOT_OPEN)
    return True


def _placed(execution: BulkExecution, step: BulkStep) -> Command:
    owner = execution.order.owner
    if first := command_named(owner, step.client_oid):
        return first
    try:
        return order_place(
            owner=owner,
            user=execution.proposed_by,
            client_oid=step.client_oid,
            product=step.product,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            price=step.price,
            size=step.size,
            time_in_force=TimeInForce.IOC,
            self_trade=SelfTrade.CN,
        )
    except ServiceError as refused:
        if refused.retry_after_s is not None:
            raise StepLater from refused
        raise StepHeld(BulkExecution.Pause.MARKET) from refused


def _is_the_step(command: Command, step: BulkStep) -> bool:
    """False where the owner has used the step's name for another order."""
    return (
        command.product_id,
        command.side,
        command.price,
        command.size,
        command.time_in_force,
    ) == (step.product_id, Side.BUY, step.price, step.size, TimeInForce.IOC)


def _step_over(step: BulkStep, **came_of_it: int) -> None:
    """Of two workers that saw the same verdict, one writes it."""
    BulkStep.objects.filter(pk=step.pk, over_at__isnull=True).update(
        over_at=timezone.now(), **came_of_it
    )
