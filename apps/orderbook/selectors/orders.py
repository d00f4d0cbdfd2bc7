"""An owner's orders and fills.

An order that is accepted but that the engine has not come to has no row of its own yet: it is
listed from its command, with the status `PENDING`.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from apps.accounts.models import Owner
from apps.accounts.rows import Rows, array, instance_of, rows_of
from apps.accounts.together import Together
from apps.orderbook.ids import id_first, id_last, id_product
from apps.orderbook.models import Command, Event, Fill, Order, Product
from apps.orderbook.models.enums import CommandKind, OrderStatus
from apps.orderbook.models.journal import OF_OTHER_COMMANDS
from apps.orderbook.paging import LIMIT_DEFAULT, Page, Positions, Window

# Not a status of the table: the engine has not come to it.
PENDING: Final = 0
EVERY_STATUS: Final = frozenset({PENDING, *OrderStatus.values})
STILL_OPEN: Final = frozenset({PENDING, int(OrderStatus.OPEN)})

# The newest rows of each market, found by index however long the owner's history is.
_ORDERS: Final = """
SELECT found.* FROM unnest(%(low)s::bigint[], %(high)s::bigint[]) AS market (low, high),
LATERAL (
    SELECT * FROM orderbook_order o
    WHERE o.owner_id = %(owner)s AND o.id > market.low AND o.id < market.high
      AND o.status = ANY(%(statuses)s)
      AND (%(since)s::timestamptz IS NULL OR o.created_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR o.created_at <= %(until)s)
    ORDER BY o.id DESC LIMIT %(limit)s
) found
"""

# Beyond the engine's cursor, or in a hole below it.
_PENDING: Final = """
SELECT waiting.* FROM unnest(%(low)s::bigint[], %(high)s::bigint[]) AS market (low, high)
JOIN orderbook_productlease lease ON lease.product_id = (market.high - 1) >> 40,
LATERAL (
    SELECT * FROM orderbook_command
    WHERE id > greatest(market.low, lease.cursor) AND id < market.high
    UNION ALL
    SELECT * FROM orderbook_command
    WHERE id = ANY(lease.holes) AND id > market.low AND id < market.high
) waiting
WHERE waiting.owner_id = %(owner)s AND waiting.kind = %(place)s
  AND (%(since)s::timestamptz IS NULL OR waiting.created_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR waiting.created_at <= %(until)s)
ORDER BY waiting.id DESC LIMIT %(limit)s
"""

_FILLS: Final = """
SELECT * FROM (
    (SELECT * FROM orderbook_fill
     WHERE taker_owner_id = %(owner)s AND id > %(low)s AND id < %(high)s
       AND (%(order)s::bigint IS NULL OR taker_order_id = %(order)s)
       AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
       AND (%(until)s::timestamptz IS NULL OR created_at <= %(until)s)
     ORDER BY id DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM orderbook_fill
     WHERE maker_owner_id = %(owner)s AND id > %(low)s AND id < %(high)s
       AND (%(order)s::bigint IS NULL OR maker_order_id = %(order)s)
       AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
       AND (%(until)s::timestamptz IS NULL OR created_at <= %(until)s)
     ORDER BY id DESC LIMIT %(limit)s)
) mine
ORDER BY id DESC LIMIT %(limit)s
"""

# Orders have the ids of the commands that placed them.
_ROWS: Final = Rows(placed=Order)
_DECIDED: Final = (
    f"SELECT {_ROWS.columns} FROM orderbook_order placed WHERE placed.id = ANY(%s::bigint[])"  # noqa: S608
)

# What an order takes over from its command; the rest is as it is before anything has happened.
_SHARED: Final = frozenset(
    {
        "id", "product_id", "owner_id", "client_oid", "side", "order_type", "price", "size",
        "funds", "time_in_force", "post_only", "self_trade", "stop", "stop_price", "expires_at",
        "display_size", "slippage_bps", "created_at",
    }
)  # fmt: skip
_PRODUCT: Final = Order._meta.get_field("product")
_PENDING_ROW: Final = {
    field.attname: None if field.null else field.get_default()
    for field in Order._meta.concrete_fields
} | {"status": PENDING}
_SHARED_NAMES: Final = sorted(_SHARED)
_shared_of: Final = itemgetter(*_SHARED_NAMES)


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """Which of an owner's orders are wanted. No product means every market."""

    product: Product | None = None
    statuses: Collection[int] = STILL_OPEN
    since: datetime | None = None
    until: datetime | None = None
    after: Positions = field(default_factory=Positions)
    before: Positions = field(default_factory=Positions)
    limit: int = LIMIT_DEFAULT


def order_of(owner: Owner, order_id: int) -> Order | None:
    """The owner's order, pending ones included; None for a stranger's."""
    if order := Order.objects.filter(pk=order_id, owner=owner).first():
        return order
    command = Command.objects.filter(pk=order_id, owner=owner, kind=CommandKind.PLACE).first()
    return order_of_command(command) if command else None


def order_of_client_oid(owner: Owner, client_oid: str) -> Order | None:
    """The order that the owner placed under that client order id."""
    command = Command.objects.filter(owner=owner, client_oid=client_oid).first()
    return order_of_command(command) if command else None


