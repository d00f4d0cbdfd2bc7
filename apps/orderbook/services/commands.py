"""How orders get in: each request becomes one row of the journal, and its commit accepts it.

Funds are not looked at here: the engine decides, in the order of the journal. A request is checked
against everything that does not depend on the book, so that the journal holds no nonsense.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.accounts.carrying import aside
from apps.accounts.errors import NotFound, ServiceError
from apps.accounts.models import Owner, User
from apps.orderbook.ids import id_product
from apps.orderbook.models import Command, Order, Product, Switch
from apps.orderbook.models.enums import (
    CommandKind,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    Stop,
    TimeInForce,
)
from apps.orderbook.services.appending import command_append, command_make
from apps.orderbook.services.backlog import backlog_check
from apps.orderbook.services.checks import (
    CLIENT_OID,
    InvalidOrder,
    amend_check,
    client_oid_check,
    place_check,
)

# A switch is meant for programs that come back every few seconds.
SWITCH_S_MAX: Final = 86_400

# Open orders, and those that the engine has not come to: beyond its cursor, or in a hole below it.
_PRODUCTS_WITH_ORDERS: Final = """
SELECT product_id FROM orderbook_order WHERE owner_id = %(owner)s AND status = 1
UNION
SELECT waiting.product_id FROM orderbook_productlease lease, LATERAL (
    SELECT product_id, owner_id, kind FROM orderbook_command
    WHERE id > lease.cursor AND id < (lease.product_id + 1) << 40
    UNION ALL
    SELECT product_id, owner_id, kind FROM orderbook_command WHERE id = ANY(lease.holes)
) waiting
WHERE waiting.owner_id = %(owner)s AND waiting.kind = %(place)s
ORDER BY 1
"""


class OrderDone(ServiceError):
    """The order is not open any more: filled, cancelled or refused."""

    code = "order_done"


def order_not_found() -> NotFound:
    """What a stranger's order and no order at all look like."""
    return NotFound(_("order not found"), code="order_not_found")


def order_prepare(
    *,
    owner: Owner,
    user: User | None,
    product: Product,
    side: Side,
    order_type: OrderType,
    price: int | None = None,
    size: int | None = None,
    funds: int | None = None,
    time_in_force: TimeInForce | None = None,
    post_only: bool = False,
    self_trade: SelfTrade = SelfTrade.DC,
    client_oid: str | None = None,
    stop: Stop | None = None,
    stop_price: int | None = None,
    expires_at: datetime | None = None,
    display_size: int | None = None,
    slippage_bps: int | None = None,
) -> Command:
    """An order as it would be placed, checked but not written.

    All amounts in micro-units. Without a time in force a limit order is good till cancelled, or
    till `expires_at`. A `stop` order waits for a trade at `stop_price`. No more than
    `display_size` of a limit order is in sight at a time; a market order slips no further than
    `slippage_bps` from the best price. Raises InvalidOrder, MarketHalted or MarketBehind.
    """
    if client_oid is not None:
        client_oid_check(client_oid)
    if time_in_force is None:
        resting = TimeInForce.GTC if expires_at is None else TimeInForce.GTT
        time_in_force = resting if order_type == OrderType.LIMIT else TimeInForce.IOC
    command = command_make(
        product_id=product.pk,
        kind=CommandKind.PLACE,
        owner_id=owner.pk,
        user_id=user.pk if user else None,
        client_oid=client_oid,
        side=side,
        order_type=order_type,
        price=price,
        size=size,
        funds=funds,
        time_in_force=time_in_force,
        post_only=post_only,
        self_trade=self_trade,
        stop=stop,
        stop_price=stop_price,
        expires_at=expires_at,
        display_size=display_size,
        slippage_bps=slippage_bps,
    )
    command.product = product
    place_check(product=product, command=command)
    backlog_check(product=product)
    return command


def order_place(
    *, owner: Owner, user: User | None, client_oid: str | None = None, **terms: Any
) -> Command:
    """Accepts an order, which has the returned command's id from then on.

    `terms` as `order_prepare` has them. A `client_oid` that this owner has used before returns that
    first command, whatever else is asked. Raises InvalidOrder, MarketHalted or MarketBehind.
    """
    try:
        command = order_prepare(owner=owner, user=user, client_oid=client_oid, **terms)
    except ServiceError:
        # The first answer stands, even if the market was halted since.
        if first := command_named(owner, client_oid):
            return first
        raise
    if command_append(command):
        return command
    first = command_named(owner, client_oid)
    assert first is not None, "the row that was in the way is committed"
    return first


