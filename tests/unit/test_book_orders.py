"""Open orders by owner, listed only when somebody asks, against looking through all of them."""

import random

import pytest

from apps.orderbook.engine.book import Order, Terms
from apps.orderbook.engine.book.orders import OpenOrders
from apps.orderbook.engine.book.words import BUY


def order(id_: int, owner: int) -> Order:
    return Order(id_, owner, owner, BUY, 1_000_000, 1_000_000, Terms())


@pytest.mark.parametrize("spare", [0, 5, 1_000])
def test_an_owners_orders_are_those_that_are_open(spare: int):
    draw = random.Random(spare)
    orders, twin = OpenOrders(spare), dict[int, Order]()
    for id_ in range(1, 2_000):
        new = twin[id_] = order(id_, draw.randrange(8))
        orders.add(new)
        while len(twin) > 20:
            gone = twin.pop(draw.choice(list(twin)))
            if draw.random() < 0.5:
                del orders.by_id[gone.id]  # as a trade does
            else:
                orders.remove(gone)
                if draw.random() < 0.3:  # changed: it comes in again
                    orders.add(order(gone.id, gone.owner))
                    twin[gone.id] = orders.by_id[gone.id]
        if draw.random() < 0.2:
            owner = draw.randrange(9)
            mine = sorted(i for i, found in twin.items() if found.owner == owner)
            assert [found.id for found in orders.of(owner)] == mine
            assert all(orders.get(owner, i) is twin[i] for i in mine)
    assert set(orders.owners()) == {found.owner for found in twin.values()}
    assert len(orders) == len(twin)


def test_nobody_gets_anothers_order():
    orders = OpenOrders()
    orders.add(order(1, 7))
    assert orders.get(8, 1) is None
    assert orders.get(7, 2) is None
    assert orders.of(8) == []


def test_what_is_done_does_not_stay_listed():
    orders = OpenOrders(spare=10)
    for id_ in range(1, 1_000):
        orders.add(order(id_, 1))
        orders.of(2)
        del orders.by_id[id_]
        assert sum(map(len, orders._by_owner.values())) == orders._listed <= 10 + 2 + 1
