"""Requests for quotes over the API: ask with a bulk order, see what was answered, choose.

What is chosen, by the solver or by hand, is a plan of the bulk order: it is carried out like any
other, with the same approvals.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.api.fields import MicroField
from apps.accounts.errors import NotFound
from apps.accounts.models import Owner
from apps.orderbook.api.base import DialectView, checked, errors
from apps.orderbook.api.bulk_orders import PlanOutput, order_named
from apps.orderbook.api.fields import Output, ProductField, SizeField, TimeField
from apps.orderbook.models import QuoteLine, QuoteRequest
from apps.orderbook.models.quotes import Quote
from apps.orderbook.selectors.bulk_orders import plan_shown
from apps.orderbook.selectors.quotes import (
    Wanted,
    demands_of,
    request_asked,
    request_seen,
    requests_asked,
    requests_to_answer,
    scored_of,
)
from apps.orderbook.services.quote_planning import quotes_choose
from apps.orderbook.services.quote_requests import quote_request_end, quote_request_make

LISTED_MAX = 100


class QuoteRequestInput(serializers.Serializer[Any]):
    """Which planned order asks, and until when sellers may answer."""

    bulk_order_id = serializers.CharField(max_length=40)
    deadline = serializers.DateTimeField(help_text="A minute to 30 days from now.")


class ChoiceInput(serializers.Serializer[Any]):
    """Grams of a line of a quote."""

    quote_id = serializers.UUIDField()
    line = serializers.IntegerField(min_value=1)
    size = SizeField()


class ChoicesInput(serializers.Serializer[Any]):
    """What is taken of which quotes."""

    lines = ChoiceInput(many=True, allow_empty=False)


class DemandOutput(Output):
    """Tonnes that are asked for, and what the credits have to be."""

    amount = MicroField(source="demand.grams")
    wanted = serializers.CharField(source="words")
    constraints = serializers.JSONField(source="demand.constraints")


class Seen(NamedTuple):
    """A request for whoever looks at it: only its asker learns which order it is, and how many
    have answered."""

    request: QuoteRequest
    mine: bool
    bulk_order_id: uuid.UUID | None
    answers: int | None
    demands: list[Wanted]


class QuoteRequestOutput(Output):
    """A request as its asker (`mine`) or a seller sees it. Who asks is not told."""

    id = serializers.UUIDField(source="request.public_id")
    mine = serializers.BooleanField()
    state = serializers.CharField(
        source="request.state", help_text=", ".join(QuoteRequest.State.values)
    )
    quote = serializers.CharField(source="request.order.quote.code")
    amount = MicroField(source="request.order.grams")
    asked_at = TimeField(source="request.asked_at")
    deadline = TimeField(source="request.deadline")
    opened_at = TimeField(source="request.opened_at", required=False)
    ended_at = TimeField(source="request.ended_at", required=False)
    bulk_order_id = serializers.UUIDField(required=False, help_text="For its asker.")
    answers = serializers.IntegerField(required=False, help_text="How many, for its asker.")


class QuoteRequestWholeOutput(QuoteRequestOutput):
    """The same with what it asks for, the most first."""

    demands = DemandOutput(many=True)


class OpenedLineOutput(Output):
    """A line of an opened quote."""

    line = serializers.IntegerField(source="line.number")
    product_id = ProductField(source="line.product")
    size = MicroField(source="line.size")
    size_min = MicroField(source="line.size_min")
    price = MicroField()


class ScoredQuoteOutput(Output):
    """A quote alone, or without an id the books alone: what it would fill for how much, fees
    included, and its points in basis points. `text` is what `sha256` was made of."""

    quote_id = serializers.UUIDField(source="quote.public_id", required=False)
    seller = serializers.CharField()
    state = serializers.CharField(source="quote.state", required=False)
    valid_until = TimeField(source="quote.valid_until", required=False)
    sha256 = serializers.CharField(source="quote.digest", required=False)
    text = serializers.CharField(source="quote.revealed", required=False)
    lines = OpenedLineOutput(many=True)
    filled = MicroField(source="score.filled")
    cost = MicroField(source="score.cost")
    fees = MicroField(source="score.fees")
    average_price = MicroField(source="price_average")
    price_bps = serializers.IntegerField(source="score.price_bps")
    coverage_bps = serializers.IntegerField(source="score.coverage_bps")
    certainty_bps = serializers.IntegerField(source="score.certainty_bps")
    quality_bps = serializers.IntegerField(source="score.quality_bps")
    total_bps = serializers.IntegerField(source="score.total_bps")


class QuoteRequestsView(DialectView):
    """Requests for quotes: one's own, and those that one may answer."""

    @extend_schema(responses={200: QuoteRequestOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """The latest hundred of one's own, then a hundred of others."""
        owner = acting(request).owner
        found = [*requests_asked(owner)[:LISTED_MAX], *requests_to_answer(owner)[:LISTED_MAX]]
        seen = [_seen(owner, one, demands=[]) for one in found]
        return Response(QuoteRequestOutput(seen, many=True).data)

    @extend_schema(
        request=QuoteRequestInput,
        responses={201: QuoteRequestWholeOutput, **errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request) -> Response:
        """Puts the demands of a planned bulk order to all who may answer: constraints and tonnes,
        nothing of lines, beneficiaries and prices. Repeating it is harmless."""
        values, who = checked(QuoteRequestInput, request.data), acting(request)
        order = order_named(request, values.pop("bulk_order_id"))
        made = quote_request_make(order=order, by=who.user, **values)
        return Response(_whole(request, made.public_id), status=201)


class QuoteRequestView(DialectView):
    """One request for quotes."""

    @extend_schema(responses={200: QuoteRequestWholeOutput, **errors(401, 403, 404)})
    def get(self, request: Request, quote_request: str) -> Response:
        """What it asks for and how it stands."""
        return Response(_whole(request, request_named(request, quote_request).public_id))

    @extend_schema(responses={200: QuoteRequestWholeOutput, **errors(401, 403, 404, 409)})
    def delete(self, request: Request, quote_request: str) -> Response:
        """Cancels it before the deadline; after it, declines every quote."""
        found = _own(request, quote_request)
        quote_request_end(request=found, by=acting(request).user)
        return Response(_whole(request, found.public_id))


class QuoteRequestQuotesView(DialectView):
    """The answers to one's own request."""

    @extend_schema(responses={200: ScoredQuoteOutput(many=True), **errors(401, 403, 404)})
    def get(self, request: Request, quote_request: str) -> Response:
        """Best first, with the books alone among them. Empty until they are opened and weighed."""
        found = scored_of(_own(request, quote_request))
        return Response(ScoredQuoteOutput(found, many=True).data)


class QuoteRequestPlanView(DialectView):
    """Quotes chosen by hand."""

    @extend_schema(
        request=ChoicesInput, responses={201: PlanOutput, **errors(400, 401, 403, 404, 409)}
    )
    def post(self, request: Request, quote_request: str) -> Response:
        """A plan that takes just these; carry it out as any other plan of the bulk order."""
        lines = checked(ChoicesInput, request.data)["lines"]
        found = _own(request, quote_request)
        made = quotes_choose(order=found.order, by=acting(request).user, sizes=_sizes(found, lines))
        return Response(PlanOutput(plan_shown(made)).data, status=201)


def request_named(request: Request, name: str) -> QuoteRequest:
    """A request that the owner asked or may answer. Raises NotFound."""
    found = request_seen(acting(request).owner, uuid_of(name))
    if found is None:
        raise _not_found()
    return found


def uuid_of(name: str) -> uuid.UUID:
    """The id that a path names; for what is none, one that nobody has."""
    try:
        return uuid.UUID(name)
    except ValueError:
        return uuid.UUID(int=0)


def _own(request: Request, name: str) -> QuoteRequest:
    found = request_asked(acting(request).owner, uuid_of(name))
    if found is None:
        raise _not_found()
    return found


def _not_found() -> NotFound:
    return NotFound(_("request for quotes not found"), code="quote_request_not_found")


def _whole(request: Request, public_id: uuid.UUID) -> Any:
    owner = acting(request).owner
    found = request_seen(owner, public_id)
    assert found is not None, "it was seen a moment ago"
    return QuoteRequestWholeOutput(_seen(owner, found, demands=demands_of(found))).data


def _seen(owner: Owner, found: Any, *, demands: list[Wanted]) -> Seen:
    if found.order.owner_id != owner.pk:
        return Seen(found, False, None, None, demands)
    return Seen(found, True, found.order.public_id, found.answers, demands)


def _sizes(request: QuoteRequest, lines: list[dict[str, Any]]) -> dict[int, int]:
    """Grams by the keys of lines; of a line that is named twice, both together."""
    opened = QuoteLine.objects.filter(quote__in=Quote.objects.filter(request=request))
    keys = {
        (line.quote.public_id, line.number): line.pk
        for line in opened.select_related("quote").exclude(price=None)
    }
    sizes: dict[int, int] = defaultdict(int)
    for line in lines:
        key = keys.get((line["quote_id"], line["line"]))
        if key is None:
            raise NotFound(_("quote not found"), code="quote_not_found")
        sizes[key] += line["size"]
    return dict(sizes)
