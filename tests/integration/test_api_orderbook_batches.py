"""Many places and cancels in one request over REST."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from apps.accounts.acting import VIEW
from apps.accounts.models import User
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Command, Product
from apps.orderbook.models.enums import CommandKind, OrderType, Side
from apps.orderbook.services.batches import Place, batch_accept
from tests.support.api import Bot, bot_of
from tests.support.factories import owner_make, user_make
from tests.support.markets import TONNE, UNIT, limit_place, order_rest, product_make

pytestmark = pytest.mark.django_db

NAME = "VCS_1686_2017-CC"
ORDER = {"product_id": NAME, "side": "buy", "price": "1.5", "size": "2"}


@pytest.fixture
def product() -> Product:
    return product_make("VCS-1686-2017", "CC")


@pytest.fixture
def user(product: Product) -> User:
    return user_make()


@pytest.fixture
def bot(user: User) -> Bot:
    return bot_of(user)


def results(bot: Bot, *requests: Any) -> list[dict[str, Any]]:
    response = bot.post("/orders/batch", {"requests": list(requests)}, HTTP_PREFER="wait=0")
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_places_and_cancels_are_accepted_in_their_order(
    bot: Bot, product: Product, user: User
) -> None:
    resting = order_rest(product, user.owner)
    mine = limit_place(product, user.owner, client_oid="before")
    came = results(
        bot,
        {"cancel": {"id": str(order_uuid(resting.pk))}},
        {"place": ORDER | {"client_oid": "a"}},
        {"cancel": {"client_oid": "before"}},
        {"cancel": {"client_oid": "a"}},
    )
    commands = list(Command.objects.order_by("pk"))[2:]
    kinds = [command.kind for command in commands]
    assert kinds == [
        CommandKind.CANCEL, CommandKind.PLACE, CommandKind.CANCEL, CommandKind.CANCEL
    ]  # fmt: skip
    assert [command.target for command in commands] == [
        resting.pk, None, mine.pk, commands[1].pk
    ]  # fmt: skip
    assert [one["order"]["id"] for one in came] == [
        str(order_uuid(pk)) for pk in (resting.pk, commands[1].pk, mine.pk, commands[1].pk)
    ]


def test_one_that_is_refused_stops_no_other(bot: Bot) -> None:
    came = results(
        bot,
        {"place": ORDER | {"price": "1.001"}},
        {"place": ORDER | {"side": "both"}},
        {"place": ORDER | {"product_id": "NO-SUCH"}},
        {"cancel": {"client_oid": "nobody's"}},
        {"cancel": {"id": "x"}},
        {"cancel": {}},
        {"place": ORDER, "cancel": {"client_oid": "a"}},
        {},
        {"place": ORDER},
    )
    codes = [one.get("error", {}).get("code") for one in came]
    assert codes == [
        "price_too_precise", "invalid_request", "product_not_found", "order_not_found",
        "invalid_order_id", "invalid_request", "invalid_request", "invalid_request", None,
    ]  # fmt: skip
    assert [one.get("error", {}).get("field") for one in came[:2]] == ["price", "side"]
    assert Command.objects.count() == 1


def test_a_batch_that_is_sent_again_places_nothing_twice(bot: Bot) -> None:
    batch = [{"place": ORDER | {"client_oid": f"n-{number}"}} for number in range(100)]
    first, again = results(bot, *batch), results(bot, *batch)
    assert [one["order"]["id"] for one in first] == [one["order"]["id"] for one in again]
    assert Command.objects.count() == 100


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": {"place": ORDER}},
        {"requests": ["x"]},
        {"requests": [{"place": ORDER}] * 101},
    ],
)
def test_what_is_no_batch_is_refused_whole(bot: Bot, body: Any) -> None:
    assert bot.post("/orders/batch", body).status_code == 400
    assert not Command.objects.exists()


def test_a_batch_under_an_idempotency_key_is_done_once(
    bot: Bot, product: Product, user: User
) -> None:
    limit_place(product, user.owner, client_oid="before")
    asked = [{"place": ORDER}, {"cancel": {"client_oid": "before"}}, {"cancel": {}}]
    headers = {"Idempotency-Key": "mine"}
    first, again = (bot.post("/orders/batch", {"requests": asked}, **headers) for _ in range(2))
    assert first.json() == again.json()
    assert ["order" in one for one in first.json()["results"]] == [True, True, False]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Command.objects.count() == 3
    other = bot.post("/orders/batch", {"requests": asked[:1]}, **headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_switch_under_an_idempotency_key_is_set_once(bot: Bot, product: Product) -> None:
    headers = {"Idempotency-Key": "mine"}
    body = {"timeout_s": 30, "product_id": NAME}
    answers = [bot.post("/orders/cancel_all_after", body, **headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert ["Idempotent-Replayed" in answer for answer in answers] == [False, True]
    assert Command.objects.count() == 1


def test_a_key_that_may_only_look_may_not(user: User, product: Product) -> None:
    looking = bot_of(user, scopes=[VIEW])
    assert looking.post("/orders/batch", {"requests": [{"place": ORDER}]}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_two_batches_that_share_ids_in_another_order_both_get_through() -> None:
    product, owner = product_make(), owner_make()
    failures: list[BaseException] = []

    def place(oids: list[str]) -> None:
        terms = {
            "product": product, "side": Side.BUY, "order_type": OrderType.LIMIT,
            "price": UNIT, "size": TONNE,
        }  # fmt: skip
        try:
            places = [Place({**terms, "client_oid": oid}) for oid in oids]
            batch_accept(owner=owner, user=None, requests=places)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    oids = [f"shared-{number}" for number in range(60)]
    threads = [threading.Thread(target=place, args=[order]) for order in (oids, oids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Command.objects.count() == 60


def test_the_first_answer_stands_within_a_batch_and_before_it(bot: Bot, product: Product) -> None:
    [before] = results(bot, {"place": ORDER | {"client_oid": "before"}})
    again, new, twice, refused, after = results(
        bot,
        {"place": ORDER | {"client_oid": "before", "price": "2"}},
        {"place": ORDER | {"client_oid": "new"}},
        {"place": ORDER | {"client_oid": "new", "size": "5"}},
        {"place": ORDER | {"client_oid": "new", "price": "1.0001"}},
        {"place": ORDER | {"client_oid": "after"}},
    )
    assert again == before
    assert new == twice == refused
    assert [one["order"]["client_oid"] for one in (new, after)] == ["new", "after"]
    assert Command.objects.count() == 3


@pytest.mark.parametrize(("orders", "tokens"), [(1, 1), (20, 1), (21, 2), (100, 5)])
def test_a_batch_takes_a_token_for_each_twenty(
    bot: Bot, product: Product, orders: int, tokens: int
) -> None:
    response = bot.post("/orders/batch", {"requests": [{"cancel": {}}] * orders})
    limit, left = (int(response[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining"))
    assert limit - left == tokens
