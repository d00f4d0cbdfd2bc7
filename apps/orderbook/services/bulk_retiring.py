"""What lines got is retired for their beneficiaries, once, and certified.

Parts of one step with the same beneficiary, message and period are one retirement. It and the mark
on its parts are one transaction, and its key is the step's and the first of its lines': whoever
comes again finds the parts marked, or the retirement there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import connection, transaction

from apps.accounts.errors import InsufficientFunds
from apps.orderbook.models import BulkExecution, BulkOrder, BulkStep
from apps.orderbook.services.bulk_steps import StepHeld, StepLater
from apps.registry.models import CreditClass, Retirement
from apps.registry.services.retirements import retirement_create

# So many are looked up at a time: memory stays flat, however many there are.
GROUPS_AT_ONCE: Final = 500

_GROUPS: Final = """
SELECT l.beneficiary, l.message, l.period_start, l.period_end, min(l.line), sum(p.grams)::bigint,
       array_agg(p.id)
FROM orderbook_bulkpart p JOIN orderbook_bulkline l ON l.id = p.line_id
WHERE p.step_id = %(step)s AND p.retirement_id IS NULL
GROUP BY 1, 2, 3, 4 ORDER BY min(l.line) LIMIT %(most)s
"""

# One array, however many lines a beneficiary has.
_MARK: Final = """
UPDATE orderbook_bulkpart SET retirement_id = %(retirement)s
WHERE id = ANY(%(parts)s) AND retirement_id IS NULL
"""

# For each beneficiary what was retired for them, and under no name what was retired at all.
_CERTIFICATES: Final = """
INSERT INTO orderbook_bulkcertificate
    (public_id, number, execution_id, beneficiary, grams, made_at)
SELECT gen_random_uuid(),
       'CCB-' || to_char(now() AT TIME ZONE 'UTC', 'YYYY') || '-'
           || lpad(nextval('registry_certificate_number')::text, 7, '0'),
       %(execution)s, sums.beneficiary, sums.grams, now()
FROM (
    SELECT coalesce(l.beneficiary, '') AS beneficiary, sum(p.grams)::bigint AS grams
    FROM orderbook_bulkstep s
    JOIN orderbook_bulkpart p ON p.step_id = s.id
    JOIN orderbook_bulkline l ON l.id = p.line_id
    WHERE s.execution_id = %(execution)s AND p.retirement_id IS NOT NULL
    GROUP BY GROUPING SETS ((l.beneficiary), ())
    HAVING sum(p.grams) > 0
    ORDER BY 1
) sums
ON CONFLICT (execution_id, beneficiary) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Group:
    """Parts of a step that are retired together. `first_line` names them."""

    beneficiary: str
    message: str
    period_start: date | None
    period_end: date | None
    first_line: int
    grams: int
    parts: list[int]


def bulk_parts_retire(*, execution: BulkExecution) -> None:
    """Retires what is allotted and not retired yet, while the order is not paused.

    Raises StepLater when it is, StepHeld when credits that were bought are not there any more.
    """
    for step in execution.steps.filter(allotted_at__isnull=False).order_by("number"):
        credit_class = CreditClass.objects.get(asset=step.product.base_id)
        while groups := _groups(step):
            for group in groups:
                _running_check(execution)
                _retire(execution, step, credit_class, group)


def bulk_certificates_make(*, execution: BulkExecution) -> None:
    """One for each beneficiary and one for the whole. Repeating it makes no other."""
    with connection.cursor() as cursor:
        cursor.execute(_CERTIFICATES, {"execution": execution.pk})


def _groups(step: BulkStep) -> list[_Group]:
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, {"step": step.pk, "most": GROUPS_AT_ONCE})
        return [_Group(*row) for row in cursor.fetchall()]


def _retire(
    execution: BulkExecution, step: BulkStep, credit_class: CreditClass, group: _Group
) -> None:
    try:
        with transaction.atomic():
            retirement = retirement_create(
                owner=execution.order.owner,
                user=execution.proposed_by,
                credit_class=credit_class,
                amount_grams=group.grams,
                beneficiary=group.beneficiary,
                message=group.message,
                period_start=group.period_start,
                period_end=group.period_end,
                idempotency_key=f"{step.client_oid}:{group.first_line}",
            )
            _parts_mark(group, retirement)
    except InsufficientFunds as missing:
        raise StepHeld(BulkExecution.Pause.CREDITS) from missing


def _parts_mark(group: _Group, retirement: Retirement) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MARK, {"retirement": retirement.pk, "parts": group.parts})
        assert cursor.rowcount == len(group.parts), "nobody else marks the parts of an order"


def _running_check(execution: BulkExecution) -> None:
    runs = BulkOrder.objects.filter(pk=execution.order_id, state__in=BulkOrder.EXECUTING_STATES)
    if not runs.exists():
        raise StepLater
