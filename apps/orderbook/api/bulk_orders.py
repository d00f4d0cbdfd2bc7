"""Bulk orders: lines in, what is wrong with them, and what they would cost.

Lines have the columns of the file, go through the very same reader, and are read by a worker: an
answer says how far that is.
"""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.core.files.base import ContentFile
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.api.fields import MicroField
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, REPLAYED, idempotent
from apps.accounts.api.parsers import ExactJSONParser
from apps.accounts.errors import NotFound
from apps.orderbook.api.base import DialectView, checked, errors
from apps.orderbook.api.bulk_files import FILE_BODIES, QUERY, CsvParser, FileBody, XlsxParser
from apps.orderbook.api.fields import Output, ProductField, TimeField
from apps.orderbook.bulk.columns import COLUMNS
from apps.orderbook.models import BulkOrder
from apps.orderbook.models.bulk import BPS
from apps.orderbook.selectors.bulk_orders import (
    PlanShown,
    bulk_order_of,
    bulk_orders_of,
    failure_of,
    plan_of,
    refusals_of,
)
from apps.orderbook.selectors.products import asset_by_name
from apps.orderbook.services.bulk_orders import (
    bulk_file_drop,
    bulk_file_keep,
    bulk_order_cancel,
    bulk_order_make,
    bulk_order_plan,
)

LISTED_MAX = 100
_LINES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in COLUMNS},
        "additionalProperties": False,
    },
}


@extend_schema_field(_LINES)
class LinesField(serializers.Field[list[dict[str, str]], Any, Any, Any]):
    """Objects of texts by the names of columns. What they say is for the reader to judge."""

    default_error_messages = {
        "invalid": _("Send lines as a list of objects with texts."),
        "unknown": _("There is no column {name}."),
    }

    def to_internal_value(self, data: Any) -> list[dict[str, str]]:
        if not isinstance(data, list) or not data:
            self.fail("invalid")
        for line in data:
            if not isinstance(line, dict) or not all(isinstance(v, str) for v in line.values()):
                self.fail("invalid")
            for name in line:
                if name not in COLUMNS:
                    self.fail("unknown", name=name[:60])
        return data


class BulkRulesInput(serializers.Serializer[Any]):
    """The rules of the order as a whole. Shares are basis points of what is bought."""

    name = serializers.CharField(max_length=120)
    quote = serializers.CharField(max_length=40, help_text="What is paid in: USDC.")
    total_max = MicroField(required=False, allow_null=True, default=None)
    removals_min_bps = serializers.IntegerField(min_value=0, max_value=BPS, default=0)
    project_max_bps = serializers.IntegerField(min_value=1, max_value=BPS, default=BPS)


class BulkOrderInput(BulkRulesInput):
    """The rules, and the lines."""

    lines = LinesField()


