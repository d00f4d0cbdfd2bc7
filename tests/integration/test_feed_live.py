"""The feed over a real connection, told by a real engine; and what happens without Redis."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from apps.accounts.acting import TRADE
from apps.accounts.models import User
from apps.accounts.services.api_keys import NewApiKey, api_key_revoke
from apps.orderbook.dialect import time_text
from apps.orderbook.engine.book import Book
from apps.orderbook.engine.book.snapshot import levels
from apps.orderbook.engine.replay import replay
from apps.orderbook.feed import client as client_module
from apps.orderbook.feed import consumer, hub, market, source
from apps.orderbook.ids import order_uuid
from apps.orderbook.models import Event, Order, Product
from apps.orderbook.models.enums import OrderStatus, OrderType, SelfTrade, Side, TimeInForce
from apps.orderbook.services.commands import OrderDone, order_cancel, orders_cancel_all
from apps.orderbook.services.products import product_change
from apps.orderbook.services.verdicts import verdict_wait
from ccmarket.invariants import INVARIANTS
from tests.support.factories import api_key_make, fund, user_make
from tests.support.live import (
    PLENTY_S,
    Listener,
    Live,
    engine,
    followers,
    listening,
    live,
    markets_followed,
    serving,
    until,
)
from tests.support.markets import TONNE, UNIT, limit_place, product_make

__all__ = ["engine", "live"]

CODE, NAME = "VCS-1686-2017-CC", "VCS_1686_2017-CC"
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def product(engine: None) -> Product:
    return product_make("VCS-1686-2017", "CC", maker_bps=10, taker_bps=25)


@pytest.fixture
def buyer(product: Product) -> User:
    user = user_make()
    fund(user.owner, product.quote, 1_000_000 * UNIT)
    return user


@pytest.fixture
def seller(product: Product) -> User:
    user = user_make()
    fund(user.owner, product.base, 1_000 * TONNE)
    return user


@pytest.fixture
def listener(live: Live, product: Product) -> Iterator[Listener]:
    with listening(live) as listener:
        yield listener


def decided(product: Product, user: User, **terms: Any) -> Order:
    """An order that the engine has decided."""
    command = limit_place(product, user.owner, **terms)
    assert verdict_wait(command_ids=[command.pk], timeout_s=PLENTY_S)
    return Order.objects.get(pk=command.pk)


def staged(product: Product, state: Product.State) -> None:
    """The market is in that state, by way of the journal."""
    command = product_change(product=product, user=None, state=state)
    assert verdict_wait(command_ids=[command.pk], timeout_s=PLENTY_S)


def credentials(key: NewApiKey, /, **change: Any) -> dict[str, Any]:
    timestamp = int(time.time())
    message = f"{timestamp}GET/users/self/verify".encode()
    digest = hmac.new(base64.b64decode(key.secret), message, hashlib.sha256).digest()
    signed = {
        "key": key.api_key.key,
        "passphrase": key.passphrase,
        "timestamp": timestamp,
        "signature": base64.b64encode(digest).decode(),
    }
    return signed | change


def book_of(name: str) -> dict[str, Any]:
    answer: dict[str, Any] = Client().get(f"/api/v1/products/{name}/book?level=2").json()
    return answer


class Rebuilt:
    """The book as a client rebuilds it from level2."""

    def __init__(self) -> None:
        self.sequence = -1
        self.sides: dict[str, dict[str, str]] = {}

    def take(self, message: dict[str, Any]) -> bool:
        if message["type"] == "snapshot":
            self.sides = {"buy": dict(message["bids"]), "sell": dict(message["asks"])}
        elif message["type"] == "l2update":
            assert message["sequence"] > self.sequence, "the feed went back"
            for side, price, size in message["changes"]:
                if size == "0":
                    del self.sides[side][price]
                else:
                    self.sides[side][price] = size
        else:
            return False
        self.sequence = message["sequence"]
        return True


class TestAuctions:
    def test_an_auction_is_told_each_second_until_it_is_over(
        self, listener: Listener, product: Product, buyer: User, seller: User
    ) -> None:
        staged(product, Product.State.AUCTION)
        listener.subscribe("auctionfeed", "heartbeat", products=[NAME])
        nothing = listener.until_type("auction")
        assert (nothing["can_open"], "open_price" in nothing) == ("no", False)
        decided(product, seller, price=2 * UNIT, size=2 * TONNE, side=Side.SELL)
        decided(product, buyer, price=3 * UNIT, size=5 * TONNE, display_size=TONNE)
        told = listener.until(lambda m: m["type"] == "auction" and m["can_open"] == "yes")
        # Buyers are left over, so it is the highest price they would pay; icebergs count whole.
        assert (told["open_price"], told["open_size"]) == ("3", "2")
        assert (told["best_bid_price"], told["best_bid_size"]) == ("3", "1")
        assert (told["best_ask_price"], told["best_ask_size"]) == ("2", "2")
        book = book_of(NAME)
        assert told["sequence"] == book["sequence"]
        assert told["open_price"] == book["auction"]["open_price"]
        staged(product, Product.State.OPEN)
        over_at = time_text(timezone.now())
        # The look at the market that was under way may still find the auction; no later one does.
        listener.until(lambda m: m["type"] == "heartbeat" and m["time"] > over_at)
        listener.heard.clear()
        listener.until_type("heartbeat")
        assert not any(message["type"] == "auction" for message in listener.heard)


class TestChannels:
    def test_a_trade_is_told_on_every_channel(
        self, listener: Listener, product: Product, buyer: User, seller: User
    ) -> None:
        channels = ["level2", "level2_batch", "matches", "ticker", "full", "heartbeat"]
        answer = listener.subscribe(*channels, products=[NAME])
        assert [channel["name"] for channel in answer["channels"]] == channels
        assert all(channel["product_ids"] == [NAME] for channel in answer["channels"])
        rests = decided(product, buyer, price=2 * UNIT, size=3 * TONNE)
        takes = decided(product, seller, price=2 * UNIT, size=TONNE, side=Side.SELL)
        kinds = ("received", "open", "received", "match", "done")
        beat = listener.until(lambda m: m["type"] == "heartbeat" and m["last_trade_id"] == 1)
        assert beat["sequence"] == 5
        full = [m for m in listener.heard if m["type"] in kinds]
        assert {m["sequence"] for m in full} == {1, 2, 3, 4, 5}
        (trade, *again) = [m for m in full if m["type"] == "match"]
        assert again == [trade], "once as a trade, once in full"
        assert {**trade, "time": None} == {
            "type": "match",
            "trade_id": 1,
            "maker_order_id": str(order_uuid(rests.pk)),
            "taker_order_id": str(order_uuid(takes.pk)),
            "side": "buy",
            "size": "1",
            "price": "2",
            "product_id": NAME,
            "sequence": 4,
            "time": None,
        }
        (ticker,) = [m for m in listener.heard if m["type"] == "ticker"]
        assert (ticker["price"], ticker["side"], ticker["best_bid_size"]) == ("2", "sell", "2")

    def test_batched_levels_lead_to_the_same_book(
        self, listener: Listener, product: Product, buyer: User
    ) -> None:
        listener.subscribe("level2_batch", products=[NAME])
        rebuilt = Rebuilt()
        for price in (1, 2, 3):
            decided(product, buyer, price=price * UNIT)
        last = book_of(NAME)["sequence"]
        while rebuilt.sequence < last:
            rebuilt.take(listener.next())
        assert rebuilt.sides == {"buy": {"1": "1", "2": "1", "3": "1"}, "sell": {}}

    def test_what_was_there_before_comes_first(
        self, listener: Listener, product: Product, buyer: User, seller: User
    ) -> None:
        decided(product, buyer, price=2 * UNIT, size=3 * TONNE)
        decided(product, seller, price=2 * UNIT, size=TONNE, side=Side.SELL)
        listener.subscribe("level2", "ticker", "matches", products=[NAME])
        snapshot, ticker, match = (listener.next() for _ in range(3))
        assert (snapshot["type"], snapshot["bids"], snapshot["sequence"]) == (
            "snapshot",
            [["2", "2"]],
            5,
        )
        assert (ticker["type"], ticker["volume_24h"]) == ("ticker", "1")
        assert (match["type"], match["trade_id"]) == ("last_match", 1)

    def test_unsubscribing_ends_it_and_subscribing_again_begins_with_a_snapshot(
        self, listener: Listener, product: Product, buyer: User
    ) -> None:
        listener.subscribe("level2", "full", products=[NAME])
        listener.say(type="unsubscribe", channels=["level2", "full"])
        assert listener.until(lambda m: m["type"] == "subscriptions")["channels"] == []
        decided(product, buyer)
        listener.heard.clear()
        listener.subscribe("level2", products=[NAME])
        assert listener.until_type("snapshot")["bids"] == [["1", "1"]]
        assert not {m["type"] for m in listener.heard} & {"l2update", "received", "open"}

    def test_two_markets_are_kept_apart(self, listener: Listener, buyer: User) -> None:
        other = product_make("VCS-1-2020", "CC")
        listener.subscribe("full", products=[NAME, "VCS-1-2020-CC"])
        decided(other, buyer)
        told = [listener.next(), listener.next()]
        assert [(m["product_id"], m["sequence"]) for m in told] == [
            ("VCS_1_2020-CC", 1),
            ("VCS_1_2020-CC", 2),
        ]

    def test_a_client_that_leaves_is_forgotten_and_a_market_without_any_too(
        self, live: Live, product: Product, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "TICK_S", 0.01)
        monkeypatch.setattr(hub, "LINGER_S", 0.0)
        with listening(live) as listener:
            listener.subscribe("full", "heartbeat", products=[NAME])
            listener.until_type("heartbeat")
            assert followers(CODE, "full") == 1
        until(lambda: followers(CODE, "full") == 0)
        until(lambda: not any(markets_followed()))

    def test_ticker_batch_tells_the_latest_of_several_trades_at_once(
        self,
        listener: Listener,
        product: Product,
        buyer: User,
        seller: User,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(market, "TICKER_BATCH_S", 1.0)
        listener.subscribe("ticker_batch", "matches", products=[NAME])
        for number in (1, 2, 3):
            decided(product, seller, side=Side.SELL, price=number * UNIT)
            decided(product, buyer, price=number * UNIT)
        ticker = listener.until(lambda m: m["type"] == "ticker" and m["trade_id"] == 3)
        assert ticker["price"] == "3"
        assert len([m for m in listener.heard if m["type"] == "ticker"]) <= 2

    def test_status_says_what_is_there_and_what_becomes_of_it(
        self, listener: Listener, product: Product, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "STATUS_EVERY_S", 0.0)
        monkeypatch.setattr(hub, "TICK_S", 0.05)
        assert listener.subscribe("status", products=[])["channels"] == [
            {"name": "status", "product_ids": []}
        ]
        told = listener.until_type("status")
        assert [(p["id"], p["cancel_only"]) for p in told["products"]] == [(NAME, False)]
        assert {c["id"] for c in told["currencies"]} == {"VCS_1686_2017", "CC"}
        Product.objects.update(state=Product.State.HALTED)
        listener.until(lambda m: m["type"] == "status" and m["products"][0]["cancel_only"])
        listener.say(type="unsubscribe", channels=["status"])
        assert listener.until_type("subscriptions")["channels"] == []


class TestOwnOrders:
    def test_a_signed_client_hears_of_its_own_orders_alone(
        self, live: Live, product: Product, buyer: User, seller: User
    ) -> None:
        before = decided(product, buyer, price=2 * UNIT, size=3 * TONNE)
        with listening(live) as mine, listening(live) as theirs:
            for listener, user in ((mine, buyer), (theirs, seller)):
                listener.subscribe("user", products=[NAME], **credentials(api_key_make(user)))
            until(lambda: followers(CODE, "user") == 2)
            takes = decided(
                product, seller, price=2 * UNIT, size=TONNE, side=Side.SELL, client_oid="mine"
            )
            told = [theirs.next(), theirs.next(), theirs.next()]
            assert [m["type"] for m in told] == ["received", "match", "done"]
            assert told[0]["client_oid"] == "mine"
            assert told[0]["order_id"] == str(order_uuid(takes.pk))
            assert (told[1]["taker_fee_rate"], "maker_fee_rate" in told[1]) == ("0.0025", False)
            match = mine.next()
            assert match["maker_order_id"] == str(order_uuid(before.pk))
            assert (match["maker_fee_rate"], "taker_fee_rate" in match) == ("0.0010", False)
            orders_cancel_all(owner=buyer.owner, user=buyer)
            done = mine.next()
            assert (done["type"], done["reason"]) == ("done", "canceled")

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"key": "0" * 32}, "Invalid API Key"),
            ({"passphrase": "wrong"}, "Invalid Passphrase"),
            ({"signature": "AAAA"}, "invalid signature"),
            ({"signature": "%%%"}, "invalid signature"),
            ({"timestamp": 5}, "request timestamp expired"),
            ({"timestamp": "soon"}, "invalid timestamp"),
            ({"timestamp": None}, "CB-ACCESS-TIMESTAMP header is required"),
        ],
    )
    def test_a_wrong_signature_is_told_so(
        self, listener: Listener, buyer: User, change: dict[str, Any], reason: str
    ) -> None:
        signed = credentials(api_key_make(buyer), **change)
        answer = listener.subscribe("user", products=[NAME], **signed)
        assert (answer["type"], answer["message"]) == ("error", "Authentication Failed")
        assert json.loads(answer["reason"]) == {"message": reason}
        assert followers(CODE, "user") == 0

    def test_it_needs_a_signature_a_live_key_and_the_right_to_look(
        self, listener: Listener, buyer: User
    ) -> None:
        unsigned = listener.subscribe("user", products=[NAME])
        assert unsigned["reason"] == "the user channel needs a signature"
        revoked = api_key_make(buyer)
        api_key_revoke(api_key=revoked.api_key, by=buyer)
        blind = api_key_make(buyer, scopes=[TRADE])
        for key in (revoked, blind):
            answer = listener.subscribe("user", products=[NAME], **credentials(key))
            assert answer["message"] == "Authentication Failed"

    def test_a_connection_stays_with_whoever_signed_it(
        self, listener: Listener, buyer: User, seller: User
    ) -> None:
        listener.subscribe("user", products=[NAME], **credentials(api_key_make(buyer)))
        answer = listener.subscribe("user", products=[NAME], **credentials(api_key_make(seller)))
        assert answer["reason"] == "this connection is signed by another"


class TestManners:
    @pytest.mark.parametrize(
        ("request_", "reason"),
        [
            ({"type": "hello"}, "type must be subscribe or unsubscribe"),
            ({"type": "subscribe", "channels": ["x"]}, "x is not a valid channel"),
            (
                {"type": "subscribe", "channels": ["full"], "product_ids": ["A-B"]},
                "A-B is not a valid product",
            ),
            (
                {"type": "subscribe", "channels": ["full"], "product_ids": ["\0\ud800"]},
                "\0\ud800 is not a valid product",
            ),
        ],
    )
    def test_what_cannot_be_had_is_told_and_the_connection_stays(
        self, listener: Listener, request_: dict[str, Any], reason: str
    ) -> None:
        listener.say(**request_)
        answer = listener.next()
        assert (answer["type"], answer["reason"]) == ("error", reason)
        assert listener.subscribe("ticker", products=[NAME])["type"] == "subscriptions"

    def test_bytes_are_no_request(self, listener: Listener) -> None:
        listener.connection.send(b"\xff\xfe")
        assert listener.next()["message"] == "Malformed request"

    def test_who_wants_nothing_is_not_kept(
        self, live: Live, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consumer, "SUBSCRIBE_WITHIN_S", 0.01)
        with listening(live) as listener:
            assert "Subscribe to something" in listener.next()["reason"]
            with pytest.raises(ConnectionClosed) as closed:
                listener.next()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == consumer.NOTHING_ASKED

    def test_a_slow_client_is_sent_away_with_a_reason_and_others_hear_on(
        self, live: Live, product: Product, buyer: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client_module, "WAITING_MAX", 4)
        # A client that does not read: its few kilobytes of buffers fill, and then its queue.
        tight = socket.socket()
        tight.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        tight.connect(("127.0.0.1", live.port))
        options = {"sock": tight, "max_queue": 1, "ping_interval": None}
        with listening(live) as quick, listening(live, **options) as slow:
            for listener in (quick, slow):
                listener.subscribe("full", products=[NAME])
            until(lambda: followers(CODE, "full") == 2)
            monkeypatch.setattr("apps.orderbook.feed.render.text", padded)
            while followers(CODE, "full") == 2:
                decided(product, buyer)
                quick.until_type("open")
            slow.until_type("error")
            assert "Too slow" in slow.heard[-1]["reason"]
            with pytest.raises(ConnectionClosed) as closed:
                slow.next()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == client_module.SLOW
            decided(product, buyer)
            quick.until_type("open")


def padded(message: Any) -> str:
    """A message made long, so that buffers fill soon."""
    return json.dumps(message) + " " * 200_000


class TestWithoutRedis:
    @pytest.fixture(autouse=True)
    def quick_looks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hub, "TICK_S", 0.05)
        monkeypatch.setattr(hub, "RECONNECT_S", 0.05)

    def test_lost_connections_lose_nothing(
        self, listener: Listener, product: Product, buyer: User
    ) -> None:
        listener.subscribe("full", "level2", products=[NAME])
        decided(product, buyer, price=UNIT)
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            for price in (2, 3, 4):
                client.client_kill_filter(_type="pubsub")
                client.flushdb()
                decided(product, buyer, price=price * UNIT)
        listener.until(lambda m: m.get("sequence") == 8 and m["type"] == "open")
        full = [m["sequence"] for m in listener.heard if m["type"] in ("received", "open")]
        assert full == list(range(1, 9))
        rebuilt = Rebuilt()
        for message in listener.heard:
            rebuilt.take(message)
        assert rebuilt.sides["buy"] == {"1": "1", "2": "1", "3": "1", "4": "1"}

    def test_the_feed_goes_on_from_the_database_alone(
        self, product: Product, buyer: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "hub_url", lambda: NOWHERE)
        with serving() as live, listening(live) as listener:
            listener.subscribe("full", products=[NAME])
            until(lambda: followers(CODE, "full") == 1)
            for _ in range(3):
                decided(product, buyer)
            told = [listener.next()["sequence"] for _ in range(6)]
            assert told == [1, 2, 3, 4, 5, 6]

    def test_talk_of_strangers_on_the_channel_does_no_harm(
        self, listener: Listener, product: Product, buyer: User
    ) -> None:
        listener.subscribe("full", products=[NAME])
        until(lambda: followers(CODE, "full") == 1)
        forged = {"product": CODE, "sequence": 100, "messages": [{"sequence": 101}], "levels": []}
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            for text in ("", "{", "[]", json.dumps(forged)):
                client.publish(f"feed:{CODE}", text)
        decided(product, buyer)
        assert [listener.next()["sequence"] for _ in range(2)] == [1, 2]

    def test_after_an_outage_levels_go_on_and_the_full_channel_begins_anew(
        self, live: Live, product: Product, buyer: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(source, "EVENTS_MAX", 3)
        monkeypatch.setattr(hub.Hub, "_heard", ignore)
        monkeypatch.setattr(hub, "TICK_S", 3.0)
        with listening(live) as levels_only, listening(live) as full:
            levels_only.subscribe("level2", products=[NAME])
            full.subscribe("full", products=[NAME])
            until(lambda: followers(CODE, "full") == 1)
            commands = [limit_place(product, buyer.owner) for _ in range(5)]
            assert verdict_wait(command_ids=[c.pk for c in commands], timeout_s=PLENTY_S)
            update = levels_only.until_type("l2update")
            assert update["changes"] == [["buy", "1", "5"]]
            with pytest.raises(ConnectionClosed) as closed:
                full.until(lambda m: False)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == client_module.INTERRUPTED


async def ignore(*_: Any) -> None:
    """Hears nothing."""


def test_a_rebuilt_book_is_the_engine_s_at_every_sequence(
    listener: Listener, product: Product, buyer: User, seller: User
) -> None:
    dice = random.Random(7)
    listener.subscribe("level2", products=[NAME])
    for user, asset in ((buyer, product.base), (seller, product.quote)):
        fund(user.owner, asset, 1_000 * UNIT)
    commands = []
    for _ in range(150):
        user = dice.choice((buyer, seller))
        is_open = {"owner": user.owner, "status": OrderStatus.OPEN}
        mine = Order.objects.filter(**is_open).first() if dice.random() < 0.2 else None
        if mine is not None:
            with suppress(OrderDone):  # filled since we looked
                commands.append(order_cancel(owner=user.owner, user=user, order_id=mine.pk))
        else:
            commands.append(limit_place(product, user.owner, **random_terms(dice)))
        if dice.random() < 0.2:  # else few batches would take them all
            assert verdict_wait(command_ids=[commands[-1].pk], timeout_s=PLENTY_S)
    assert verdict_wait(command_ids=[c.pk for c in commands], timeout_s=PLENTY_S)
    decided(product, buyer, price=10_000)  # changes a level for certain
    expected = books_by_sequence(product)
    rebuilt, compared = Rebuilt(), 0
    while rebuilt.sequence < max(expected):
        if rebuilt.take(listener.next()):
            assert rebuilt.sides == expected[rebuilt.sequence]
            compared += 1
    assert compared > 10
    rest = book_of(NAME)
    assert rest["sequence"] == rebuilt.sequence
    sides = {"buy": rest["bids"], "sell": rest["asks"]}
    assert {side: dict(row[:2] for row in rows) for side, rows in sides.items()} == rebuilt.sides
    # The test's own CC was never pledged for.
    checks = (check for name, check in INVARIANTS.items() if "CC is backed" not in name)
    assert [line for check in checks for line in check()] == []


def random_terms(dice: random.Random) -> dict[str, Any]:
    if dice.random() < 0.1:
        terms = {"order_type": OrderType.MARKET, "price": None}
    else:
        tif = dice.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK))
        terms = {"price": dice.randint(95, 105) * 10_000, "time_in_force": tif}
    return {
        **terms,
        "side": dice.choice((Side.BUY, Side.SELL)),
        "size": dice.randint(1, 50) * 1_000,
        "self_trade": dice.choice(list(SelfTrade)),
    }


def books_by_sequence(product: Product) -> dict[int, dict[str, dict[str, str]]]:
    """The book after each event, replayed from the journal."""
    book = Book(product.price_increment, product.size_increment)
    books: dict[int, dict[str, dict[str, str]]] = {0: {"buy": {}, "sell": {}}}
    for event in Event.objects.order_by("pk"):
        replay(book, event.body)
        books[event.sequence] = {
            side: {text(level.price): text(level.size) for level in levels(ladder)}
            for side, ladder in (("buy", book.bids), ("sell", book.asks))
        }
    return books


def text(micro: int) -> str:
    whole, part = divmod(micro, UNIT)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")
