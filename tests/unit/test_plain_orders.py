"""Plain orders are read and told just as the serializers and services do it, in fewer steps."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer

from apps.accounts.api.base import checked
from apps.accounts.errors import ServiceError
from apps.accounts.models import Asset, Owner, User
from apps.orderbook.api.order_io import PlaceInput, order_asked, orders_body
from apps.orderbook.api.plain_orders import plain_reader, plain_texts
from apps.orderbook.ids import id_make
from apps.orderbook.models import Command, Product
from apps.orderbook.selectors.orders import order_pending, order_resting
from apps.orderbook.services import backlog
from apps.orderbook.services.commands import order_prepare

NAME = "VCS_1686_2017-CC"
OWNER, USER = Owner(pk=3), User(pk=4)
PRODUCT = Product(
    pk=7,
    code="VCS-1686-2017-CC",
    base=Asset(pk=1, code="VCS-1686-2017"),
    quote=Asset(pk=2, code="CC"),
    state=Product.State.OPEN,
    price_increment=10_000,
    size_increment=1_000,
    size_min=2_000,
    size_max=10**15,
    notional_min=5_000,
    notional_max=10**16,
    maker_bps=10,
    taker_bps=20,
)
ORDER = {"product_id": NAME, "side": "buy", "price": "9.12", "size": "0.5"}
PLAIN: list[dict[str, Any]] = [
    {},
    {"side": "sell", "price": "0009.10", "size": "12"},
    {"type": "limit", "time_in_force": "GTC", "post_only": True, "stp": "co"},
    {"time_in_force": "IOC", "post_only": False, "stp": "cb"},
    {"time_in_force": "FOK", "client_oid": None},
    {"time_in_force": None, "client_oid": "mine.1_2:3~4"},
    {"price": "0.01", "size": "0.5"},
    {"price": "1", "size": "0.005"},
    {"price": "10", "size": "1000000000"},
]
# Some of them are good orders, and some are not: the reader leaves all to others.
OTHERS: list[dict[str, Any]] = [
    {"type": "market", "price": None},
    {"type": None},
    {"type": ["limit"]},
    {"side": "hold"},
    {"side": None},
    {"side": {}},
    {"side": True},
    {"price": 9},
    {"price": None},
    {"price": " 9.12"},
    {"price": "9.123"},
    {"price": "9.1200001"},
    {"price": "-9.12"},
    {"price": "9.12\n"},
    {"price": "٩.12"},
    {"price": "1e2"},
    {"price": "0"},
    {"price": "9" * 30},
    {"size": "0.0005"},
    {"size": "0.001"},
    {"size": "0.0025"},
    {"size": "1000000001"},
    {"size": "999999999", "price": "900000"},
    {"size": "0.002", "price": "0.01"},
    {"size": ["0.5"]},
    {"time_in_force": "GTT"},
    {"time_in_force": "GTT", "cancel_after": "hour"},
    {"time_in_force": "gtc"},
    {"time_in_force": 0},
    {"time_in_force": []},
    {"time_in_force": "IOC", "post_only": True},
    {"post_only": 1},
    {"post_only": 0},
    {"post_only": "true"},
    {"post_only": None},
    {"stp": None},
    {"stp": "xx"},
    {"stp": 0},
    {"client_oid": ""},
    {"client_oid": " mine"},
    {"client_oid": "it's"},
    {"client_oid": "x" * 101},
    {"client_oid": 7},
    {"client_oid": "mine\n"},
    {"stop": "loss", "stop_price": "1"},
    {"stop": None},
    {"max_floor": "0.1"},
    {"funds": "1"},
    {"cancel_after": None},
    {"product_id": "VCS-1686-2017-CC"},
    {"product_id": None},
    {"unheard": "of"},
]


@pytest.fixture(autouse=True)
def kept_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine keeps up with the market, and nobody looks."""
    monkeypatch.setattr(backlog, "_seen", {PRODUCT.pk: (time.monotonic() + 600, 0.0)})


def read(asked: dict[str, Any]) -> Command | None:
    return plain_reader(OWNER, USER, PRODUCT, NAME)(asked)


def prepared(asked: dict[str, Any]) -> Command | None:
    try:
        terms = order_asked(checked(PlaceInput, asked), lambda name: PRODUCT)
        return order_prepare(owner=OWNER, user=USER, **terms)
    except (ValidationError, ServiceError):
        return None


def said(command: Command | None) -> Any:
    assert command is not None
    kept = {name: value for name, value in vars(command).items() if name != "_state"}
    return kept, command._state.adding, command.product


@pytest.mark.parametrize("more", PLAIN)
def test_a_plain_order_is_the_command_that_would_have_been_prepared(more: dict[str, Any]) -> None:
    asked = ORDER | more
    assert said(read(asked)) == said(prepared(asked))


@pytest.mark.parametrize("more", OTHERS)
def test_what_is_not_plain_is_left_to_others(more: dict[str, Any]) -> None:
    assert read(ORDER | more) is None
    for name in ("side", "price", "size", "product_id"):
        assert read({key: value for key, value in ORDER.items() if key != name}) is None


def test_no_plain_order_is_refused_by_others() -> None:
    """Of each of its fields, with each of the values above, beside each other plain order."""
    found = 0
    for more in PLAIN:
        for other in (*PLAIN, *OTHERS):
            asked = ORDER | more | other
            if (command := read(asked)) is not None:
                assert said(command) == said(prepared(asked))
                found += 1
    assert found > len(PLAIN) ** 2 // 2


@pytest.mark.parametrize("more", PLAIN)
def test_its_order_is_told_as_any_other(more: dict[str, Any]) -> None:
    command = read(ORDER | more)
    assert command is not None
    command.id = id_make(PRODUCT.pk, 123_456)
    command.created_at = datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC) + timedelta(hours=1)
    for order, rest in ((order_pending(command), False), (order_resting(command), True)):
        order.product = PRODUCT
        usual = JSONRenderer().render(orders_body([order])[0]).decode()
        assert plain_texts([command], OWNER, PRODUCT, rest=rest) == [usual]
