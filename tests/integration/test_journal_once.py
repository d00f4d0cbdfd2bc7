"""No command is decided twice, whatever the engine believes it has come to."""

from __future__ import annotations

import json

import psycopg
import pytest

from apps.orderbook.models import Event, Order
from apps.orderbook.models.journal import PLACED_BEGINS
from apps.orderbook.selectors.journal import commands_decided
from apps.orderbook.services.commands import order_amend, order_cancel, orders_cancel_all
from tests.support.engines import broken_invariants, buy, market_make, run_engine, sell, trader
from tests.support.markets import IOC
from tests.support.tampering import tamper

pytestmark = pytest.mark.django_db(transaction=True)

ONE, P10 = 1_000_000, 10_000_000


def test_only_what_placed_an_order_begins_as_such_and_all_of_it_is_found_decided() -> None:
    product = market_make()
    owner, other = trader(product), trader(product)
    first, second = buy(product, owner, P10, ONE), sell(product, other, P10, 2 * ONE)
    order_amend(owner=other, user=None, order_id=second, size=3 * ONE)
    order_cancel(owner=other, user=None, order_id=second)
    orders_cancel_all(owner=owner, user=None, product=product)
    waiting = [first, second]
    assert commands_decided(waiting) == []
    run_engine()
    events = Event.objects.order_by("id")
    kinds = [json.loads(event.body)["kind"] for event in events]
    assert kinds[:4] == ["place", "place", "amend", "cancel"]
    assert len(kinds) == 5
    assert [event.body.startswith(PLACED_BEGINS) for event in events] == [
        kind == "place" for kind in kinds
    ]
    commands = [event.command_id for event in events]
    assert sorted(commands_decided(commands)) == commands


@pytest.mark.parametrize("kind", ["place", "cancel"])
def test_an_engine_that_comes_to_a_command_again_is_refused(kind: str) -> None:
    product = market_make()
    owner = trader(product)
    if kind == "place":
        buy(product, owner, P10, ONE, time_in_force=IOC)
    else:
        bid = buy(product, owner, P10, ONE)
        run_engine()
        order_cancel(owner=owner, user=None, order_id=bid)
    run_engine()
    before = list(Event.objects.values_list("id", "command_id"))
    tamper("UPDATE orderbook_productlease SET cursor = cursor - 1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        run_engine()
    tamper("UPDATE orderbook_productlease SET cursor = cursor + 1")
    assert list(Event.objects.values_list("id", "command_id")) == before
    assert Order.objects.count() == 1
    assert broken_invariants() == []
