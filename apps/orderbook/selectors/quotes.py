"""What askers and answerers see of requests for quotes. Reads only.

Before a request is opened, nothing here tells what a quote says but to its author.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q, QuerySet

from apps.accounts.models import Owner
from apps.orderbook.models import (
    BulkDemand,
    BulkOrder,
    Quote,
    QuoteLine,
    QuotePermit,
    QuoteRequest,
    QuoteScore,
)
from apps.orderbook.sealing import lines_of, unseal
from apps.orderbook.selectors.bulk_orders import DemandNames, price_average
from apps.orderbook.services.quotes import may_quote, trading_entity

DEMANDS_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Grams that are asked for, under constraints and in words."""

    demand: BulkDemand
    words: str


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line of a quote with its price, for who may see it."""

    line: QuoteLine
    price: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A quote, or without one the books alone, as its asker sees it. The average is with fees."""

    score: QuoteScore
    quote: Quote | None
    seller: str
    lines: list[LineShown]
    price_average: int


def requests_asked(owner: Owner) -> QuerySet[QuoteRequest]:
    """The owner's own requests, latest first, each with how many answers stand or stood."""
    return _requests().filter(order__owner=owner)


def requests_to_answer(owner: Owner) -> QuerySet[QuoteRequest]:
    """Others' requests that the owner may answer, and those that it has answered; the next
    deadline first."""
    answered = Q(quotes__owner=owner)
    if may_quote(owner):
        answered |= Q(state=QuoteRequest.State.OPEN)
    found = QuoteRequest.objects.filter(answered).values("pk")
    return (
        _requests()
        .filter(pk__in=found)
        .exclude(order__owner__in=_same_entity(owner))
        .order_by("-deadline", "-pk")
    )


def request_asked(owner: Owner, public_id: uuid.UUID) -> QuoteRequest | None:
    """One of the owner's own requests."""
    return requests_asked(owner).filter(public_id=public_id).first()


def request_seen(owner: Owner, public_id: uuid.UUID) -> QuoteRequest | None:
    """A request that the owner asked, or may answer or has answered."""
    return (
        request_asked(owner, public_id)
        or requests_to_answer(owner).filter(public_id=public_id).first()
    )


def request_of_order(order: BulkOrder) -> QuoteRequest | None:
    """The latest request of a bulk order."""
    return _requests().filter(order=order).first()


def demands_of(request: QuoteRequest) -> list[Wanted]:
    """What it asks for, the most first: constraints and grams, nothing of prices and lines."""
    names = DemandNames()
    largest = request.order.demands.order_by("-grams", "number")[:DEMANDS_SHOWN]
    return [Wanted(demand, names.of(demand)) for demand in largest]


def quotes_of(owner: Owner) -> QuerySet[Quote]:
    """What the owner answered, latest first."""
    found = Quote.objects.filter(owner=owner).select_related("request__order__quote", "owner")
    return found.order_by("-pk")


def quote_of(owner: Owner, public_id: uuid.UUID) -> Quote | None:
    """One of the owner's own quotes."""
    return quotes_of(owner).filter(public_id=public_id).first()


def own_lines(quote: Quote) -> list[LineShown]:
    """The lines of a quote for its author, sealed or not."""
    said = lines_of(unseal(quote.sealed))
    return [LineShown(line, said[line.number - 1].price) for line in _lines(quote)]


def scored_of(request: QuoteRequest) -> list[Scored]:
    """The quotes of an opened request, best first, with the books alone among them: the scores of
    the latest plan that weighed them. For the asker only; nothing before it is opened."""
    if request.opened_at is None:
        return []
    scores = QuoteScore.objects.filter(plan__order=request.order_id)
    last = scores.order_by("-plan").values_list("plan", flat=True).first()
    of_plan = scores.filter(plan=last).select_related("quote__owner__organisation")
    ours = Q(quote=None) | Q(quote__request=request)
    return [_scored(score) for score in of_plan.filter(ours).order_by("-total_bps", "pk")]


def sellers_of(request: QuoteRequest) -> Iterator[tuple[Quote, str]]:
    """The opened quotes of a request and who gave them."""
    for quote in request.quotes.exclude(revealed="").select_related("owner__organisation"):
        yield quote, seller_name(quote)


def seller_name(quote: Quote) -> str:
    """What an asker is told of who answered: an organisation's name, or what a person is."""
    if quote.owner.organisation is not None:
        return str(quote.owner.organisation)
    permits = QuotePermit.objects.filter(owner=quote.owner, decision="approved")
    permit = permits.exclude(kind=QuotePermit.Kind.NONE).order_by("-decided_at").first()
    return permit.get_kind_display() if permit else ""


def _scored(score: QuoteScore) -> Scored:
    quote = score.quote
    lines = [] if quote is None else [LineShown(line, line.price or 0) for line in _lines(quote)]
    # Surplus grams are paid for as well: per tonne that lines get.
    average = price_average(score.cost, score.filled)
    return Scored(score, quote, "" if quote is None else seller_name(quote), lines, average)


def _lines(quote: Quote) -> QuerySet[QuoteLine]:
    found = quote.lines.select_related("product__base", "product__quote")
    return found.order_by("number")


def _requests() -> QuerySet[QuoteRequest]:
    answers = Count("quotes", filter=~Q(quotes__state=Quote.State.WITHDRAWN))
    found = QuoteRequest.objects.select_related("order__owner", "order__quote", "asked_by")
    return found.annotate(answers=answers).order_by("-pk")


def _same_entity(owner: Owner) -> QuerySet[Owner]:
    """Everybody who trades as one with the owner."""
    entity = trading_entity(owner)
    people = Owner.objects.filter(user__memberships__organisation__accounts=entity)
    return Owner.objects.filter(
        Q(pk__in=[owner.pk, entity]) | Q(parent=entity) | Q(pk__in=people.values("pk"))
    )