def order_of_command(command: Command) -> Order:
    """What has become of a place command so far."""
    return orders_of_commands([command])[0]


def order_resting(command: Command) -> Order:
    """The order of a place command that rests and that nothing has happened to."""
    order = order_pending(command)
    order.status = OrderStatus.OPEN
    if Command.product.is_cached(command):
        _PRODUCT.set_cached_value(order, command.product)
    return order


def orders_of_commands(commands: Sequence[Command], *, at_acceptance: bool = False) -> list[Order]:
    """What has become of each of these place commands so far.

    `at_acceptance` nobody looks what the engine made of those that were accepted just now.
    """
    asked = [one.pk for one in commands if not (at_acceptance and one.is_fresh)]
    decided = _decided.ask(asked) if asked else {}
    orders = []
    for command in commands:
        row = decided.get(command.pk)
        order: Order = _ROWS.read(row)[0] if row else order_pending(command)
        if Command.product.is_cached(command):
            _PRODUCT.set_cached_value(order, command.product)
        orders.append(order)
    return orders


def _decided_of(asked: Sequence[list[int]]) -> list[dict[int, tuple[Any, ...]]]:
    """The rows of those orders that have one; for each who asks, those of all."""
    rows = rows_of(_DECIDED, [array(chain.from_iterable(asked))])
    return [{row[0]: row for row in rows}] * len(asked)


_decided: Final = Together(_decided_of)


def order_pending(command: Command) -> Order:
    """The order that a place command will become, not saved and not to be."""
    assert command.kind == CommandKind.PLACE
    shared = zip(_SHARED_NAMES, _shared_of(vars(command)), strict=True)
    return instance_of(Order, {**_PENDING_ROW, **dict(shared)})


def orders_of(owner: Owner, search: OrderSearch) -> Page[Order]:
    """The owner's orders, latest first. Across markets they are merged by time."""
    ranges = _ranges(search)
    parameters = {
        "owner": owner.pk,
        "low": [low for low, _ in ranges],
        "high": [high for _, high in ranges],
        "statuses": [status for status in search.statuses if status != PENDING],
        "place": CommandKind.PLACE,
        "since": search.since,
        "until": search.until,
        "limit": search.limit,
    }
    found: dict[int, Order] = {}
    # Pending ones first: what the engine comes to meanwhile is found twice rather than never.
    if PENDING in search.statuses:
        for command in Command.objects.raw(_PENDING, parameters):
            found[command.pk] = order_pending(command)
    for order in Order.objects.raw(_ORDERS, parameters):
        found[order.pk] = order
    rows = _latest(found, search.limit)
    return Page(
        rows,
        before=str(search.after.moved(rows, to_newest=True)) if rows else None,
        after=str(search.after.moved(rows, to_newest=False)) if rows else None,
    )


def _latest(found: Mapping[int, Order], limit: int) -> list[Order]:
    """Merges the markets by time. Within a market the order is that of the ids, by which the
    cursors count: clocks may disagree with it by a moment."""
    by_market: dict[int, list[Order]] = {}
    for pk in sorted(found, reverse=True):
        by_market.setdefault(id_product(pk), []).append(found[pk])
    merged = heapq.merge(
        *by_market.values(), key=lambda order: order.created_at.timestamp(), reverse=True
    )
    return [order for order, _ in zip(merged, range(limit), strict=False)]


def _ranges(search: OrderSearch) -> Sequence[tuple[int, int]]:
    """Open intervals of ids, one per market that is looked into."""
    if search.product:
        products: Iterable[int] = [search.product.pk]
    else:
        products = Product.objects.values_list("pk", flat=True)
    after, before = search.after.numbers, search.before.numbers
    return [
        (
            id_first(pk) + before.get(pk, 0),
            id_first(pk) + after[pk] if pk in after else id_last(pk) + 1,
        )
        for pk in products
    ]


def orders_canceled_by(commands: Iterable[Command]) -> list[int]:
    """The orders that these cancel commands have taken out so far."""
    ids = [command.pk for command in commands]
    bodies = Event.objects.filter(OF_OTHER_COMMANDS, command_id__in=ids)
    return [
        canceled["order"]
        for body in bodies.order_by("command_id").values_list("body", flat=True)
        for canceled in json.loads(body)["result"]["canceled"]
    ]


def amend_refusal_of(command: Command) -> str | None:
    """Why the order stayed as it was, in the journal's word; None if it did not, or not yet."""
    found = Event.objects.filter(OF_OTHER_COMMANDS, command_id=command.pk)
    body = found.values_list("body", flat=True).first()
    refused: str | None = json.loads(body)["result"].get("refused") if body else None
    return refused


def fills_of(
    owner: Owner,
    product: Product,
    window: Window,
    *,
    order_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[Fill]:
    """The owner's trades in one market or of one order, latest first, by trade id."""
    first = id_first(product.pk)
    parameters: dict[str, Any] = {
        "owner": owner.pk,
        "order": order_id,
        "low": first + (window.before or 0),
        "high": id_last(product.pk) + 1 if window.after is None else first + window.after,
        "since": since,
        "until": until,
        "limit": window.limit,
    }
    return Page.of(list(Fill.objects.raw(_FILLS, parameters)))
