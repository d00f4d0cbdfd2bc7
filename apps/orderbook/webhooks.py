"""Tells webhooks of trades and of orders that are over, out of the journal.

The engine writes nothing for it: events are numbered without a gap, and a cursor per market says
how far they were read. Messages and the cursor's step are one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from apps.accounts.models import WebhookCursor, WebhookEndpoint, WebhookEvent
from apps.accounts.webhooks.outbox import webhook_messages_write
from apps.accounts.webhooks.selectors import endpoints_wanting
from apps.orderbook.api.fills import FillsView, OwnFill
from apps.orderbook.api.order_io import orders_body
from apps.orderbook.engine.feed import messages_of
from apps.orderbook.ids import id_first, id_last, id_make
from apps.orderbook.models import Event, Fill, Order, Product

EVENTS: Final = (WebhookEvent.ORDER_FILL, WebhookEvent.ORDER_DONE)
BATCH: Final = 1_000

Wanting = dict[int, list[WebhookEndpoint]]
Told = tuple[WebhookEndpoint, WebhookEvent, Any]


def orders_tell() -> int:
    """Writes what happened since the last time, and says how many messages that were."""
    wanting = endpoints_wanting(EVENTS)
    if not wanting:
        # Whoever subscribes next hears of what happens from then on.
        WebhookCursor.objects.filter(name__startswith="orders:").delete()
        return 0
    told = 0
    for product in Product.objects.select_related("base", "quote").order_by("pk"):
        while (step := _step(product, wanting)) is not None:
            told += step
    return told


def _step(product: Product, wanting: Wanting) -> int | None:
    """One batch of a market; None when there is nothing more, or another worker is at it."""
    with transaction.atomic():
        cursor = _cursor_lock(product, wanting)
        if cursor is None:
            return None
        events = Event.objects.filter(pk__gt=cursor.position, pk__lte=id_last(product.pk))
        batch = list(events.order_by("pk")[:BATCH])
        if not batch:
            return None
        told = list(_told(product, batch, wanting))
        webhook_messages_write(told)
        WebhookCursor.objects.filter(pk=cursor.pk).update(position=batch[-1].pk)
    return len(told)


def _cursor_lock(product: Product, wanting: Wanting) -> WebhookCursor | None:
    name = f"orders:{product.pk}"
    if not WebhookCursor.objects.filter(name=name).exists():
        since = min(endpoint.created_at for own in wanting.values() for endpoint in own)
        start = _position_at(product, since)
        WebhookCursor.objects.get_or_create(name=name, defaults={"position": start})
    return WebhookCursor.objects.select_for_update(skip_locked=True).filter(name=name).first()


def _position_at(product: Product, moment: datetime) -> int:
    """The last event before the moment, read from the newest backwards: it is a short way."""
    first = id_first(product.pk)
    events = Event.objects.filter(pk__gt=first, pk__lte=id_last(product.pk))
    last = events.filter(created_at__lt=moment).order_by("-pk").values_list("pk", flat=True)
    return last.first() or first


def _told(product: Product, batch: Sequence[Event], wanting: Wanting) -> Iterator[Told]:
    heard = [(event, message) for event in batch for message in _messages(product, event)]
    trades = {message["trade_id"] for _, message in heard if message["type"] == "match"}
    done = {message["order_id"] for _, message in heard if message["type"] == "done"}
    fills = Fill.objects.in_bulk([id_make(product.pk, trade) for trade in trades])
    orders = Order.objects.filter(owner__in=wanting).in_bulk(list(done))
    for event, message in heard:
        if message["type"] == "match":
            fill = fills[id_make(product.pk, message["trade_id"])]
            yield from _fill_told(fill, product, event, wanting)
        elif order := orders.get(message["order_id"]):
            for endpoint in _hearing(wanting, order.owner_id, WebhookEvent.ORDER_DONE, event):
                yield endpoint, WebhookEvent.ORDER_DONE, orders_body([order])[0]


def _fill_told(fill: Fill, product: Product, event: Event, wanting: Wanting) -> Iterator[Told]:
    fill.product = product
    for owner in dict.fromkeys((fill.maker_owner_id, fill.taker_owner_id)):
        for endpoint in _hearing(wanting, owner, WebhookEvent.ORDER_FILL, event):
            body = FillsView.FillOutput(OwnFill(fill, endpoint.owner)).data
            yield endpoint, WebhookEvent.ORDER_FILL, body


def _hearing(
    wanting: Wanting, owner_id: int, what: WebhookEvent, event: Event
) -> Iterator[WebhookEndpoint]:
    for endpoint in wanting.get(owner_id, ()):
        if what in endpoint.events and endpoint.created_at <= event.created_at:
            yield endpoint


def _messages(product: Product, event: Event) -> list[dict[str, Any]]:
    told = messages_of(event.body, product=product.code, sequence=0)
    return [message for message in told if message["type"] in ("match", "done")]
