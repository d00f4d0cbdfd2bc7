"""Cancelling: whose order it is, whether it can still be open, and which markets are meant."""

from __future__ import annotations

import pytest

from apps.accounts.errors import NotFound
from apps.orderbook.models import Command, Product, ProductLease
from apps.orderbook.models.enums import CommandKind, DoneReason, OrderStatus
from apps.orderbook.services.commands import OrderDone, order_cancel, orders_cancel_all
from tests.support.factories import owner_make
from tests.support.markets import (
    limit_place,
    order_refuse,
    order_rest,
    order_write,
    product_make,
    state_write,
)

pytestmark = pytest.mark.django_db


def cancels() -> list[tuple[int, int | None]]:
    rows = Command.objects.exclude(kind=CommandKind.PLACE).order_by("pk")
    return [(row.product_id, row.target) for row in rows]


def test_an_open_order_can_be_cancelled() -> None:
    order = order_rest(product_make())
    command = order_cancel(owner=order.owner, user=None, order_id=order.pk)
    assert cancels() == [(order.product_id, order.pk)]
    assert (command.kind, command.owner) == (CommandKind.CANCEL, order.owner)


def test_an_order_that_the_engine_has_not_seen_yet_can_be_cancelled() -> None:
    placed = limit_place(product_make())
    order_cancel(owner=placed.owner, user=None, order_id=placed.pk)
    assert cancels() == [(placed.product_id, placed.pk)]


def test_an_order_in_a_halted_market_can_be_cancelled() -> None:
    order = order_rest(product_make())
    state_write(order.product, Product.State.HALTED)
    order_cancel(owner=order.owner, user=None, order_id=order.pk)
    assert cancels()


def test_a_stranger_s_order_is_as_unknown_as_none_at_all() -> None:
    rests, placed = order_rest(product_make()), limit_place(product_make())
    for order_id in (rests.pk, placed.pk, placed.pk + 1, 1, 2**63 - 1):
        with pytest.raises(NotFound) as refusal:
            order_cancel(owner=owner_make(), user=None, order_id=order_id)
        assert (refusal.value.message, refusal.value.status) == ("order not found", 404)
    assert not cancels()


def test_a_cancel_is_not_an_order() -> None:
    order = order_rest(product_make())
    cancel = order_cancel(owner=order.owner, user=None, order_id=order.pk)
    with pytest.raises(NotFound):
        order_cancel(owner=order.owner, user=None, order_id=cancel.pk)


def test_an_order_that_is_over_is_said_to_be() -> None:
    product = product_make()
    filled = order_write(
        limit_place(product), status=OrderStatus.DONE, done_reason=DoneReason.FILLED
    )
    refused = order_refuse(limit_place(product), DoneReason.INSUFFICIENT_FUNDS)
    for order in (filled, refused):
        with pytest.raises(OrderDone, match="Order already done"):
            order_cancel(owner=order.owner, user=None, order_id=order.pk)
    assert not cancels()


def test_all_orders_of_one_market() -> None:
    product, owner = product_make(), owner_make()
    command, *others = orders_cancel_all(owner=owner, user=None, product=product)
    assert (command.kind, command.target) == (CommandKind.CANCEL_ALL, None)
    assert not others
    assert cancels() == [(product.pk, None)]


def test_all_orders_everywhere_means_every_market_where_one_is_or_may_be_open() -> None:
    owner = owner_make()
    rests, waits, hole, over, stranger = (product_make() for _ in range(5))
    order_rest(rests, owner)
    limit_place(waits, owner)
    early = limit_place(hole, owner)
    late = limit_place(hole)
    ProductLease.objects.filter(pk=hole.pk).update(cursor=late.pk, holes=[early.pk])
    for product in (rests, over):
        done = limit_place(product, owner)
        order_write(done, status=OrderStatus.DONE, done_reason=DoneReason.CANCELED)
        ProductLease.objects.filter(pk=product.pk).update(cursor=done.pk)
    order_rest(stranger)
    limit_place(stranger)
    commands = orders_cancel_all(owner=owner, user=None)
    assert cancels() == [(pk, None) for pk in sorted((rests.pk, waits.pk, hole.pk))]
    assert [command.product_id for command in commands] == [pk for pk, _ in cancels()]


def test_cancelling_all_of_nothing_asks_the_engine_nothing() -> None:
    product_make()
    assert orders_cancel_all(owner=owner_make(), user=None) == []
