"""Placing an order: what gets into the journal, and what is turned away at the door."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from apps.accounts.errors import ServiceError
from apps.orderbook.ids import id_number, id_product
from apps.orderbook.models import Command, Product
from apps.orderbook.models.enums import (
    CommandKind,
    OrderType,
    SelfTrade,
    Side,
    Stop,
    TimeInForce,
)
from apps.orderbook.services import doorbell
from apps.orderbook.services.appending import command_append, command_make, commands_append
from apps.orderbook.services.commands import order_place
from tests.support.factories import owner_make, user_make
from tests.support.markets import TONNE, UNIT, limit_place, product_make, state_write
from tests.support.redis_away import redis_away

__all__ = ["redis_away"]

pytestmark = pytest.mark.django_db

BIGINT_MAX = 2**63 - 1


def refusal_of(product: Any = None, **fields: Any) -> ServiceError:
    with pytest.raises(ServiceError) as refusal:
        limit_place(product or product_make(), **fields)
    assert not Command.objects.exists()
    return refusal.value


_LIMIT = {
    "kind": CommandKind.PLACE, "side": Side.BUY, "order_type": OrderType.LIMIT, "price": 1_230_000,
    "size": 5_000, "time_in_force": TimeInForce.GTC, "post_only": True, "self_trade": SelfTrade.CB,
}  # fmt: skip
_RARE: list[dict[str, Any]] = [
    {**_LIMIT, "price": None, "size": None, "order_type": OrderType.MARKET, "funds": 7_000_000,
     "slippage_bps": 40, "time_in_force": TimeInForce.IOC, "post_only": False},
    {**_LIMIT, "stop": Stop.ENTRY, "stop_price": 2_460_000, "post_only": False},
    {**_LIMIT, "time_in_force": TimeInForce.GTT,
     "expires_at": datetime(2090, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)},
    {**_LIMIT, "display_size": 1_000},
    {"kind": CommandKind.SET_SWITCH, "timeout_s": 30},
    {"kind": CommandKind.CHANGE, "owner_id": None, "rules": '{"state": "halted"}'},
]  # fmt: skip


@pytest.mark.parametrize("beside", [[], [_LIMIT]], ids=["alone", "beside a usual one"])
@pytest.mark.parametrize("asked", [_LIMIT, {"kind": CommandKind.CANCEL, "target": 5}, *_RARE])
def test_all_that_a_command_asks_for_is_written(
    asked: dict[str, Any], beside: list[dict[str, Any]]
) -> None:
    product, owner = product_make(), owner_make()
    common = {"product_id": product.pk, "owner_id": owner.pk}
    commands = [command_make(**{**common, **fields}) for fields in (*beside, asked)]
    assert commands_append(commands) == [True] * len(commands)
    for command in commands:
        names = [field.attname for field in Command._meta.concrete_fields]
        written = Command.objects.values(*names).get(pk=command.pk)
        assert written == {name: getattr(command, name) for name in names}


def test_an_accepted_order_is_one_row_with_everything_that_was_asked() -> None:
    product, user = product_make(), user_make()
    command = order_place(
        owner=user.owner,
        user=user,
        product=product,
        side=Side.SELL,
        order_type=OrderType.LIMIT,
        price=1_230_000,
        size=5_000,
        post_only=True,
        self_trade=SelfTrade.CB,
        client_oid="mine-1",
    )
    row = Command.objects.get()
    assert row == command
    assert (id_product(row.pk), id_number(row.pk)) == (product.pk, 1)
    assert (row.kind, row.owner, row.user) == (CommandKind.PLACE, user.owner, user)
    assert (row.side, row.order_type) == (Side.SELL, OrderType.LIMIT)
    assert (row.price, row.size, row.funds) == (1_230_000, 5_000, None)
    assert (row.time_in_force, row.post_only) == (TimeInForce.GTC, True)
    assert (row.self_trade, row.client_oid) == (SelfTrade.CB, "mine-1")
    assert row.created_at == command.created_at


def test_each_market_counts_its_own_commands() -> None:
    one, two, owner = product_make(), product_make(), owner_make()
    placed = [limit_place(product, owner).pk for product in (one, two, one)]
    assert [(id_product(pk), id_number(pk)) for pk in placed] == [
        (one.pk, 1),
        (two.pk, 1),
        (one.pk, 2),
    ]


def test_a_market_order_trades_at_once_by_size_or_by_funds() -> None:
    product = product_make()
    by_size = limit_place(product, order_type=OrderType.MARKET, price=None)
    by_funds = limit_place(product, order_type=OrderType.MARKET, price=None, size=None, funds=1)
    assert by_size.time_in_force == by_funds.time_in_force == TimeInForce.IOC
    assert (by_size.size, by_size.funds, by_funds.size, by_funds.funds) == (TONNE, None, None, 1)


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"price": 0}, "price_too_small", "price too small"),
        ({"price": -10_000}, "price_too_small", "price too small"),
        ({"price": 10_001}, "price_too_precise", "price too precise"),
        ({"size": 0}, "size_too_small", "size is too small"),
        ({"size": -1_000}, "size_too_small", "size is too small"),
        ({"size": 1_001}, "size_too_precise", "size is too small"),
        ({"size": 10_000 * TONNE + 1_000}, "size_too_large", "size is too small"),
        (
            {"price": BIGINT_MAX // 10_000 * 10_000, "size": 2 * TONNE},
            "value_too_large",
            "value is too large",
        ),
        ({"price": 10**30}, "value_too_large", "value is too large"),
        ({"price": None}, "limit_order_fields", "price and a size"),
        ({"size": None}, "limit_order_fields", "price and a size"),
        ({"funds": 1}, "limit_order_fields", "no funds"),
        ({"post_only": True, "time_in_force": TimeInForce.IOC}, "post_only_must_rest", "GTC"),
        ({"post_only": True, "time_in_force": TimeInForce.FOK}, "post_only_must_rest", "GTC"),
        ({"client_oid": ""}, "client_oid_invalid", "client_oid"),
        ({"client_oid": "x" * 101}, "client_oid_invalid", "client_oid"),
        ({"client_oid": "a/b"}, "client_oid_invalid", "client_oid"),
        ({"client_oid": "a\x00"}, "client_oid_invalid", "client_oid"),
        ({"client_oid": "１"}, "client_oid_invalid", "client_oid"),
    ],
)
def test_a_limit_order_that_breaks_a_rule_is_refused_in_known_words(
    fields: dict[str, Any], code: str, words: str
) -> None:
    refusal = refusal_of(**fields)
    assert (refusal.code, refusal.status) == (code, 400)
    assert words in refusal.message


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "market_order_fields"),
        ({"price": None, "funds": 1}, "market_order_fields"),
        ({"price": None, "size": None}, "market_order_fields"),
        ({"price": None, "size": 1_001}, "size_too_precise"),
        ({"price": None, "size": None, "funds": 0}, "funds_too_small"),
        ({"price": None, "size": None, "funds": -1}, "funds_too_small"),
        ({"price": None, "size": None, "funds": BIGINT_MAX + 1}, "funds_too_small"),
        ({"price": None, "post_only": True}, "market_order_rests_never"),
        ({"price": None, "time_in_force": TimeInForce.GTC}, "market_order_rests_never"),
    ],
)
def test_a_market_order_that_breaks_a_rule_is_refused(fields: dict[str, Any], code: str) -> None:
    assert refusal_of(order_type=OrderType.MARKET, **fields).code == code


def test_the_largest_value_counts_the_taker_s_fee() -> None:
    product = product_make(taker_bps=9_999)
    fits, size = BIGINT_MAX * 10_000 // 19_999 // 10_000 * 10_000, UNIT
    assert limit_place(product, price=fits, size=size)
    with pytest.raises(ServiceError) as refusal:
        limit_place(product, price=fits + 10_000, size=size)
    assert refusal.value.code == "value_too_large"


def test_a_halted_market_takes_no_order() -> None:
    product = product_make()
    state_write(product, Product.State.HALTED)
    refusal = refusal_of(product)
    assert refusal.code == "market_halted"
    assert "Cancel only mode" in refusal.message


def test_a_repeated_client_order_id_returns_the_first_command_and_writes_nothing() -> None:
    product, owner = product_make(), owner_make()
    first = limit_place(product, owner, client_oid="once")
    again = limit_place(product, owner, client_oid="once", price=2 * UNIT, side=Side.SELL)
    elsewhere = limit_place(product_make(), owner, client_oid="once")
    assert first == again == elsewhere == Command.objects.get()
    assert (again.price, again.side) == (first.price, first.side)


def test_the_first_answer_stands_when_the_market_was_halted_since() -> None:
    product, owner = product_make(), owner_make()
    first = limit_place(product, owner, client_oid="once")
    state_write(product, Product.State.HALTED)
    assert limit_place(product, owner, client_oid="once") == first


def test_two_owners_may_use_the_same_client_order_id() -> None:
    product = product_make()
    assert limit_place(product, client_oid="a") != limit_place(product, client_oid="a")


def test_the_database_itself_refuses_a_client_order_id_twice() -> None:
    command = limit_place(product_make(), client_oid="once")
    command.pk += 1
    with pytest.raises(IntegrityError), transaction.atomic():
        command.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_of_two_racing_orders_with_one_client_order_id_one_is_written() -> None:
    product, owner = product_make(), owner_make()
    got: list[int] = []
    start = threading.Barrier(4)

    def place() -> None:
        start.wait()
        got.append(limit_place(product, owner, client_oid="race").pk)
        connection.close()

    threads = [threading.Thread(target=place) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [Command.objects.get().pk] * 4


@pytest.mark.django_db(transaction=True)
def test_an_order_that_races_an_uncommitted_one_waits_for_its_answer() -> None:
    product, owner = product_make(), owner_make()
    got: list[Command] = []

    def place() -> None:
        got.append(limit_place(product, owner, client_oid="race"))
        connection.close()

    thread = threading.Thread(target=place)
    with transaction.atomic():
        first = limit_place(product, owner, client_oid="race")
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the second must not answer before the first is certain"
    thread.join()
    assert got == [first]


@pytest.mark.django_db(transaction=True)
def test_an_order_that_waits_for_another_keeps_nobody_else_waiting() -> None:
    product, owner = product_make(), owner_make()
    got: dict[str, Command] = {}

    def place(oid: str) -> None:
        got[oid] = limit_place(product, owner, client_oid=oid)
        connection.close()

    waits = threading.Thread(target=place, args=["race"])
    others = [threading.Thread(target=place, args=[f"other-{number}"]) for number in range(4)]
    with transaction.atomic():
        first = limit_place(product, owner, client_oid="race")
        for thread in (waits, *others):
            thread.start()
        for thread in others:
            thread.join(10)
        assert sorted(got) == [f"other-{number}" for number in range(4)]
    waits.join()
    assert got["race"] == first


@pytest.mark.django_db(transaction=True)
def test_a_value_that_the_database_refuses_takes_no_other_order_along() -> None:
    product, owner = product_make(), owner_make()
    refused: list[str] = []
    start = threading.Barrier(4)

    def place(size: int) -> None:
        command = command_make(
            product_id=product.pk, kind=CommandKind.PLACE, owner_id=owner.pk, size=size
        )
        start.wait()
        try:
            command_append(command)
        except DataError as error:
            refused.append(str(error))
        finally:
            connection.close()

    sizes = (TONNE, TONNE, BIGINT_MAX + 1, TONNE)
    threads = [threading.Thread(target=place, args=[size]) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [command.size for command in Command.objects.all()] == [TONNE] * 3


@pytest.mark.django_db(transaction=True)
def test_the_engine_is_rung_after_the_commit_and_not_for_what_was_rolled_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(doorbell, "redis_tell", lambda _publish, _channel, pk: rung.append(pk))
    product, owner = product_make(), owner_make()
    limit_place(product, owner)
    assert rung == [product.pk]
    with transaction.atomic():
        limit_place(product, owner)
        transaction.set_rollback(True)
    assert rung == [product.pk]
    assert Command.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_away")
def test_an_order_is_accepted_without_redis() -> None:
    assert Command.objects.get(pk=limit_place(product_make()).pk)
