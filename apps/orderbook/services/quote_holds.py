"""Requests for quotes and what their quotes hold: locked, read and ended in one way.

Whoever changes a request, its quotes or what they hold locks the order, then the request, then the
quotes, and posts to the ledger once. Moments are those at which transactions begin: the database's
triggers look at the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from apps.accounts.ledger.services import Hold, Leg, ledger_post
from apps.orderbook.models import BulkOrder, Quote, QuoteLine, QuoteRequest
from apps.orderbook.services.quote_telling import closed_tell

State = QuoteRequest.State


def request_lock(request_id: int) -> QuoteRequest:
    """The request as it is, until the end of the transaction."""
    found = QuoteRequest.objects.select_for_update(of=("self",), no_key=True)
    return found.select_related("order__owner", "order__quote").get(pk=request_id)


def live_request(order: BulkOrder) -> QuoteRequest | None:
    """The order's request that is not over; locked."""
    live = QuoteRequest.objects.filter(order=order, state__in=QuoteRequest.LIVE_STATES)
    found = live.values_list("pk", flat=True).first()
    return None if found is None else request_lock(found)


def standing_quotes(request: QuoteRequest) -> list[Quote]:
    """The request's quotes that stand, locked in a fixed order."""
    found = Quote.objects.select_for_update(of=("self",), no_key=True).select_related("owner")
    return list(found.filter(request=request, state=Quote.State.STANDING).order_by("pk"))


def request_end(
    request: QuoteRequest, state: str, *, legs: Sequence[Leg] = (), holds: Iterable[Hold] = ()
) -> None:
    """Ends a locked request and every quote that still stands, and posts all of it as one."""
    left = quotes_close(standing_quotes(request), Quote.State.NOT_TAKEN)
    ledger_post(legs=legs, holds=[*holds, *left])
    request_close(request, state)


def quotes_close(quotes: Sequence[Quote], state: str) -> list[Hold]:
    """Ends locked quotes; what to post so that nothing is held for them any more."""
    Quote.objects.filter(pk__in=[quote.pk for quote in quotes]).update(
        state=state, ended_at=moment()
    )
    return [hold for quote in quotes for hold in holds_of(quote, sign=-1)]


def holds_of(quote: Quote, *, sign: int = 1) -> list[Hold]:
    """What a quote holds; with -1 what releases it."""
    lines = QuoteLine.objects.filter(quote=quote).select_related("product__base")
    return [Hold(quote.owner, line.product.base, sign * line.size) for line in lines]


def ended_as(request: QuoteRequest) -> str:
    """What a live request becomes when nobody wants its quotes any more."""
    return State.CANCELLED if request.state == State.OPEN else State.DECLINED


def moment() -> datetime:
    """When this transaction began, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        found: datetime = cursor.fetchone()[0]
        return found


def request_close(request: QuoteRequest, state: str) -> None:
    """Ends a locked request whose quotes are over."""
    request.state, request.ended_at = state, moment()
    request.save(update_fields=["state", "ended_at"])
    closed_tell(request=request)
