"""Orders that go past the middleware: let in, answered, counted and refused like any others."""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import Any

import pytest
import requests
from django.db import OperationalError
from prometheus_client import REGISTRY

from apps.accounts.models import ApiKey
from apps.accounts.services.api_keys import api_key_limit
from apps.orderbook.api.batches import BatchView
from apps.orderbook.api.orders import OrdersView
from apps.orderbook.models import Command, Product
from tests.integration.test_orders_carried import NAME, ORDER, Caller, caller, product
from tests.support.api import signature
from tests.support.live import PLENTY_S, engine, live
from tests.support.redis_away import redis_away

__all__ = ["caller", "engine", "live", "product", "redis_away"]

pytestmark = pytest.mark.usefixtures("transactional_db")

BATCH = {
    "requests": [
        {"place": ORDER},
        {"place": ORDER | {"side": "sell", "price": "9", "client_oid": "mine", "post_only": True}},
        {"place": ORDER | {"time_in_force": "IOC", "stp": "cb"}},
    ]
}
# A view has to look into it, and gives what it gives without.
LONG_WAY = {"Accept": "application/json;q=0.9"}


@pytest.fixture
def viewed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What came to the view."""
    came: list[str] = []
    views: tuple[Any, ...] = (BatchView, OrdersView)
    for view in views:

        def post(self: Any, request: Any, usual: Any = view.post) -> Any:
            came.append(request.path)
            return usual(self, request)

        monkeypatch.setattr(view, "post", post)
    return came


def send(
    caller: Caller, body: Any = BATCH, *, path: str = "/orders/batch", **headers: str
) -> requests.Response:
    text = json.dumps(body)
    signed = signature(caller.key, "POST", path, text)
    return again(caller, text, {**signed, "Content-Type": "application/json", **headers}, path)


def again(
    caller: Caller, text: str, headers: dict[str, str], path: str = "/orders/batch"
) -> requests.Response:
    url = f"{caller.url}/api/v1{path}"
    return requests.post(url, text, headers={"Prefer": "wait=0", **headers}, timeout=PLENTY_S)


def told(answer: requests.Response) -> Any:
    """What is the same for any two batches like these."""
    orders = [one["order"] for one in answer.json()["results"]]
    return [{**order, "id": len(order["id"]), "created_at": 27} for order in orders]


def counted() -> Counter[tuple[str, ...]]:
    """What is counted of requests, without how long they took and how large they were."""
    return Counter(
        {
            (sample.name, *map(str, sorted(sample.labels.items()))): int(sample.value)
            for metric in REGISTRY.collect()
            if metric.name.startswith("django_http")
            for sample in metric.samples
            if not sample.name.endswith(("_bucket", "_sum", "_created"))
        }
    )


def test_a_plain_batch_is_answered_and_counted_as_by_the_view(
    caller: Caller, viewed: list[str]
) -> None:
    send(caller)
    before = counted()
    short = send(caller)
    between = counted()
    assert viewed == []
    long = send(caller, **LONG_WAY)
    assert len(viewed) == 1
    assert short.status_code == long.status_code == 200
    assert counted() - between == between - before
    assert (between - before).total() > 10
    # The second batch names the order that the first placed as "mine".
    assert short.json()["results"][1] == long.json()["results"][1]
    assert told(short) == told(long)
    assert {order["product_id"] for order in told(short)} == {NAME}
    differ = {"date", "ratelimit", "x-ratelimit-remaining"}
    headers = [
        {name.lower(): value for name, value in answer.headers.items()} for answer in (short, long)
    ]
    assert headers[0].keys() == headers[1].keys() >= differ
    assert all(headers[0][name] == headers[1][name] for name in headers[0].keys() - differ)


def test_a_batch_that_waits_hears_what_came_of_it(
    caller: Caller, engine: None, viewed: list[str]
) -> None:
    for body in ({"requests": [{"place": ORDER}] * 2}, BATCH):
        answer = send(caller, body, Prefer="wait=20")
        orders = [one["order"] for one in answer.json()["results"]]
        assert "pending" not in {order["status"] for order in orders}
        assert orders == [caller.found(order) for order in orders]
        assert answer.headers["Preference-Applied"] == "wait=20"
    assert viewed == []


def test_an_order_alone_is_answered_as_by_the_view(
    caller: Caller, engine: None, viewed: list[str]
) -> None:
    asked: list[dict[str, Any]] = [
        {},
        {"client_oid": "mine", "post_only": True},
        {"client_oid": "mine", "price": "2"},
        {"time_in_force": "IOC"},
        {"price": "999999"},
    ]
    for more in asked:
        short = send(caller, ORDER | more, path="/orders", Prefer="wait=20")
        assert viewed == []
        long = send(caller, ORDER | more, path="/orders", Prefer="wait=20", **LONG_WAY)
        assert viewed.pop() == "/api/v1/orders"
        assert short.status_code == long.status_code
        assert short.headers.keys() == long.headers.keys()
        own = {"id", "created_at", "done_at"}
        bodies = [answer.json() for answer in (short, long)]
        assert bodies[0].keys() == bodies[1].keys()
        assert all(bodies[0][name] == bodies[1][name] for name in bodies[0].keys() - own)
        if short.status_code == 200:
            assert bodies[0] == caller.found(bodies[0])
    assert send(caller, ORDER | {"price": "999999"}, path="/orders", Prefer="wait=20").json() == {
        "message": "Insufficient funds",
        "code": "insufficient_funds",
        "detail": "The available balance does not cover this order. Add funds or ask for less.",
    }


def test_a_language_and_a_wait_are_told_alike(caller: Caller) -> None:
    asked = {"Accept-Language": "zh-Hans", "Prefer": "wait=0"}
    answers = [send(caller, **asked), send(caller, **asked, **LONG_WAY)]
    assert [answer.headers["Content-Language"] for answer in answers] == ["zh-hans"] * 2
    assert [answer.headers["Preference-Applied"] for answer in answers] == ["wait=0"] * 2


def test_a_batch_with_an_order_that_is_not_plain_is_the_views(
    caller: Caller, viewed: list[str]
) -> None:
    requests_ = [*BATCH["requests"], {"place": ORDER | {"price": "-1"}}]
    answer = send(caller, {"requests": requests_})
    assert ["order" in one for one in answer.json()["results"]] == [True, True, True, False]
    assert len(viewed) == 1
    assert Command.objects.count() == 3
    # Charged once, though it went two ways.
    limit, left = (int(answer.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining"))
    assert left == limit - 1


def test_a_signature_is_good_for_one_batch(caller: Caller) -> None:
    text = json.dumps(BATCH)
    headers = signature(caller.key, "POST", "/orders/batch", text)
    headers["Content-Type"] = "application/json"
    answers = [again(caller, text, headers) for _ in range(2)]
    answers.append(again(caller, text, headers | LONG_WAY))
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert answers[1].json() == answers[2].json()
    assert answers[1].headers["RateLimit"].startswith('"address"')
    assert Command.objects.count() == 3


def test_without_redis_it_is_good_for_one_batch_too(caller: Caller, redis_away: None) -> None:
    text = json.dumps(BATCH)
    headers = signature(caller.key, "POST", "/orders/batch", text)
    headers["Content-Type"] = "application/json"
    answers = [again(caller, text, headers).status_code for _ in range(2)]
    assert answers == [200, 401]
    assert Command.objects.count() == 3


def test_a_bucket_that_is_empty_refuses_alike(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A minute each, so that no bucket fills meanwhile.
    monkeypatch.setattr("apps.accounts.limits.buckets.SECOND_US", 60_000_000)
    api_key_limit(api_key=caller.key.api_key, per_s=1, burst=3)
    answers = [send(caller), send(caller, **LONG_WAY), send(caller)]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0"]
    refused = [send(caller), send(caller, **LONG_WAY)]
    assert [answer.status_code for answer in refused] == [429, 429]
    assert refused[0].json() == refused[1].json()
    assert refused[0].headers.keys() == refused[1].headers.keys() >= {"Retry-After"}
    assert Command.objects.count() == 7


def test_a_key_that_may_not_is_refused_at_once(caller: Caller) -> None:
    changes: list[tuple[dict[str, Any], int, str]] = [
        ({"scopes": ["view"]}, 403, "scope_missing"),
        ({"allowed_networks": ["192.0.2.0/24"]}, 401, "address_not_allowed"),
        ({"expires_at": "2020-01-01T00:00Z"}, 401, "invalid_api_key"),
        ({"passphrase_digest": "another"}, 401, "invalid_passphrase"),
        ({"revoked_at": "2020-01-01T00:00Z"}, 401, "invalid_api_key"),
    ]
    key = ApiKey.objects.filter(pk=caller.key.api_key.pk)
    usual = key.values("scopes", "allowed_networks", "expires_at", "passphrase_digest").get()
    for change, status, code in changes:
        key.update(**usual)
        assert send(caller).status_code == 200
        key.update(**change)
        answers = [send(caller), send(caller, **LONG_WAY)]
        assert [answer.status_code for answer in answers] == [status, status]
        assert [answer.json()["code"] for answer in answers] == [code, code]
        assert answers[0].headers.keys() == answers[1].headers.keys()
    # Once as "mine", for all of them.
    assert Command.objects.count() == 2 * len(changes) + 1


def test_a_market_that_was_halted_a_moment_ago_takes_nothing(
    caller: Caller, product: Product
) -> None:
    assert send(caller).status_code == 200
    Product.objects.filter(pk=product.pk).update(state=Product.State.HALTED)
    results = send(caller, {"requests": [{"place": ORDER}]}).json()["results"]
    assert [one["error"]["code"] for one in results] == ["market_halted"]
    assert Command.objects.count() == 3


def test_whoever_wants_a_line_of_each_request_gets_it(
    caller: Caller, viewed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "django_structlog.middlewares.request"):
        assert send(caller).status_code == 200
    assert len(viewed) == 1
    assert "request_finished" in caplog.text


def test_a_host_that_is_not_ours_is_refused_alike(caller: Caller) -> None:
    answers = [send(caller, Host="elsewhere.test"), send(caller, Host="elsewhere.test", **LONG_WAY)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert not Command.objects.exists()


def test_what_fails_before_it_is_written_goes_the_usual_way(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, viewed: list[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("a connection is gone")

    monkeypatch.setattr("apps.orderbook.api.plain_requests.admitted", fail)
    assert send(caller).status_code == 200
    assert len(viewed) == 1
    monkeypatch.setattr("apps.accounts.api.authentication.key_find", fail)
    assert send(caller).status_code == 503
    assert Command.objects.count() == 3


def test_what_fails_while_it_is_written_is_not_written_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, viewed: list[str]
) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr("apps.orderbook.api.plain_requests.verdict_wait", fail)
    answer = send(caller)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["Content-Type"] == "application/json"
    assert viewed == []
    assert Command.objects.count() == 3
