"""Back-pressure: an engine that does not keep up stops the intake of its own market."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.orderbook.models import Command, Product
from apps.orderbook.models.enums import CommandKind
from apps.orderbook.services import backlog
from apps.orderbook.services.backlog import MarketBehind, backlog_forget
from apps.orderbook.services.commands import order_amend, order_cancel
from tests.support.api import Bot, bot_of
from tests.support.factories import user_make
from tests.support.markets import UNIT, limit_place, order_rest, order_write, product_make

pytestmark = pytest.mark.django_db

NAME = "VCS_1686_2017-CC"
ORDER = {"product_id": NAME, "side": "buy", "price": "1.5", "size": "2"}


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(backlog, "LOOK_EVERY_S", 0)
    yield
    backlog_forget()


@pytest.fixture
def product() -> Product:
    return product_make("VCS-1686-2017", "CC")


@pytest.fixture
def user(product: Product) -> User:
    return user_make()


@pytest.fixture
def bot(user: User) -> Bot:
    return bot_of(user)


@pytest.fixture
def impatient(settings: Any) -> None:
    """Whatever waits has waited for too long."""
    settings.JOURNAL_BEHIND_S_MAX = 0


def test_a_market_that_keeps_up_takes_orders(product: Product, impatient: None) -> None:
    order_rest(product)
    limit_place(product)


def test_one_that_is_behind_takes_none_and_others_do(product: Product, impatient: None) -> None:
    waiting = limit_place(product)
    with pytest.raises(MarketBehind):
        limit_place(product)
    limit_place(product_make())
    order_write(waiting)
    limit_place(product)


def test_a_few_seconds_are_no_reason(product: Product) -> None:
    for _ in range(3):
        limit_place(product)


def test_behind_it_takes_cancels_but_no_changes(
    product: Product, user: User, impatient: None
) -> None:
    order = order_rest(product, user.owner)
    limit_place(product)
    with pytest.raises(MarketBehind):
        order_amend(owner=user.owner, user=user, order_id=order.pk, price=2 * UNIT)
    cancel = order_cancel(owner=user.owner, user=user, order_id=order.pk)
    assert cancel.kind == CommandKind.CANCEL


def test_a_repeated_order_gets_its_first_answer(
    product: Product, user: User, impatient: None
) -> None:
    first = limit_place(product, user.owner, client_oid="mine")
    assert limit_place(product, user.owner, client_oid="mine") == first


def test_the_api_says_when_to_come_again(bot: Bot, product: Product, impatient: None) -> None:
    limit_place(product)
    response = bot.post("/orders", ORDER)
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response.json()["code"] == "market_behind"
    batch = bot.post("/orders/batch", {"requests": [{"place": ORDER}]}).json()
    assert batch["results"][0]["error"]["code"] == "market_behind"
    assert Command.objects.count() == 1


def test_it_is_looked_up_now_and_then_and_not_for_each_order(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "LOOK_EVERY_S", 60)
    limit_place(product)
    with CaptureQueriesContext(connection) as queries:
        limit_place(product)
    assert not [query for query in queries if "clock_timestamp" in query["sql"]]
