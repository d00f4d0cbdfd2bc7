"""Quotes over the API: answer a request, see one's own answers, withdraw."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import acting
from apps.accounts.errors import NotFound
from apps.orderbook.api.base import DialectView, checked, errors
from apps.orderbook.api.fields import Output, PriceField, SizeField, TimeField
from apps.orderbook.api.quote_requests import (
    LISTED_MAX,
    OpenedLineOutput,
    request_named,
    uuid_of,
)
from apps.orderbook.models import Quote
from apps.orderbook.selectors.products import product_by_name
from apps.orderbook.selectors.quotes import own_lines, quote_of, quotes_of
from apps.orderbook.services.quotes import LINES_MAX, Offer, quote_answer, quote_withdraw


class OfferInput(serializers.Serializer[Any]):
    """Credits of a market. Without `size_min` the line is taken as a whole or not at all."""

    product_id = serializers.CharField(max_length=60)
    size = SizeField()
    size_min = SizeField(required=False, allow_null=True, default=None)
    price = PriceField(help_text="Of a tonne, without fees.")


class QuoteInput(serializers.Serializer[Any]):
    """A firm answer to a request."""

    quote_request_id = serializers.CharField(max_length=40)
    valid_until = serializers.DateTimeField(
        help_text="15 minutes to 30 days after the request's deadline."
    )
    lines = OfferInput(many=True, allow_empty=False, help_text=f"{LINES_MAX} at most.")


class QuoteOutput(Output):
    """One's own quote. `sha256` is what the audit trail has of it until it is opened, `text` what
    it was made of."""

    id = serializers.UUIDField(source="public_id")
    quote_request_id = serializers.UUIDField(source="request.public_id")
    state = serializers.CharField(help_text=", ".join(Quote.State.values))
    answered_at = TimeField()
    valid_until = TimeField()
    ended_at = TimeField(required=False)
    sha256 = serializers.CharField(source="digest")
    text = serializers.CharField(source="revealed")
    lines = serializers.SerializerMethodField()

    @extend_schema_field(OpenedLineOutput(many=True))
    def get_lines(self, quote: Quote) -> Any:
        return OpenedLineOutput(own_lines(quote), many=True).data


class QuotesView(DialectView):
    """The owner's quotes."""

    @extend_schema(responses={200: QuoteOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """The latest hundred."""
        found = quotes_of(acting(request).owner)[:LISTED_MAX]
        return Response(QuoteOutput(found, many=True).data)

    @extend_schema(
        request=QuoteInput, responses={201: QuoteOutput, **errors(400, 401, 403, 404, 409)}
    )
    def post(self, request: Request) -> Response:
        """Answers a request. What it offers is held until the quote is over. Nobody else sees what
        it says before the deadline. Repeating it is harmless."""
        values, who = checked(QuoteInput, request.data), acting(request)
        made = quote_answer(
            request=request_named(request, values["quote_request_id"]),
            owner=who.owner,
            by=who.user,
            offers=[_offer(line) for line in values["lines"]],
            valid_until=values["valid_until"],
        )
        return Response(QuoteOutput(made).data, status=201)


class QuoteView(DialectView):
    """One of the owner's quotes."""

    @extend_schema(responses={200: QuoteOutput, **errors(401, 403, 404)})
    def get(self, request: Request, quote: str) -> Response:
        """What it says and what came of it."""
        return Response(QuoteOutput(_named(request, quote)).data)

    @extend_schema(responses={200: QuoteOutput, **errors(401, 403, 404, 409)})
    def delete(self, request: Request, quote: str) -> Response:
        """Withdraws it before the deadline; what it held is free again."""
        found = quote_withdraw(quote=_named(request, quote), by=acting(request).user)
        return Response(QuoteOutput(found).data)


def _named(request: Request, name: str) -> Quote:
    found = quote_of(acting(request).owner, uuid_of(name))
    if found is None:
        raise NotFound(_("quote not found"), code="quote_not_found")
    return found


def _offer(line: dict[str, Any]) -> Offer:
    least = line["size"] if line["size_min"] is None else line["size_min"]
    return Offer(product_by_name(line["product_id"]), line["size"], least, line["price"])
