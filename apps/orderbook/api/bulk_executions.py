"""Bulk orders carried out over the API: ask for it, follow it, pause and resume it.

An approval is given by a person on the page, never by a key: there is no request for it here.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import RETIRE, acting
from apps.accounts.api.fields import MicroField
from apps.accounts.errors import NotFound
from apps.orderbook.api.base import DialectView, checked, errors
from apps.orderbook.api.bulk_orders import order_named
from apps.orderbook.api.fields import Output, ProductField, TimeField
from apps.orderbook.certificates import bulk_certificate_address
from apps.orderbook.models import BulkExecution, BulkOrder
from apps.orderbook.models.bulk import BPS
from apps.orderbook.models.enums import DoneReason
from apps.orderbook.selectors.bulk_certificates import certificates_of
from apps.orderbook.selectors.bulk_executions import Progress, progress_of, steps_of
from apps.orderbook.services.bulk_approvals import bulk_order_execute
from apps.orderbook.services.bulk_orders import bulk_order_pause, bulk_order_resume
from apps.orderbook.services.bulk_pace import OVER_S_MAX
from apps.orderbook.services.bulk_terms import VISIBLE_BPS_MIN

CERTIFICATES_LISTED_MAX = 1_000


class BulkExecuteInput(serializers.Serializer[Any]):
    """Which plan, and what it may cost at most, fees included."""

    plan_id = serializers.IntegerField(min_value=1, help_text="Of the plan that you looked at.")
    total_max = MicroField()
    keep = serializers.ChoiceField(
        choices=BulkExecution.Keep.values, default=BulkExecution.Keep.RETIRE
    )
    over_s = serializers.IntegerField(
        min_value=0,
        max_value=OVER_S_MAX,
        default=0,
        help_text="Bought in equal parts over so many seconds; 0: at once.",
    )
    deadline = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Waits in the books for sellers until then, a minute to 30 days from now.",
    )
    limit_price = MicroField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The most a tonne may cost while it waits, without fees; lines may allow less. "
        "Without one: what the line allows, or the plan's dearest price.",
    )
    visible_bps = serializers.IntegerField(
        min_value=VISIBLE_BPS_MIN,
        max_value=BPS,
        default=BPS,
        help_text="The part of each waiting order that is in sight, in basis points.",
    )
    at_deadline = serializers.ChoiceField(
        choices=BulkExecution.AtDeadline.values,
        default=BulkExecution.AtDeadline.CANCEL,
        help_text="What nobody has sold by then is left open (cancel), or bought at once at the "
        "prices of plan and lines (buy).",
    )


class BulkStepOutput(Output):
    """One order of an execution."""

    number = serializers.IntegerField()
    client_oid = serializers.CharField()
    product_id = ProductField(source="product")
    price = MicroField()
    size = MicroField()
    expire_time = TimeField(
        source="expires_at", required=False, help_text="Until when it waits in the book."
    )
    max_floor = MicroField(
        source="display_size", required=False, help_text="No more of it is in sight at a time."
    )
    filled = MicroField()
    executed_value = MicroField(source="notional")
    fees = MicroField()
    outcome = serializers.SerializerMethodField()

    def get_outcome(self, step: Any) -> str:
        return DoneReason(step.outcome).name.lower() if step.outcome else "pending"


class BulkExecutionOutput(Output):
    """How far it is. `filled` is bought, `amount_waiting` is in the books for whoever sells it,
    `amount_allotted` has gone to lines, the surplus is whole lots beyond them. `progress_ppm`
    counts buying and, where it is asked for, retiring."""

    state = serializers.CharField()
    plan_id = serializers.IntegerField(source="shown.execution.plan_id")
    total_max = MicroField(source="shown.execution.total_max")
    keep = serializers.CharField(source="shown.execution.keep")
    over_s = serializers.IntegerField(source="shown.execution.over_s")
    deadline = TimeField(source="shown.execution.deadline", required=False)
    limit_price = MicroField(source="shown.execution.limit_price", required=False)
    visible_bps = serializers.IntegerField(source="shown.execution.visible_bps")
    at_deadline = serializers.CharField(source="shown.execution.at_deadline")
    decision = serializers.SerializerMethodField(
        help_text="not_needed, pending, approved, rejected"
    )
    asked_at = TimeField(source="shown.execution.proposed_at")
    started_at = TimeField(source="shown.execution.started_at", required=False)
    ended_at = TimeField(source="shown.execution.ended_at", required=False)
    pause = serializers.CharField(source="shown.execution.pause")
    progress_ppm = serializers.IntegerField(source="shown.part_ppm")
    amount_planned = MicroField(source="shown.wanted")
    filled = MicroField(source="shown.filled")
    amount_waiting = MicroField(source="shown.waiting")
    spent = MicroField(source="shown.spent")
    fees = MicroField(source="shown.fees")
    average_price = MicroField(source="shown.price_average")
    amount_allotted = MicroField(source="shown.allotted")
    surplus = MicroField(source="shown.surplus")
    lines_filled = serializers.IntegerField(source="shown.lines")
    amount_retired = MicroField(source="shown.retired")
    retirements = serializers.IntegerField(source="shown.retirements")
    steps = BulkStepOutput(many=True)

    def get_decision(self, found: dict[str, Any]) -> str:
        execution = found["shown"].execution
        return execution.decision if execution.needs_second else "not_needed"


class BulkCertificateOutput(Output):
    """What was retired for a beneficiary; without one, by the whole order."""

    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField()
    beneficiary = serializers.CharField()
    amount = MicroField(source="grams")
    made_at = TimeField()
    certificate_url = serializers.SerializerMethodField()

    def get_certificate_url(self, certificate: Any) -> str:
        return bulk_certificate_address(certificate)


class BulkOrderExecutionView(DialectView):
    """The carrying out of a bulk order."""

    @extend_schema(responses={200: BulkExecutionOutput, **errors(401, 403, 404)})
    def get(self, request: Request, bulk_order: str) -> Response:
        """Live figures, and every order that was placed for it."""
        return Response(_output(order_named(request, bulk_order)))

    @extend_schema(
        request=BulkExecuteInput,
        responses={202: BulkExecutionOutput, **errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, bulk_order: str) -> Response:
        """Asks to carry out the plan: at once, in parts over time, or waiting in the books for
        sellers until a deadline. It starts at once, unless the organisation's rule takes
        another member's approval, who gives it on the page. Repeating it is harmless."""
        values, who = checked(BulkExecuteInput, request.data), acting(request)
        if values["keep"] == BulkExecution.Keep.RETIRE:
            who.require(RETIRE)
        order = order_named(request, bulk_order)
        bulk_order_execute(order=order, by=who.user, **values)
        return Response(_output(order), status=202)