class BulkOrderOutput(Output):
    """Where an order stands. Masses are in tonnes."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    quote = serializers.CharField(source="quote.code")
    state = serializers.CharField(help_text=", ".join(BulkOrder.State.values))
    created_at = TimeField()
    lines = serializers.IntegerField(source="lines_count")
    refused = serializers.IntegerField(source="refused_count")
    amount = MicroField(source="grams")
    total_max = MicroField(required=False)
    removals_min_bps = serializers.IntegerField()
    project_max_bps = serializers.IntegerField()


class PurchaseOutput(Output):
    """What is bought of one class on its book, or from the quote that is named."""

    quote_id = serializers.UUIDField(source="buy.quote_line.quote.public_id", required=False)
    product_id = ProductField(source="buy.product")
    size = MicroField(source="buy.size")
    average_price = MicroField(source="price_average")
    limit_price = MicroField(source="buy.price_limit")
    impact_bps = serializers.IntegerField()
    cost = MicroField(source="buy.notional")
    fees = MicroField(source="buy.fee")


class ShortfallOutput(Output):
    """What cannot be filled."""

    size = MicroField(source="grams")
    wanted = serializers.CharField()
    reason = serializers.CharField()


class PlanOutput(Output):
    """What the order would cost on the books of that moment, fees included.

    `gap_ppm`: no plan is better by more millionths. `saving`: against the cheapest line by line.
    """

    plan_id = serializers.IntegerField(source="plan.pk", help_text="What carrying it out names.")
    made_at = TimeField(source="plan.made_at")
    filled = MicroField(source="plan.filled")
    cost = MicroField(source="plan.cost")
    fees = MicroField(source="plan.fees")
    saving = MicroField(source="plan.saving", required=False)
    gap_ppm = serializers.IntegerField(source="plan.gap_ppm", required=False)
    notice = serializers.CharField()
    purchases = PurchaseOutput(many=True)
    shortfalls = ShortfallOutput(many=True)

    def get_attribute(self, instance: BulkOrder) -> PlanShown | None:
        """The latest of the order."""
        return plan_of(instance)


class RefusalOutput(Output):
    """What is wrong with a line; the first of the order is line 2, below the header."""

    line = serializers.IntegerField()
    column = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class BulkOrderWholeOutput(BulkOrderOutput):
    """The same, with the first things that are wrong and the latest plan."""

    failure = serializers.SerializerMethodField()
    refusals = serializers.SerializerMethodField()
    plan = PlanOutput(required=False)

    def get_failure(self, order: BulkOrder) -> str:
        return failure_of(order)

    @extend_schema_field(RefusalOutput(many=True))
    def get_refusals(self, order: BulkOrder) -> Any:
        found = [
            {"line": row.line, "column": row.column, "code": row.code, "message": sentence}
            for row, sentence in refusals_of(order)
        ]
        return RefusalOutput(found, many=True).data


class BulkOrdersView(DialectView):
    """The owner's bulk orders."""

    parser_classes: ClassVar[list[Any]] = [ExactJSONParser, CsvParser, XlsxParser]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        request.body_bytes_max = settings.BODY_BYTES_MAX  # type: ignore[attr-defined]
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(responses={200: BulkOrderOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """The latest hundred."""
        found = bulk_orders_of(acting(request).owner)[:LISTED_MAX]
        return Response(BulkOrderOutput(found, many=True).data)

    @extend_schema(
        request={"application/json": BulkOrderInput, **FILE_BODIES},
        parameters=[IDEMPOTENCY_KEY, *QUERY],
        responses={201: BulkOrderOutput, **errors(400, 401, 403, 404, 409, 413, 422)},
    )
    def post(self, request: Request) -> Response:
        """Has the lines checked and planned. Nothing is bought. Lines come as JSON of up to 1 MB,
        or as the CSV or XLSX file of up to 100,000 lines that is the body, rules in the query."""
        values, file = _asked(request)
        quote = asset_by_name(values.pop("quote"))
        # The storage knows no transactions: the file is there before the order, or not needed.
        with file:
            kept = bulk_file_keep(file=file)
        try:
            made = self._make(request, {"kept": kept, "quote": quote, **values})
        except Exception:
            bulk_file_drop(kept=kept)
            raise
        if REPLAYED in made:
            bulk_file_drop(kept=kept)
        return made

    @idempotent
    def _make(self, request: Request, terms: dict[str, Any]) -> Response:
        who = acting(request)
        order = bulk_order_make(owner=who.owner, by=who.user, **terms)
        return Response(BulkOrderOutput(order).data, status=201)


class BulkOrderView(DialectView):
    """One bulk order."""

    @extend_schema(responses={200: BulkOrderWholeOutput, **errors(401, 403, 404)})
    def get(self, request: Request, bulk_order: str) -> Response:
        """How far it is, what is wrong with its lines, its plan."""
        return Response(BulkOrderWholeOutput(order_named(request, bulk_order)).data)

    @extend_schema(responses={200: BulkOrderOutput, **errors(401, 403, 404, 409)})
    def delete(self, request: Request, bulk_order: str) -> Response:
        """Cancels it: nothing more is placed, and what was bought is allotted and kept."""
        order = bulk_order_cancel(order=order_named(request, bulk_order), by=acting(request).user)
        return Response(BulkOrderOutput(order).data)


class BulkOrderPlanView(DialectView):
    """The plan of a bulk order."""

    @extend_schema(request=None, responses={202: BulkOrderOutput, **errors(401, 403, 404, 409)})
    def post(self, request: Request, bulk_order: str) -> Response:
        """Plans it anew on the books as they are."""
        order = bulk_order_plan(order=order_named(request, bulk_order), by=acting(request).user)
        return Response(BulkOrderOutput(order).data, status=202)


def order_named(request: Request, name: str) -> BulkOrder:
    """One of the owner's orders. Raises NotFound."""
    try:
        found = bulk_order_of(acting(request).owner, uuid.UUID(name))
    except ValueError:
        found = None
    if found is None:
        raise NotFound(_("bulk order not found"), code="bulk_order_not_found")
    return found


def _asked(request: Request) -> tuple[dict[str, Any], Any]:
    """The rules of the order, and its file."""
    if isinstance(request.data, FileBody):
        return checked(BulkRulesInput, request.data.rules), request.data["file"]
    values = checked(BulkOrderInput, request.data)
    return values, _file_of(values.pop("lines"))


def _file_of(lines: list[dict[str, str]]) -> ContentFile[bytes]:
    """The lines as the file that a person would have uploaded."""
    names = [name for name in COLUMNS if any(name in line for line in lines)]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(lines)
    return ContentFile(text.getvalue().encode("utf-8", "replace"), name="lines.csv")
