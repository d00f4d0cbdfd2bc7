"""Random commands for a market, all through the intake."""

from __future__ import annotations

import random
from collections.abc import Sequence

from apps.accounts.models import Owner
from apps.orderbook.models import Product
from apps.orderbook.models.enums import OrderType, SelfTrade, Side, TimeInForce
from apps.orderbook.services.commands import order_cancel, order_place, orders_cancel_all

TICK, LOT = 100_000, 100_000


def place_random_commands(
    product: Product, owners: Sequence[Owner], *, seed: int, count: int
) -> None:
    """Accept `count` commands that a seed decides; the same ones for any market and owners."""
    draw = random.Random(seed)
    placed: list[tuple[int, int]] = []
    for _ in range(count):
        number = draw.randrange(len(owners))
        kind = draw.random()
        if kind < 0.15 and placed:
            order_id, of = draw.choice(placed)
            order_cancel(owner=owners[of], user=None, order_id=order_id)
        elif kind < 0.17:
            orders_cancel_all(owner=owners[number], user=None, product=product)
        else:
            placed.append((place_random_order(product, owners[number], draw), number))


def place_random_order(product: Product, owner: Owner, draw: random.Random) -> int:
    """A limit order of any kind around 10, or a market order."""
    side, size = draw.choice(list(Side)), draw.randrange(1, 40) * LOT
    rule, kind = draw.choice(list(SelfTrade)), draw.random()
    fields: dict[str, object] = {"size": size}
    if kind < 0.85:
        fields["price"] = 10_000_000 + draw.randrange(-12, 13) * TICK
        fields["time_in_force"] = draw.choice([TimeInForce.GTC] * 4 + [TimeInForce.IOC])
        fields["post_only"] = fields["time_in_force"] == TimeInForce.GTC and draw.random() < 0.1
    elif kind > 0.93:
        fields = {"funds": draw.randrange(1, 40_000_000)}
    command = order_place(
        owner=owner,
        user=None,
        product=product,
        side=side,
        order_type=OrderType.LIMIT if kind < 0.85 else OrderType.MARKET,
        self_trade=rule,
        **fields,  # type: ignore[arg-type]
    )
    return command.pk
