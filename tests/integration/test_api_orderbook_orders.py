"""Orders over REST: placing, finding, cancelling; who may; and what is answered when."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts.acting import VIEW
from apps.accounts.models import User
from apps.orderbook.ids import order_uuid, profile_uuid
from apps.orderbook.models import Command, Order, Product, Switch
from apps.orderbook.models.enums import (
    CommandKind,
    DoneReason,
    OrderStatus,
    SelfTrade,
    Side,
    TimeInForce,
)
from apps.orderbook.services import backlog, verdicts
from tests.support.api import Bot, bot_of
from tests.support.factories import client_of, organisation_make, user_make
from tests.support.markets import (
    TONNE,
    UNIT,
    event_write,
    limit_place,
    order_refuse,
    order_rest,
    order_write,
    product_make,
    state_write,
)

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


def answered(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.content
    return response.json()


class TestPlacing:
    def test_an_accepted_order_is_pending_until_the_engine_comes(
        self, bot: Bot, user: User
    ) -> None:
        body = answered(bot.post("/orders", ORDER | {"client_oid": "mine-1"}))
        command = Command.objects.get()
        created_at = command.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert body == {
            "id": str(order_uuid(command.pk)),
            "client_oid": "mine-1",
            "product_id": NAME,
            "profile_id": str(profile_uuid(user.owner.pk)),
            "side": "buy",
            "type": "limit",
            "price": "1.5",
            "size": "2",
            "time_in_force": "GTC",
            "post_only": False,
            "stp": "dc",
            "created_at": created_at,
            "fill_fees": "0",
            "filled_size": "0",
            "executed_value": "0",
            "market_type": "spot",
            "status": "pending",
            "settled": False,
        }
        assert (command.owner, command.user) == (user.owner, user)

    def test_every_word_of_the_dialect_is_understood(self, bot: Bot) -> None:
        words = {"side": "sell", "time_in_force": "FOK", "stp": "cb", "type": "limit"}
        answered(bot.post("/orders", ORDER | words | {"post_only": False}))
        command = Command.objects.get()
        assert (command.side, command.time_in_force) == (Side.SELL, TimeInForce.FOK)
        assert command.self_trade == SelfTrade.CB

    def test_a_stop_order_that_ends_at_a_time(self, bot: Bot) -> None:
        asked = {"stop_price": "1.6", "time_in_force": "GTT", "cancel_after": "hour"}
        body = answered(bot.post("/orders", ORDER | asked))
        command = Command.objects.get()
        assert command.expires_at is not None
        assert timedelta(minutes=59) < command.expires_at - command.created_at < timedelta(hours=1)
        assert (body["stop"], body["stop_price"], body["time_in_force"]) == ("entry", "1.6", "GTT")
        assert body["expire_time"] == command.expires_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        order_write(command, parked=True)
        assert answered(bot.get(f"/orders/{body['id']}"))["status"] == "active"
        assert [order["id"] for order in answered(bot.get("/orders"))] == [body["id"]]
        over = {"status": OrderStatus.DONE, "done_reason": DoneReason.CANCELED, "hold": 0}
        Order.objects.update(**over, done_at=timezone.now())
        assert answered(bot.get(f"/orders/{body['id']}"))["status"] == "done"

    def test_an_iceberg_and_a_bounded_market_order(self, bot: Bot) -> None:
        iceberg = answered(bot.post("/orders", ORDER | {"max_floor": "0.5"}))
        assert iceberg["max_floor"] == "0.5"
        market = {"product_id": NAME, "side": "buy", "type": "market", "funds": "5"}
        bounded = answered(bot.post("/orders", market | {"max_slippage_bps": 100}))
        assert bounded["max_slippage_bps"] == 100
        commands = Command.objects.order_by("pk").values_list("display_size", "slippage_bps")
        assert list(commands) == [(TONNE // 2, None), (None, 100)]

    def test_a_sell_with_a_stop_price_stops_a_loss_unless_it_says_otherwise(self, bot: Bot) -> None:
        sell = ORDER | {"side": "sell", "stop_price": "1"}
        assert answered(bot.post("/orders", sell))["stop"] == "loss"
        assert answered(bot.post("/orders", sell | {"stop": "entry"}))["stop"] == "entry"

    def test_a_market_order_may_carry_the_time_in_force_that_clients_always_send(
        self, bot: Bot
    ) -> None:
        market = {"product_id": NAME, "side": "buy", "type": "market", "time_in_force": "GTC"}
        by_funds = answered(bot.post("/orders", market | {"funds": "12.5"}))
        by_size = answered(bot.post("/orders", market | {"size": "0.5"}))
        assert (by_funds["funds"], by_size["size"], by_size["type"]) == ("12.5", "0.5", "market")
        assert "price" not in by_size
        assert "size" not in by_funds

    @pytest.mark.parametrize("name", ["VCS_1686_2017/CC", "VCS-1686-2017-CC"])
    def test_the_market_may_be_named_in_any_spelling(self, bot: Bot, name: str) -> None:
        assert answered(bot.post("/orders", ORDER | {"product_id": name}))["product_id"] == NAME

    @pytest.mark.parametrize("size", ["2", "2.0", "2.00000000", 2])
    def test_a_size_may_be_written_with_zeros_or_as_a_number(self, bot: Bot, size: Any) -> None:
        assert answered(bot.post("/orders", ORDER | {"size": size}))["size"] == "2"

    @pytest.mark.parametrize("number", ["1.1", "0.1", "2.675"])
    def test_a_json_number_is_taken_by_its_digits(self, bot: Bot, number: str) -> None:
        body = json.dumps(ORDER).replace('"size": "2"', f'"size": {number}')
        assert answered(bot.call("POST", "/orders", body))["size"] == number

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"side": None}, "side"),
            ({"side": "BUY"}, "side"),
            ({"side": ["buy"]}, "side"),
            ({"type": "stop"}, "type"),
            ({"time_in_force": "GTX"}, "time_in_force"),
            ({"time_in_force": "GTT"}, "cancel_after"),
            ({"time_in_force": "GTT", "cancel_after": "year"}, "cancel_after"),
            ({"time_in_force": "GTT", "cancel_after": "2020-01-01T00:00:00Z"}, "cancel_after"),
            ({"time_in_force": "GTT", "cancel_after": "2999-01-01T00:00:00Z"}, "cancel_after"),
            ({"time_in_force": "GTT", "cancel_after": {"min": 1}}, "cancel_after"),
            ({"stp": "xx"}, "stp"),
            ({"post_only": "perhaps"}, "post_only"),
            ({"price": "NaN"}, "price"),
            ({"price": "1e3"}, "price"),
            ({"price": "-1"}, "price"),
            ({"price": "1" * 400}, "price"),
            ({"price": True}, "price"),
            ({"price": {"a": 1}}, "price"),
            ({"price": "１"}, "price"),
            ({"size": "1\u0000"}, "size"),
            ({"size": "9" * 19}, "size"),
            ({"size": "0.0000001"}, "size"),
            ({"client_oid": "x" * 101}, "client_oid"),
            ({"client_oid": "\ud800"}, "client_oid"),
            ({"client_oid": "a b"}, "client_oid"),
            ({"client_oid": "'; DROP TABLE"}, "client_oid"),
            ({"client_oid": {"a": 1}}, "client_oid"),
            ({"product_id": ["x"]}, "product_id"),
            ({"stop": "loss"}, "stop"),
            ({"stop": "never", "stop_price": "1"}, "stop"),
            ({"stop_price": "1.001"}, "stop_price"),
            ({"stop_price": "0"}, "stop_price"),
            ({"stop_price": "9" * 19}, "stop_price"),
            ({"stop_price": "1", "post_only": True}, "post_only"),
            ({"stop_price": "1", "type": "market", "price": None}, "size"),
            ({"time_in_force": "GTC", "cancel_after": "min"}, "cancel_after"),
            ({"max_floor": "0.1"}, "max_floor"),
            ({"max_floor": "1.0001"}, "max_floor"),
            ({"max_floor": "1", "time_in_force": "IOC"}, "max_floor"),
            ({"max_floor": "1", "type": "market", "price": None}, "max_floor"),
            ({"max_slippage_bps": 5}, "max_slippage_bps"),
            ({"max_slippage_bps": 10_000, "type": "market", "price": None}, "max_slippage_bps"),
            ({"stop_limit_price": "1"}, "stop_limit_price"),
        ],
    )
    def test_nonsense_is_refused_with_the_field_it_is_about(
        self, bot: Bot, change: dict[str, Any], field: str
    ) -> None:
        refusal = answered(bot.post("/orders", ORDER | change), 400)
        assert refusal["field"] == field
        assert refusal["message"]
        assert not Command.objects.exists()

    @pytest.mark.parametrize(
        "body", ["", "[]", "null", '"x"', "{", '{"a":NaN}', '{"price":1e999}', "[" * 100_000]
    )
    def test_a_body_that_is_no_order_is_refused(self, bot: Bot, body: str) -> None:
        assert bot.call("POST", "/orders", body).status_code == 400
        assert not Command.objects.exists()

    def test_a_market_that_there_is_not(self, bot: Bot) -> None:
        refusal = answered(bot.post("/orders", ORDER | {"product_id": "A-B"}), 404)
        assert refusal == {"message": "Product not found", "code": "product_not_found"}

    def test_refusals_are_in_english_whatever_the_client_reads(self, bot: Bot) -> None:
        chinese = {"Accept-Language": "zh-hans"}
        refusal = answered(bot.post("/orders", ORDER | {"price": "0"}, **chinese), 400)
        assert "price too small" in refusal["message"]


class TestVerdicts:
    @pytest.fixture
    def decide(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """An engine that has decided by the time anybody asks."""

        def install(act: Any) -> None:
            def waited(*, command_ids: list[int], timeout_s: float) -> bool:
                self.timeout_s = timeout_s
                for command in Command.objects.filter(pk__in=command_ids):
                    act(command)
                return bool(timeout_s)

            monkeypatch.setattr("apps.orderbook.api.orders.verdict_wait", waited)

        return install

    def test_what_rests_is_open(self, bot: Bot, decide: Any) -> None:
        decide(order_write)
        body = answered(bot.post("/orders", ORDER, Prefer="wait=5"))
        assert (body["status"], body["settled"]) == ("open", False)

    def test_what_is_filled_is_done(self, bot: Bot, decide: Any) -> None:
        filled = {
            "status": OrderStatus.DONE,
            "done_reason": DoneReason.FILLED,
            "filled_size": 2 * TONNE,
            "filled_notional": 3 * UNIT,
            "fees": 30,
            "done_at": timezone.now(),
        }
        decide(lambda command: order_write(command, **filled))
        body = answered(bot.post("/orders", ORDER, Prefer="wait=5"))
        assert (body["status"], body["done_reason"], body["settled"]) == ("done", "filled", True)
        assert (body["filled_size"], body["executed_value"]) == ("2", "3")
        assert body["fill_fees"] == "0.00003"
        assert "reject_reason" not in body

    @pytest.mark.parametrize(
        ("reason", "message", "code"),
        [
            (DoneReason.INSUFFICIENT_FUNDS, "Insufficient funds", "insufficient_funds"),
            (DoneReason.NOT_OPEN, "Cancel only mode: the market was halted.", "market_halted"),
            (DoneReason.INVALID, "The order breaks a rule of its market.", "invalid_order"),
        ],
    )
    def test_what_the_engine_refuses_is_an_error(
        self, bot: Bot, decide: Any, reason: DoneReason, message: str, code: str
    ) -> None:
        decide(lambda command: order_refuse(command, reason))
        refusal = answered(bot.post("/orders", ORDER, Prefer="wait=5"), 400)
        assert (refusal["message"], refusal["code"]) == (message, code)

    def test_a_post_only_order_that_would_have_traded_is_rejected_and_not_an_error(
        self, bot: Bot, decide: Any
    ) -> None:
        decide(lambda command: order_refuse(command, DoneReason.POST_ONLY))
        body = answered(bot.post("/orders", ORDER | {"post_only": True}, Prefer="wait=5"))
        assert (body["status"], body["reject_reason"]) == ("rejected", "post only")
        assert "done_reason" not in body

    def test_a_repeated_client_oid_gets_the_first_answer(self, bot: Bot, decide: Any) -> None:
        decide(lambda command: order_refuse(command, DoneReason.INSUFFICIENT_FUNDS))
        again = ORDER | {"client_oid": "once"}
        answered(bot.post("/orders", again, Prefer="wait=5"), 400)
        decide(lambda command: None)
        refusal = answered(bot.post("/orders", again | {"price": "9"}, Prefer="wait=0"), 400)
        assert refusal["message"] == "Insufficient funds"
        assert Command.objects.count() == 1

    @pytest.mark.parametrize(
        ("prefer", "timeout_s", "applied"),
        [
            ("wait=7", 7, "wait=7"),
            ("respond-async, wait=7", 7, "wait=7"),
            ('wait="7"; foo', 7, "wait=7"),
            ("WAIT = 7", 7, "wait=7"),
            ("wait=0", 0, "wait=0"),
            ("wait=3000", 30, "wait=30"),
            ("wait=soon", 2, None),
            ("wait=-1", 2, None),
            ("await=7", 2, None),
            ("", 2, None),
        ],
    )
    def test_the_request_says_how_long_to_wait(
        self, bot: Bot, decide: Any, prefer: str, timeout_s: int, applied: str | None
    ) -> None:
        decide(order_write)
        response = bot.post("/orders", ORDER, Prefer=prefer)
        assert (self.timeout_s, response.get("Preference-Applied")) == (timeout_s, applied)


@pytest.mark.django_db(transaction=True)
def test_the_answer_comes_with_the_engine_s_verdict(bot: Bot) -> None:
    def engine() -> None:
        while not Command.objects.exists():
            pass
        order_write(command := Command.objects.get())
        event_write(command)
        connection.close()

    thread = threading.Thread(target=engine)
    thread.start()
    body = answered(bot.post("/orders", ORDER, Prefer="wait=20"))
    thread.join()
    assert body["status"] == "open"
    verdicts._listener.stop()
    verdicts._listener = verdicts.Listener(verdicts.settings.REDIS_URL)


class TestFinding:
    def test_by_our_id_and_by_the_client_s(self, bot: Bot, user: User, product: Product) -> None:
        order = order_rest(product, user.owner, client_oid="mine.1")
        by_id = answered(bot.get(f"/orders/{order_uuid(order.pk)}"))
        assert by_id == answered(bot.get("/orders/client:mine.1"))
        assert (by_id["id"], by_id["status"]) == (str(order_uuid(order.pk)), "open")

    def test_a_pending_order_is_found_too(self, bot: Bot, user: User, product: Product) -> None:
        placed = limit_place(product, user.owner, client_oid="mine")
        for path in (f"/orders/{order_uuid(placed.pk)}", "/orders/client:mine"):
            assert answered(bot.get(path))["status"] == "pending"
        assert [row["status"] for row in answered(bot.get("/orders"))] == ["pending"]

    def test_a_stranger_s_order_is_as_unknown_as_none(self, bot: Bot, product: Product) -> None:
        order = order_rest(product, client_oid="theirs")
        nowhere = f"/orders/{order_uuid(order.pk + 1)}"
        for path in (f"/orders/{order_uuid(order.pk)}", "/orders/client:theirs", nowhere):
            assert answered(bot.get(path), 404)["message"] == "NotFound"
            assert answered(bot.delete(path), 404)["message"] == "order not found"
        assert answered(bot.get("/orders?status=all")) == []

    @pytest.mark.parametrize("name", ["x", "123", "%00", "0" * 40])
    def test_what_is_no_id_is_said_to_be_none(self, bot: Bot, name: str) -> None:
        assert answered(bot.get(f"/orders/{name}"), 400)["message"] == "Invalid order id"

    def test_a_uuid_that_is_not_ours_is_not_found(self, bot: Bot) -> None:
        answered(bot.get("/orders/d0c5340b-6d6c-49d9-b567-48c4bfca13d2"), 404)

    def test_open_orders_are_listed_unless_others_are_asked_for(
        self, bot: Bot, user: User, product: Product
    ) -> None:
        done = limit_place(product, user.owner)
        order_write(done, status=OrderStatus.DONE, done_reason=DoneReason.CANCELED)
        order_refuse(limit_place(product, user.owner), DoneReason.POST_ONLY)
        order_rest(product, user.owner)
        limit_place(product, user.owner)
        assert [row["status"] for row in answered(bot.get("/orders"))] == ["pending", "open"]

        def listed(query: str) -> list[str]:
            return [row["status"] for row in answered(bot.get(f"/orders?{query}"))]

        assert listed("status=open") == listed("status=active") == ["open"]
        assert listed("status=done") == ["done"]
        assert listed("status=done&status=rejected") == ["rejected", "done"]
        assert listed("status=all") == ["pending", "open", "rejected", "done"]
        answered(bot.get("/orders?status=lost"), 400)

    def test_one_market_or_a_span_of_time(self, bot: Bot, user: User, product: Product) -> None:
        here, there = order_rest(product, user.owner), order_rest(product_make(), user.owner)
        old = timezone.now() - timedelta(days=3)
        Order.objects.filter(pk=there.pk).update(created_at=old)

        def listed(query: str) -> list[str]:
            return [row["id"] for row in answered(bot.get(f"/orders?{query}"))]

        assert listed(f"product_id={NAME}") == [str(order_uuid(here.pk))]
        day_ago = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert listed(f"start_date={day_ago}") == [str(order_uuid(here.pk))]
        assert listed(f"end_date={day_ago}") == [str(order_uuid(there.pk))]
        answered(bot.get("/orders?product_id=A-B"), 404)

    def test_cursors_lead_through_all_markets_once(self, bot: Bot, user: User) -> None:
        products = [product_make() for _ in range(3)]
        placed = [order_rest(products[n % 3], user.owner).pk for n in range(10)]
        waiting = [limit_place(products[0], user.owner).pk for _ in range(2)]
        seen: list[str] = []
        path = "/orders?limit=4"
        while rows := answered(response := bot.get(path)):
            seen += [row["id"] for row in rows]
            path = f"/orders?limit=4&after={response['CB-AFTER']}"
        wanted = [str(order_uuid(pk)) for pk in (placed + waiting)[::-1]]
        assert seen == wanted

    def test_a_cursor_shows_what_is_newer(self, bot: Bot, user: User, product: Product) -> None:
        order_rest(product, user.owner)
        cursor = bot.get("/orders")["CB-BEFORE"]
        assert answered(bot.get(f"/orders?before={cursor}")) == []
        later = order_rest(product, user.owner)
        newer = answered(bot.get(f"/orders?before={cursor}"))
        assert [row["id"] for row in newer] == [str(order_uuid(later.pk))]

    @pytest.mark.parametrize("cursor", ["x", "1", "1-", "0-1", "1-0", "99999999-1", "1-1."])
    def test_a_cursor_of_somebody_s_own_making_is_refused(self, bot: Bot, cursor: str) -> None:
        assert answered(bot.get(f"/orders?after={cursor}"), 400)["code"] == "invalid_cursor"

    def test_clocks_that_disagree_with_the_ids_hide_nothing(
        self, bot: Bot, user: User, product: Product
    ) -> None:
        orders = [order_rest(product, user.owner) for _ in range(4)]
        order_rest(product_make(), user.owner)
        late = timezone.now() + timedelta(seconds=9)
        Order.objects.filter(pk=orders[0].pk).update(created_at=late)
        seen: list[str] = []
        path = "/orders?limit=2"
        while rows := answered(response := bot.get(path)):
            seen += [row["id"] for row in rows]
            path = f"/orders?limit=2&after={response['CB-AFTER']}"
        assert len(seen) == len(set(seen)) == 5


class TestCancelling:
    def test_the_answer_is_the_order_s_id(self, bot: Bot, user: User, product: Product) -> None:
        order = order_rest(product, user.owner, client_oid="mine")
        name = str(order_uuid(order.pk))
        assert answered(bot.delete(f"/orders/{name}")) == name
        assert answered(bot.delete("/orders/client:mine", {"product_id": "A/B"})) == name
        cancels = Command.objects.filter(kind=CommandKind.CANCEL)
        assert [cancel.target for cancel in cancels] == [order.pk, order.pk]

    def test_an_order_that_is_over(self, bot: Bot, user: User, product: Product) -> None:
        done = limit_place(product, user.owner)
        order_write(done, status=OrderStatus.DONE, done_reason=DoneReason.FILLED)
        refusal = answered(bot.delete(f"/orders/{order_uuid(done.pk)}"), 400)
        assert refusal == {"message": "Order already done", "code": "order_done"}

    def test_one_that_was_filled_before_the_cancel_had_its_turn(
        self, bot: Bot, user: User, product: Product, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order = order_rest(product, user.owner)

        def filled_meanwhile(**_: Any) -> bool:
            status = {"status": OrderStatus.DONE, "done_reason": DoneReason.FILLED, "hold": 0}
            return bool(Order.objects.filter(pk=order.pk).update(**status))

        monkeypatch.setattr("apps.orderbook.api.orders.verdict_wait", filled_meanwhile)
        refusal = answered(bot.delete(f"/orders/{order_uuid(order.pk)}", Prefer="wait=5"), 400)
        assert refusal["code"] == "order_done"

    def test_all_in_one_market_named_in_query_or_body(
        self, bot: Bot, user: User, product: Product
    ) -> None:
        order_rest(product, user.owner)
        order_rest(product_make(), user.owner)
        assert answered(bot.delete(f"/orders?product_id={NAME}")) == []
        assert answered(bot.delete("/orders", {"product_id": "VCS_1686_2017/CC"})) == []
        commands = Command.objects.filter(kind=CommandKind.CANCEL_ALL)
        assert [command.product for command in commands] == [product, product]
        answered(bot.delete("/orders?product_id=A-B"), 404)

    def test_a_halted_market_lets_orders_go(self, bot: Bot, user: User, product: Product) -> None:
        order = order_rest(product, user.owner)
        state_write(product, Product.State.HALTED)
        answered(bot.delete(f"/orders/{order_uuid(order.pk)}"))


class TestWhoMay:
    PATHS = (
        ("GET", "/orders"),
        ("POST", "/orders"),
        ("DELETE", "/orders"),
        ("GET", "/orders/00000000-0000-8000-8000-010000000001"),
        ("DELETE", "/orders/00000000-0000-8000-8000-010000000001"),
        ("GET", "/orders/client:x"),
        ("DELETE", "/orders/client:x"),
        ("GET", "/fills"),
        ("GET", "/fees"),
        ("GET", "/accounts"),
        ("GET", "/accounts/x"),
        ("GET", "/accounts/x/ledger"),
        ("GET", "/accounts/x/holds"),
    )

    @pytest.mark.parametrize(("method", "path"), PATHS)
    def test_nobody_without_a_signature(self, method: str, path: str) -> None:
        response = Client().generic(method, f"/api/v1{path}")
        assert answered(response, 401)["message"]

    @pytest.mark.parametrize(("method", "path"), [p for p in PATHS if p[0] != "GET"])
    def test_a_key_that_may_only_look_changes_nothing(
        self, user: User, method: str, path: str
    ) -> None:
        looks = bot_of(user, scopes=[VIEW])
        body = ORDER if method == "POST" else None
        assert answered(looks.call(method, path, body), 403)["code"] == "scope_missing"
        assert not Command.objects.exists()

    def test_a_key_that_may_only_look_looks(self, user: User, product: Product) -> None:
        order_rest(product, user.owner)
        assert len(answered(bot_of(user, scopes=[VIEW]).get("/orders"))) == 1

    def test_a_trader_acts_for_the_organisation_and_a_viewer_looks(self, product: Product) -> None:
        trader, viewer = user_make(), user_make()
        owner = organisation_make(trader=trader, viewer=viewer).owner
        answered(bot_of(trader, owner=owner, scopes=["view", "trade"]).post("/orders", ORDER))
        assert Command.objects.get().owner == owner
        looks = bot_of(viewer, owner=owner, scopes=["view"])
        assert [row["status"] for row in answered(looks.get("/orders"))] == ["pending"]
        assert answered(bot_of(trader).get("/orders")) == []

    def test_an_auditor_changes_nothing(self, product: Product) -> None:
        auditor = user_make(is_auditor=True)
        bot = bot_of(auditor, scopes=[VIEW])
        assert answered(bot.post("/orders", ORDER), 403)["code"] == "scope_missing"

    def test_a_signed_in_person_uses_it_too(self, user: User) -> None:
        client = client_of(user)
        answered(
            client.post("/api/v1/orders", ORDER, "application/json", headers={"Prefer": "wait=0"})
        )
        assert len(answered(client.get("/api/v1/orders"))) == 1


def test_placing_an_order_takes_four_statements(
    bot: Bot, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "LOOK_EVERY_S", 60)
    answered(bot.post("/orders", ORDER))  # from now on key and backlog are known
    with django_assert_num_queries(4):  # the key, the market, the command, what became of it
        answered(bot.post("/orders", ORDER))


class TestAmending:
    """PUT /orders/{id}."""

    def test_a_change_becomes_a_command(self, bot: Bot, product: Product, user: User) -> None:
        order = order_rest(product, user.owner)
        path = f"/orders/{order_uuid(order.pk)}"
        body = answered(bot.call("PUT", path, {"price": "2", "size": "3"}))
        command = Command.objects.latest("pk")
        assert (command.kind, command.target) == (CommandKind.AMEND, order.pk)
        assert (command.price, command.size) == (2 * UNIT, 3 * TONNE)
        assert (body["id"], body["price"]) == (str(order_uuid(order.pk)), "1")

    def test_nonsense_is_refused(self, bot: Bot, product: Product, user: User) -> None:
        path = f"/orders/{order_uuid(order_rest(product, user.owner).pk)}"
        for change, field in (({}, "size"), ({"price": "x"}, "price"), ({"size": "0"}, "size")):
            assert answered(bot.call("PUT", path, change), 400)["field"] == field
        theirs = order_rest(product, user_make().owner)
        answered(bot.call("PUT", f"/orders/{order_uuid(theirs.pk)}", {"price": "2"}), 404)
        looking = bot_of(user, scopes=[VIEW])
        answered(looking.call("PUT", path, {"price": "2"}), 403)
        assert Command.objects.filter(kind=CommandKind.AMEND).count() == 0


class TestCancelAllAfter:
    """The dead man's switch."""

    def test_it_is_set_in_the_markets_where_there_are_orders(
        self, bot: Bot, product: Product, user: User
    ) -> None:
        product_make("VCS-1-2020", "CC")
        limit_place(product, user.owner)
        assert answered(bot.post("/orders/cancel_all_after", {"timeout_s": 60})) == []
        command = Command.objects.latest("pk")
        assert (command.kind, command.product, command.timeout_s) == (
            CommandKind.SET_SWITCH, product, 60
        )  # fmt: skip
        assert (command.owner, command.user) == (user.owner, user)

    def test_it_says_when_it_falls(self, bot: Bot, product: Product, user: User) -> None:
        falls_at = timezone.now()
        Switch.objects.create(product=product, owner=user.owner, falls_at=falls_at)
        Switch.objects.create(product=product, owner=user_make().owner, falls_at=falls_at)
        text = falls_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert answered(bot.get("/orders/cancel_all_after")) == [
            {"product_id": NAME, "cancels_at": text}
        ]

    def test_one_that_is_set_is_taken_back_though_there_are_no_orders_left(
        self, bot: Bot, product: Product, user: User
    ) -> None:
        Switch.objects.create(product=product, owner=user.owner, falls_at=timezone.now())
        answered(bot.post("/orders/cancel_all_after", {"timeout_s": 0}))
        assert Command.objects.get().timeout_s == 0

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 400),
            ({"timeout_s": -1}, 400),
            ({"timeout_s": 86_401}, 400),
            ({"timeout_s": "soon"}, 400),
            ({"timeout_s": 1, "product_id": "NO-SUCH"}, 404),
        ],
    )
    def test_nonsense_is_refused(self, bot: Bot, body: dict[str, Any], status: int) -> None:
        answered(bot.post("/orders/cancel_all_after", body), status)
        assert not Command.objects.exists()

    def test_a_key_that_may_only_look_may_not(self, user: User) -> None:
        looking = bot_of(user, scopes=[VIEW])
        assert answered(looking.get("/orders/cancel_all_after")) == []
        answered(looking.post("/orders/cancel_all_after", {"timeout_s": 1}), 403)
