"""Markets for tests, and the engine's part played by hand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable

import redis
from django.conf import settings
from django.db import connection
from django.db.models.functions import Greatest
from django.utils import timezone

from apps.accounts.models import Owner
from apps.orderbook.engine.candles import candles_rebuild
from apps.orderbook.engine.levels import levels_rebuild
from apps.orderbook.ids import id_make
from apps.orderbook.models import Command, Event, Fill, Order, Product, ProductLease
from apps.orderbook.models.enums import (
    DoneReason,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from apps.orderbook.services.commands import order_place
from apps.orderbook.services.products import product_create
from apps.orderbook.services.verdicts import CHANNEL
from tests.support.factories import asset_make, owner_make

_numbers = itertools.count(1)
TONNE = UNIT = 1_000_000


def product_make(base: str | None = None, quote: str = "CC", **fields: int) -> Product:
    """A market of kilograms at hundredths, without fees unless told."""
    base = base or f"VCS-{next(_numbers)}-2020"
    terms = {
        "price_increment": 10_000,
        "size_increment": 1_000,
        "size_min": 1_000,
        "size_max": 10_000 * TONNE,
        **fields,
    }
    return product_create(base=asset_make(base), quote=asset_make(quote), **terms)


def limit_place(product: Product, owner: Owner | None = None, **fields: object) -> Command:
    """A limit order: a tonne at 1 unless told. Nobody is matched: that is for an engine."""
    terms: dict[str, object] = {
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "price": UNIT,
        "size": TONNE,
        "user": None,
        **fields,
    }
    return order_place(owner=owner or owner_make(), product=product, **terms)  # type: ignore[arg-type]


def state_write(product: Product, state: Product.State) -> None:
    """The row as the engine writes it when the market's state is another one."""
    Product.objects.filter(pk=product.pk).update(state=state)
    product.state = state


def event_write(command: Command) -> Event:
    """The row that says: this command is decided."""
    number = next(_numbers)
    return Event.objects.create(
        id=id_make(command.product_id, number),
        command_id=command.pk,
        sequence=number,
        body="{}",
        hash=b"\0" * 32,
    )


def verdicts_publish(commands: Iterable[Command]) -> None:
    """What the engine says on Redis after its commit."""
    commands = list(commands)
    message = {"product": commands[0].product_id, "commands": [command.pk for command in commands]}
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.publish(CHANNEL, json.dumps(message))


def order_write(command: Command, **fields: object) -> Order:
    """The order that the engine makes of a command: resting unless told otherwise."""
    assert command.side is not None
    hold = 0
    if fields.get("status", OrderStatus.OPEN) == OrderStatus.OPEN:
        size, price = command.size or 0, command.price or 0
        hold = price * size // UNIT if command.side == Side.BUY else size
    values: dict[str, object] = {
        "id": command.pk,
        "product_id": command.product_id,
        "owner_id": command.owner_id,
        "client_oid": command.client_oid,
        "side": command.side,
        "order_type": command.order_type,
        "price": command.price,
        "size": command.size,
        "funds": command.funds,
        "time_in_force": command.time_in_force,
        "post_only": command.post_only,
        "self_trade": command.self_trade,
        "maker_bps": 0,
        "taker_bps": 0,
        "status": OrderStatus.OPEN,
        "hold": hold,
        "priority": next(_numbers),
        "created_at": command.created_at,
        **fields,
    }
    # The engine moves its cursor in the same transaction.
    lease = ProductLease.objects.filter(pk=command.product_id)
    lease.update(cursor=Greatest("cursor", command.pk))
    order = Order.objects.create(**values)
    levels_follow(order.product_id)
    return order


def levels_follow(product_id: int) -> None:
    """The price levels as the engine keeps them."""
    with connection.cursor() as cursor:
        levels_rebuild(cursor, product_id)  # type: ignore[arg-type]


def order_rest(product: Product, owner: Owner | None = None, **fields: object) -> Order:
    """An order that rests in the book."""
    return order_write(limit_place(product, owner, **fields))


def order_refuse(command: Command, reason: DoneReason) -> Order:
    """An order that the engine refused."""
    now = timezone.now()
    return order_write(command, status=OrderStatus.REJECTED, done_reason=reason, done_at=now)


def fill_write(maker: Order, taker: Order, *, size: int, number: int, **fields: object) -> Fill:
    """A trade at the maker's price, with the orders brought up to date."""
    price = maker.price or 0
    notional = price * size // UNIT
    for order in (maker, taker):
        order.filled_size += size
        order.filled_notional += notional
        remaining = (order.size or 0) - order.filled_size
        order.hold = price * remaining // UNIT if order.side == Side.BUY else remaining
        if not remaining:
            order.status, order.done_reason = OrderStatus.DONE, DoneReason.FILLED
            order.done_at = timezone.now()
        order.save()
    levels_follow(maker.product_id)
    lease = ProductLease.objects.filter(pk=maker.product_id)
    lease.update(trade_number=Greatest("trade_number", number))
    values: dict[str, object] = {
        "id": id_make(maker.product_id, number),
        "product_id": maker.product_id,
        "maker_order_id": maker.pk,
        "taker_order_id": taker.pk,
        "maker_owner_id": maker.owner_id,
        "taker_owner_id": taker.owner_id,
        "taker_side": taker.side,
        "price": price,
        "size": size,
        "notional": notional,
        "maker_fee": 0,
        "taker_fee": 0,
        "created_at": timezone.now(),
        **fields,
    }
    fill = Fill.objects.create(**values)
    with connection.cursor() as cursor:
        candles_rebuild(cursor, maker.product_id)  # type: ignore[arg-type]
    return fill


GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK
DECREASE = SelfTrade.DC
