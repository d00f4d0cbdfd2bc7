"""What is to be told: written in the transaction of what happened."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from rest_framework.utils.encoders import JSONEncoder

from apps.accounts.ledger.models import Owner
from apps.accounts.models import WebhookEndpoint, WebhookEvent, WebhookMessage
from apps.accounts.webhooks.wakeups import deliveries_wake


def webhook_event_record(*, owner: Owner, event: WebhookEvent, data: Any) -> None:
    """Tells every endpoint of the owner that wants to know. Asks one index where there is none.

    `data` is what the API would answer for the same thing; call it inside the transaction of what
    happened, so that the one is never without the other.
    """
    endpoints = WebhookEndpoint.objects.filter(
        owner=owner, disabled_at__isnull=True, events__contains=[event]
    )
    webhook_messages_write((endpoint, event, data) for endpoint in endpoints.order_by("pk"))


def webhook_messages_write(
    told: Iterable[tuple[WebhookEndpoint, WebhookEvent, Any]],
) -> None:
    """The same for whoever knows the endpoints already, in the order of the events."""
    rows = [
        WebhookMessage(endpoint=endpoint, event=event, data=_plain(data))
        for endpoint, event, data in told
    ]
    if rows:
        WebhookMessage.objects.bulk_create(rows)
        transaction.on_commit(deliveries_wake)


def _plain(data: Any) -> Any:
    return json.loads(json.dumps(data, cls=JSONEncoder))
