"""The feed's view of the database, which is where the truth is. Synchronous: call it in a thread.

Everything about one market that belongs together is read in one snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.db import connection, transaction

from apps.orderbook.api.listings import CurrencyOutput, ProductOutput
from apps.orderbook.dialect import EPOCH
from apps.orderbook.engine.feed import messages_of
from apps.orderbook.feed.payload import Message
from apps.orderbook.feed.state import (
    BUY,
    SELL,
    AuctionStanding,
    CaughtUp,
    Day,
    Fees,
    Snapshot,
    Trade,
)
from apps.orderbook.ids import id_first, id_last
from apps.orderbook.models import Event, Fill, Order, Product, ProductLease
from apps.orderbook.models.enums import OrderStatus, Side
from apps.orderbook.selectors import market_data
from apps.orderbook.selectors.products import assets, products

# How many events are gone through to make up for missed messages. Beyond that, it was an outage.
EVENTS_MAX: Final = 2_000


def snapshot(product: Product) -> Snapshot:
    """The market now."""
    with _one_moment():
        return _snapshot(product)


def catch_up(product: Product, sequence: int) -> CaughtUp:
    """The market now, and what happened in it after `sequence`."""
    with _one_moment():
        return CaughtUp(_snapshot(product), _messages_after(product, sequence))


def day(product: Product) -> Day:
    """The last 24 hours and 30 days."""
    stats = market_data.stats(product)
    return Day(stats.open, stats.high, stats.low, stats.volume, stats.volume_month)


def sequences(product_ids: Collection[int]) -> dict[int, int]:
    """How far each of these markets has come."""
    rows = ProductLease.objects.filter(pk__in=product_ids).values_list("pk", "sequence")
    return dict(rows)


def auctions(product_ids: Collection[int]) -> dict[int, AuctionStanding]:
    """Where the auctions stand that these markets are in now."""
    with _one_moment():
        held = Product.objects.filter(pk__in=product_ids, state=Product.State.AUCTION)
        return {product.pk: _standing(product) for product in held}


def orders_open(product: Product, owner: int) -> dict[int, Fees]:
    """The owner's open orders in a market, with their fees."""
    mine = Order.objects.filter(owner=owner, product=product, status=OrderStatus.OPEN)
    rows = mine.values_list("pk", "maker_bps", "taker_bps")
    return {pk: Fees(maker_bps, taker_bps) for pk, maker_bps, taker_bps in rows}


def status() -> str:
    """What can be traded and held now, as the status channel says it."""
    told = {
        "type": "status",
        "products": ProductOutput(products(), many=True).data,
        "currencies": CurrencyOutput(assets(), many=True).data,
    }
    return json.dumps(told, separators=(",", ":"))


@contextmanager
def _one_moment() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        if len(connection.savepoint_ids) == 0:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _snapshot(product: Product) -> Snapshot:
    book = market_data.book(product)
    fill = market_data.trade_last(product)
    return Snapshot(
        sequence=book.sequence,
        bids={level.price: level.size for level in book.bids},
        asks={level.price: level.size for level in book.asks},
        trade=_trade(fill) if fill else None,
        day=day(product),
    )


def _standing(product: Product) -> AuctionStanding:
    book = market_data.book(product)
    clearing = market_data.auction(product).clearing
    bid, ask = ((side[0].price, side[0].size) if side else None for side in (book.bids, book.asks))
    return AuctionStanding(book.sequence, bid, ask, clearing)


def _trade(fill: Fill) -> Trade:
    return Trade(
        trade_id=fill.trade_id,
        side=BUY if fill.taker_side == Side.BUY else SELL,
        price=fill.price,
        size=fill.size,
        at_us=(fill.created_at - EPOCH) // timedelta(microseconds=1),
    )


def _messages_after(product: Product, sequence: int) -> list[Message] | None:
    """Made again from the journal. `sequence` is that of an event, as every batch ends with one."""
    newest = Event.objects.filter(pk__gt=id_first(product.pk), pk__lte=id_last(product.pk))
    rows = list(newest.order_by("-pk").values_list("sequence", "body")[:EVENTS_MAX])
    missed = [(end, body) for end, body in rows if end > sequence]
    if len(missed) == EVENTS_MAX:
        return None
    messages: list[Message] = []
    for end, body in reversed(missed):
        told = messages_of(body, product=product.code, sequence=sequence)
        sequence += len(told)
        assert sequence == end, "the journal numbers its messages in a row"
        messages += told
    return messages
