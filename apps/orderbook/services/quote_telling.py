"""What webhooks hear of requests for quotes: no more than their owners see over the API.

Nothing of what a quote says is in a message, sealed or open: an asker is told how many there are.
Each is written in the transaction of what happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

from apps.accounts.amounts import text_from_micro
from apps.accounts.models import Owner, WebhookEvent
from apps.accounts.webhooks.outbox import webhook_event_record, webhook_messages_write
from apps.accounts.webhooks.selectors import endpoints_wanting
from apps.orderbook.models import Quote, QuoteRequest

_MAY_ANSWER = """
SELECT w.id FROM accounts_owner w, accounts_owner asker
WHERE w.id = ANY(%(owners)s) AND asker.id = %(asker)s AND orderbook_may_quote(w.id)
  AND orderbook_trading_entity(w.id) <> orderbook_trading_entity(asker.id)
"""


def asked_tell(*, request: QuoteRequest) -> None:
    """To all who may answer and want to know."""
    wanting = endpoints_wanting([WebhookEvent.QUOTES_ASKED])
    if not wanting:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MAY_ANSWER, {"owners": list(wanting), "asker": request.order.owner_id})
        may = sorted(pk for (pk,) in cursor.fetchall())
    body = _body(request)
    webhook_messages_write(
        (endpoint, WebhookEvent.QUOTES_ASKED, body) for pk in may for endpoint in wanting[pk]
    )


def answered_tell(*, request: QuoteRequest) -> None:
    """To the asker: how many there are."""
    _tell([request.order.owner], WebhookEvent.QUOTES_ANSWERED, _body_for_asker(request))


def closed_tell(*, request: QuoteRequest) -> None:
    """To the asker and to who has answered: the state says what came of it."""
    _tell([request.order.owner], WebhookEvent.QUOTES_CLOSED, _body_for_asker(request))
    answered = Quote.objects.filter(request=request).exclude(state=Quote.State.WITHDRAWN)
    owners = Owner.objects.filter(pk__in=answered.values("owner")).order_by("pk")
    _tell(owners, WebhookEvent.QUOTES_CLOSED, _body(request))


def awarded_tell(*, quotes: Iterable[Quote]) -> None:
    """To whose quotes were taken."""
    for quote in quotes:
        said = {
            "id": str(quote.public_id),
            "quote_request_id": str(quote.request.public_id),
            "state": Quote.State.TAKEN,
        }
        _tell([quote.owner], WebhookEvent.QUOTE_AWARDED, said)


def _tell(owners: Iterable[Owner], event: WebhookEvent, data: dict[str, Any]) -> None:
    for owner in owners:
        webhook_event_record(owner=owner, event=event, data=data)


def _body(request: QuoteRequest) -> dict[str, Any]:
    """As `GET /quote-requests` has it for a seller."""
    return {
        "id": str(request.public_id),
        "mine": False,
        "state": str(request.state),
        "quote": request.order.quote.code,
        "amount": text_from_micro(request.order.grams),
        "asked_at": request.asked_at,
        "deadline": request.deadline,
    }


def _body_for_asker(request: QuoteRequest) -> dict[str, Any]:
    answers = request.quotes.exclude(state=Quote.State.WITHDRAWN).count()
    named = {"bulk_order_id": str(request.order.public_id), "answers": answers}
    return {**_body(request), "mine": True, **named}
