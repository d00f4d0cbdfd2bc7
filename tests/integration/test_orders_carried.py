"""Orders over HTTP as the web process carries them: the answers are those that a thread gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
import requests
from django.conf import settings
from django.db import connection

from apps.accounts.models import User
from apps.orderbook.api.order_io import orders_body
from apps.orderbook.engine.announcer import VERDICTS
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Command, Order, Product
from apps.orderbook.selectors.orders import order_resting
from tests.support.api import signature
from tests.support.factories import api_key_make, fund, user_make
from tests.support.live import PLENTY_S, Live, engine, live
from tests.support.markets import TONNE, UNIT, product_make
from tests.support.redis_away import redis_away

__all__ = ["engine", "live", "redis_away"]

pytestmark = pytest.mark.usefixtures("engine")

NAME = "VCS_1686_2017-CC"
ORDER = {"product_id": NAME, "side": "buy", "price": "1.5", "size": "2"}


@pytest.fixture
def product(live: Live) -> Product:
    return product_make("VCS-1686-2017", "CC", maker_bps=10, taker_bps=20)


class Caller:
    """Calls the site's port with a key, and waits for the engine."""

    def __init__(self, live: Live, product: Product) -> None:
        self.user: User = user_make()
        fund(self.user.owner, product.quote, 1_000 * UNIT)
        fund(self.user.owner, product.base, 100 * TONNE)
        self.key = api_key_make(self.user)
        self.url = live.url

    def call(self, method: str, path: str, body: Any = None, wait: int = 20) -> Any:
        text = "" if body is None else json.dumps(body)
        headers = {
            **signature(self.key, method, path, text),
            "Content-Type": "application/json",
            "Prefer": f"wait={wait}",
        }
        url = f"{self.url}/api/v1{path}"
        return requests.request(method, url, data=text, headers=headers, timeout=PLENTY_S)

    def place(self, **more: Any) -> dict[str, Any]:
        answer = self.call("POST", "/orders", ORDER | more)
        assert answer.status_code == 200, answer.text
        placed: dict[str, Any] = answer.json()
        return placed

    def found(self, placed: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.call("GET", f"/orders/{placed['id']}").json()
        return answer


@pytest.fixture
def caller(live: Live, product: Product) -> Caller:
    return Caller(live, product)


def test_what_an_order_is_answered_with_is_what_is_found_of_it(
    caller: Caller, live: Live, product: Product
) -> None:
    resting = [
        {},
        {"client_oid": "mine", "post_only": True, "stp": "co"},
        {"max_floor": "0.5"},
        {"cancel_after": "hour", "time_in_force": "GTT"},
        {"side": "sell", "price": "9"},
    ]
    placed = [caller.place(**more) for more in resting]
    assert {order["status"] for order in placed} == {"open"}
    # Whether its row was read or not.
    commands = Command.objects.order_by("pk")
    assert placed == orders_body([order_resting(command) for command in commands])
    placed.append(caller.place(side="sell", price="8", stop="loss", stop_price="1"))
    assert placed[-1]["status"] == "active"
    assert placed == [caller.found(order) for order in placed]
    taker = Caller(live, product)
    taken = taker.place(side="sell", price="1.5", size="3")
    assert taken["filled_size"] == "3"
    assert taken == taker.found(taken)


def test_the_engine_says_which_orders_rest_as_they_were_placed(
    caller: Caller, live: Live, product: Product
) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as heard:
        heard.subscribe(VERDICTS)
        rests = [caller.place(), caller.place(max_floor="0.5")]
        Caller(live, product).place(side="sell", price="1.5", size="3")
        caller.place(side="sell", price="8", stop="loss", stop_price="1")
        Caller(live, product).place(side="sell", price="1.5", size="3")
        decided: list[int] = []
        resting: list[int] = []
        while len(decided) < Command.objects.count():
            message = heard.get_message(timeout=PLENTY_S)
            assert message is not None
            if message["type"] == "message":
                said = json.loads(message["data"])
                decided, resting = decided + said["commands"], resting + said["resting"]
    assert [str(order_uuid(pk)) for pk in resting] == [order["id"] for order in rests]


def test_a_client_order_id_that_was_used_names_its_first_order(caller: Caller) -> None:
    first = caller.place(client_oid="mine")
    assert caller.place(client_oid="mine", price="2") == first
    body = {"requests": [{"place": ORDER | {"client_oid": oid}} for oid in ("mine", "other")]}
    came = [caller.call("POST", "/orders/batch", body, wait=wait).json() for wait in (0, 20)]
    assert [one["results"][0]["order"] for one in came] == [first, first]
    assert came[1]["results"][1]["order"]["status"] == "open"
    assert Command.objects.count() == Order.objects.count() == 2


def test_a_batch_that_cancels_is_carried_on_in_a_thread(caller: Caller) -> None:
    placed = caller.place()
    body = {"requests": [{"cancel": {"id": placed["id"]}}, {"place": ORDER}]}
    canceled, fresh = caller.call("POST", "/orders/batch", body).json()["results"]
    assert canceled["order"]["done_reason"] == "canceled"
    assert fresh["order"]["status"] == "open"
    assert Order.objects.count() == 2


def test_orders_are_placed_without_redis_and_once(caller: Caller, redis_away: None) -> None:
    text = json.dumps(ORDER)
    headers = {**signature(caller.key, "POST", "/orders", text), "Prefer": "wait=20"}
    headers["Content-Type"] = "application/json"
    answers = [
        requests.post(f"{caller.url}/api/v1/orders", text, headers=headers, timeout=PLENTY_S)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json()["message"] == "request was sent before"
    assert Order.objects.count() == 1


def test_a_connection_that_ended_is_made_anew(caller: Caller) -> None:
    caller.place()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    # Each thread may find its own connection gone, once.
    answers = [caller.call("POST", "/orders", ORDER, wait=0).status_code for _ in range(24)]
    assert set(answers) <= {200, 503}
    assert answers[-1] == 200


@pytest.mark.parametrize("path", ["/orders", "/orders/batch"])
def test_what_is_refused_is_refused_alike(caller: Caller, path: str) -> None:
    answer = caller.call("POST", path, {"requests": [], "product_id": "NO-SUCH"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert answer.headers["RateLimit"].startswith('"key"')
    caller.key.api_key.key = "nobody"
    stranger = caller.call("POST", path, {})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "invalid_api_key")
    assert not Command.objects.exists()
