"""Who lets a bulk order run: one member asks, and above the organisation's bound another approves.

Asking and deciding hold the organisation's row and then the order's, so that rules, roles, other
orders of the day and a second click are all seen by whoever comes later. The database checks the
same once more (migration 0019).
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, FourEyesRequired
from apps.accounts.models import FourEyesModel, User
from apps.accounts.services.history import recorded_as
from apps.accounts.services.spending import organisation_lock, spend_check
from apps.accounts.services.verifications import verified_require
from apps.orderbook.models import BulkExecution, BulkOrder, BulkPlan
from apps.orderbook.services.bulk_orders import SOURCE, wake_later
from apps.orderbook.services.bulk_terms import Terms, deadline_check, terms_check, total_check
from apps.orderbook.services.quote_exchange import quotes_exchange

State = BulkOrder.State
Decision = FourEyesModel.Decision
NOTE_CHARS_MAX: Final = 500
_TAKES_TWO: Final = "SELECT orderbook_bulk_takes_two(%s, %s)"


def bulk_order_execute(*, order: BulkOrder, by: User, **asked: Any) -> BulkExecution:
    """Asks to carry out the plan; `asked` as `Terms` has it.

    It starts at once, unless the organisation's rule takes another member's approval. Asking for
    the same again changes nothing. Raises NotPermitted (`scope_missing`, `spending_limit`,
    `organisation_not_verified`), what `terms_check` and `total_check` raise, Conflict
    `plan_changed`, `not_planned`, and what `quotes_exchange` raises.
    """
    terms = Terms(**asked)
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        locked = order_lock(order)
        total = terms.total_max
        spend_check(owner=locked.owner, asset=locked.quote, by=by, total=total, approving=False)
        if same := _asked_already(locked, terms):
            return same
        terms_check(terms)
        if locked.state != State.PLANNED:
            raise _not_now(locked, "not_planned")
        verified_require(owner=locked.owner)
        plan = _latest_plan(locked, terms.plan_id)
        total_check(order=locked, plan=plan, terms=terms)
        execution = BulkExecution.objects.create(
            order=locked,
            brought_by=locked.made_by,
            proposed_by=by,
            needs_second=_takes_two(locked, total),
            **terms.asked,
        )
        if execution.needs_second:
            _state_set(locked, State.ASKED)
        else:
            _start(locked, execution)
    order.refresh_from_db()
    return execution


def bulk_execution_decide(
    *, order: BulkOrder, execution_id: int, by: User, approve: bool, note: str = ""
) -> BulkExecution:
    """Lets what was asked for run, or turns it down; then it can be planned and asked for again.

    `execution_id` is what the member looked at. Repeating one's own decision changes nothing.
    Raises NotPermitted, FourEyesRequired, Conflict `already_decided`, `bulk_order_closed`,
    `deadline_over`.
    """
    decision = Decision.APPROVED if approve else Decision.REJECTED
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        locked = order_lock(order)
        execution = (
            BulkExecution.objects.select_for_update(of=("self",))
            .filter(order=locked, pk=execution_id, needs_second=True)
            .first()
        )
        if execution is None:
            raise _not_now(locked, "bulk_order_closed")
        _decider_check(locked, execution, by)
        if execution.decision != Decision.PENDING:
            return _decided_already(execution, decision, by)
        if locked.state != State.ASKED:
            raise _not_now(locked, "bulk_order_closed")
        execution.decision, execution.decision_note = decision, note.strip()[:NOTE_CHARS_MAX]
        execution.decided_by, execution.decided_at = by, timezone.now()
        execution.save(update_fields=["decision", "decision_note", "decided_by", "decided_at"])
        if approve:
            deadline_check(execution)
            _asker_check(locked, execution)
            _start(locked, execution)
        else:
            _state_set(locked, State.PLANNED)
    order.refresh_from_db()
    return execution


def order_lock(order: BulkOrder) -> BulkOrder:
    """The order as it is, its organisation locked before it. Within a transaction."""
    if order.owner.organisation_id is not None:
        organisation_lock(organisation_id=order.owner.organisation_id)
    found = BulkOrder.objects.select_for_update(of=("self",), no_key=True)
    return found.select_related("owner", "quote", "made_by").get(pk=order.pk)


def _asked_already(order: BulkOrder, terms: Terms) -> BulkExecution | None:
    asked = order.executions.exclude(decision=Decision.REJECTED).first()
    return asked if asked and Terms.of(asked) == terms else None


def _latest_plan(order: BulkOrder, plan_id: int) -> BulkPlan:
    plan = order.plans.order_by("-pk").first()
    if plan is None or plan.pk != plan_id:
        raise Conflict(
            _("The order was planned again meanwhile. Look at the new plan first."),
            code="plan_changed",
        )
    return plan


def _takes_two(order: BulkOrder, total_max: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_TAKES_TWO, [order.pk, total_max])
        return bool(cursor.fetchone()[0])


def _decider_check(order: BulkOrder, execution: BulkExecution, by: User) -> None:
    spend_check(
        owner=order.owner, asset=order.quote, by=by, total=execution.total_max, approving=True
    )
    if by.pk in (execution.proposed_by_id, execution.brought_by_id):
        raise FourEyesRequired(
            _("You brought or asked for this order yourself. Another member has to decide it.")
        )


def _asker_check(order: BulkOrder, execution: BulkExecution) -> None:
    """Who asked may have lost the role, or the limit been lowered, since."""
    spend_check(
        owner=order.owner,
        asset=order.quote,
        by=execution.proposed_by,
        total=execution.total_max,
        approving=False,
    )


def _decided_already(execution: BulkExecution, decision: str, by: User) -> BulkExecution:
    if execution.decided_by_id == by.pk and execution.decision == decision:
        return execution
    raise Conflict(
        _("This was already decided by %(name)s. Reload the page to see how.")
        % {"name": execution.decided_by},
        code="already_decided",
    )


def _start(order: BulkOrder, execution: BulkExecution) -> None:
    verified_require(owner=order.owner)
    execution.started_at = timezone.now()
    execution.save(update_fields=["started_at"])
    _state_set(order, State.RUNNING, attempt=0)
    quotes_exchange(order=order, execution=execution)
    wake_later(order)


def _state_set(order: BulkOrder, state: str, **values: Any) -> None:
    BulkOrder.objects.filter(pk=order.pk).update(state=state, **values)


def _not_now(order: BulkOrder, code: str) -> Conflict:
    return Conflict(
        _("This is not possible any more: %(state)s. Reload the page.")
        % {"state": order.get_state_display()},
        code=code,
    )