class BulkOrderPauseView(DialectView):
    """Pausing a bulk order."""

    @extend_schema(request=None, responses={200: BulkExecutionOutput, **errors(401, 403, 404, 409)})
    def post(self, request: Request, bulk_order: str) -> Response:
        """No order is placed for it before it is resumed."""
        order = order_named(request, bulk_order)
        return Response(_output(bulk_order_pause(order=order, by=acting(request).user)))


class BulkOrderResumeView(DialectView):
    """Resuming a bulk order."""

    @extend_schema(request=None, responses={202: BulkExecutionOutput, **errors(401, 403, 404, 409)})
    def post(self, request: Request, bulk_order: str) -> Response:
        """Goes on where it was paused."""
        order = order_named(request, bulk_order)
        resumed = bulk_order_resume(order=order, by=acting(request).user)
        return Response(_output(resumed), status=202)


class BulkOrderCertificatesView(DialectView):
    """The certificates of a bulk order."""

    @extend_schema(responses={200: BulkCertificateOutput(many=True), **errors(401, 403, 404)})
    def get(self, request: Request, bulk_order: str) -> Response:
        """The first thousand, that of the whole order in front."""
        found = certificates_of(order_named(request, bulk_order))[:CERTIFICATES_LISTED_MAX]
        return Response(BulkCertificateOutput(found, many=True).data)


def _output(order: BulkOrder) -> Any:
    shown: Progress | None = progress_of(order)
    if shown is None:
        raise NotFound(_("nobody has asked to carry it out"), code="execution_not_found")
    found = {"state": order.state, "shown": shown, "steps": steps_of(shown.execution)}
    return BulkExecutionOutput(found).data