def order_cancel(*, owner: Owner, user: User | None, order_id: int) -> Command:
    """Asks for the cancellation of one of the owner's orders.

    Raises NotFound for an order that is not the owner's, OrderDone for one that is over. Whether
    it is still open when its turn comes is for the engine to say.
    """
    command = cancel_prepare(owner=owner, user=user, order_id=order_id)
    command_append(command)
    return command


def cancel_prepare(*, owner: Owner, user: User | None, order_id: int) -> Command:
    """The cancellation as it would be asked for, checked but not written."""
    _open_check(owner, order_id)
    return Command(
        product_id=id_product(order_id),
        kind=CommandKind.CANCEL,
        owner=owner,
        user=user,
        target=order_id,
    )


def order_amend(
    *,
    owner: Owner,
    user: User | None,
    order_id: int,
    price: int | None = None,
    size: int | None = None,
) -> Command:
    """Asks for another price or size, or both, of one of the owner's limit orders.

    `size` is that of the whole order, what is filled included. Less of an order keeps its place in
    the queue, anything else costs it. Raises NotFound, OrderDone, InvalidOrder, MarketHalted,
    MarketBehind.
    """
    _open_check(owner, order_id)
    product = Product.objects.get(pk=id_product(order_id))
    amend_check(product=product, price=price, size=size)
    backlog_check(product=product)
    command = Command(
        product=product,
        kind=CommandKind.AMEND,
        owner=owner,
        user=user,
        target=order_id,
        price=price,
        size=size,
    )
    command_append(command)
    return command


def _open_check(owner: Owner, order_id: int) -> None:
    """Raises NotFound or OrderDone unless the order may still be open."""
    status = Order.objects.filter(pk=order_id, owner=owner).values_list("status", flat=True).first()
    if status is None and not _is_placed(owner, order_id):
        raise order_not_found()
    if status not in (None, OrderStatus.OPEN):
        raise OrderDone(_("Order already done"))


def orders_cancel_all(
    *, owner: Owner, user: User | None, product: Product | None = None
) -> list[Command]:
    """Asks for the cancellation of all of the owner's orders, in one market or in all.

    One command per market in which the owner has an open order or one that still waits for the
    engine. They are accepted together.
    """
    products = [product.pk] if product else _products_with_orders(owner)
    kind = CommandKind.CANCEL_ALL
    return _append_all(
        [Command(product_id=pk, kind=kind, owner=owner, user=user) for pk in products]
    )


def switch_set(
    *, owner: Owner, user: User | None, timeout_s: int, product: Product | None = None
) -> list[Command]:
    """Asks for the cancellation of all of the owner's orders unless this is asked again in time.

    `timeout_s` counts from the engine's verdict; 0 takes the switch back. Without a product: in
    every market in which the owner has orders or a switch. Raises InvalidOrder.
    """
    if not 0 <= timeout_s <= SWITCH_S_MAX:
        raise InvalidOrder(
            _("timeout_s must be from 0 to {most} seconds.").format(most=SWITCH_S_MAX),
            code="timeout_out_of_range",
            field="timeout_s",
        )
    switched = Switch.objects.filter(owner=owner).values_list("product_id", flat=True)
    products = [product.pk] if product else sorted({*_products_with_orders(owner), *switched})
    kind = CommandKind.SET_SWITCH
    return _append_all(
        [
            Command(product_id=pk, kind=kind, owner=owner, user=user, timeout_s=timeout_s)
            for pk in products
        ]
    )


def market_change(*, product: Product, user: User | None, asked: Mapping[str, Any]) -> Command:
    """Asks for a change of the market itself: rules by name, `state` and `fees`. See
    `product_change` and `fees_change`."""
    rules = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    command = Command(product=product, kind=CommandKind.CHANGE, user=user, rules=rules)
    command_append(command)
    return command


def state_ask(*, product: Product) -> Command:
    """Asks the product's engine to write the hash of its book into the journal."""
    command = Command(product=product, kind=CommandKind.STATE)
    command_append(command)
    return command


def _append_all(commands: list[Command]) -> list[Command]:
    with transaction.atomic():
        for command in commands:
            command_append(command)
    return commands


def command_named(owner: Owner, client_oid: str | None) -> Command | None:
    """The command that this owner has accepted under that client order id."""
    if not client_oid or not CLIENT_OID.fullmatch(client_oid):
        return None
    return aside(Command.objects.filter(owner=owner, client_oid=client_oid).first)


def _is_placed(owner: Owner, order_id: int) -> bool:
    return Command.objects.filter(pk=order_id, owner=owner, kind=CommandKind.PLACE).exists()


def _products_with_orders(owner: Owner) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_PRODUCTS_WITH_ORDERS, {"owner": owner.pk, "place": CommandKind.PLACE})
        return [pk for (pk,) in cursor.fetchall()]
