"""The feed without a network: what follows what, who is told, and what nobody is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from apps.orderbook.feed import client as client_module
from apps.orderbook.feed import market as market_module
from apps.orderbook.feed import render
from apps.orderbook.feed.client import INTERRUPTED, SLOW, Client, Farewell, Told
from apps.orderbook.feed.market import CHANNELS, MarketFeed
from apps.orderbook.feed.payload import NotAPayload, Payload
from apps.orderbook.feed.protocol import frames_of
from apps.orderbook.feed.requests import FeedRequest, RequestRefused
from apps.orderbook.feed.state import (
    AuctionStanding,
    CaughtUp,
    Day,
    Fees,
    Gap,
    MarketState,
    Snapshot,
    Trade,
)
from apps.orderbook.ids import id_make, order_uuid

UNIT = 1_000_000
NAME = "VCS_1686_2017-CC"
AT_US = 1_700_000_000_123_456
MAKER, TAKER = id_make(3, 1), id_make(3, 2)


def snapshot_of(sequence: int = 0, **levels: dict[int, int]) -> Snapshot:
    return Snapshot(sequence, levels.get("bids", {}), levels.get("asks", {}), None, Day())


def match(sequence: int, *, price: int = UNIT, size: int = UNIT) -> dict[str, Any]:
    return {
        "type": "match",
        "sequence": sequence,
        "time": AT_US,
        "product_id": "VCS-1686-2017-CC",
        "trade_id": sequence,
        "maker_order_id": MAKER,
        "taker_order_id": TAKER,
        "side": "sell",
        "price": price,
        "size": size,
    }


def received(sequence: int, *, order_id: int = TAKER, owner: int = 7) -> dict[str, Any]:
    return {
        "type": "received",
        "sequence": sequence,
        "time": AT_US,
        "product_id": "VCS-1686-2017-CC",
        "order_id": order_id,
        "order_type": "limit",
        "side": "buy",
        "price": UNIT,
        "size": 2 * UNIT,
        "funds": None,
        "client_oid": "secret",
        "owner": owner,
        "maker_bps": 10,
        "taker_bps": 25,
    }


def done(sequence: int, order_id: int) -> dict[str, Any]:
    order = {"order_id": order_id, "side": "buy", "price": UNIT, "remaining_size": 0}
    rest = {"sequence": sequence, "time": AT_US, "product_id": "x", "reason": "filled"}
    return {"type": "done", **order, **rest}


class TestPayload:
    def test_what_the_engine_says_is_read(self) -> None:
        body = {"product": "x", "sequence": 4, "messages": [match(5)], "levels": [["buy", 3, 0]]}
        payload = Payload.parse(json.dumps(body))
        assert (payload.sequence, payload.end, payload.changes) == (4, 5, [("buy", 3, 0)])

    @pytest.mark.parametrize(
        "body",
        [
            "", "{", "null", "[]", "{}",
            '{"sequence": 0, "messages": [], "levels": [["buy", 1]]}',
            '{"sequence": 0, "messages": [{"sequence": 2}], "levels": []}',
            '{"sequence": 0, "messages": [{}], "levels": []}',
            '{"sequence": "x", "messages": [], "levels": []}',
        ],
    )  # fmt: skip
    def test_anything_else_is_not_a_payload(self, body: str) -> None:
        with pytest.raises(NotAPayload):
            Payload.parse(body)


levels = st.dictionaries(st.integers(1, 9), st.integers(1, 9))


class TestState:
    def test_a_payload_that_follows_is_taken_in(self) -> None:
        state = MarketState(snapshot_of(4, bids={2: 5}, asks={3: 1}))
        changes = [("sell", 3, 0), ("buy", 1, 7)]
        payload = Payload(4, [match(5, price=3, size=1)], [*changes, ("buy", 9, 0), ("buy", 2, 5)])
        assert state.apply(payload) == changes
        assert (state.sequence, state.levels) == (5, {"buy": {2: 5, 1: 7}, "sell": {}})
        assert state.trade == Trade(5, "buy", 3, 1, AT_US)
        assert (state.best("buy"), state.best("sell")) == ((2, 5), None)

    def test_what_is_known_already_changes_nothing(self) -> None:
        state = MarketState(snapshot_of(5, bids={2: 5}))
        for payload in (Payload(4, [match(5)], [("buy", 2, 9)]), Payload(5, [], [])):
            assert state.apply(payload) is None
        assert state.levels["buy"] == {2: 5}

    @pytest.mark.parametrize("sequence", [3, 5, 9])
    def test_what_does_not_follow_is_a_gap(self, sequence: int) -> None:
        state = MarketState(snapshot_of(4))
        with pytest.raises(Gap):
            state.apply(Payload(sequence, [match(n) for n in range(sequence + 1, 12)], []))
        assert state.sequence == 4

    @given(levels, levels, levels, levels)
    def test_the_changes_to_a_snapshot_lead_to_it(
        self, bids: Any, asks: Any, bids_then: Any, asks_then: Any
    ) -> None:
        state = MarketState(snapshot_of(1, bids=bids, asks=asks))
        changes = state.changes_to(snapshot_of(2, bids=bids_then, asks=asks_then))
        state.apply(Payload(1, [match(2)], changes))
        assert state.levels == {"buy": bids_then, "sell": asks_then}

    def test_the_day_grows_with_each_trade(self) -> None:
        day = Day().with_trade(5, 1).with_trade(3, 2).with_trade(9, 3)
        assert day == Day(open=5, high=9, low=3, volume=6, volume_month=6)


class TestWords:
    def test_the_public_is_told_in_decimals_and_without_what_is_private(self) -> None:
        assert render.public(received(8), NAME) == {
            "type": "received",
            "sequence": 8,
            "time": "2023-11-14T22:13:20.123456Z",
            "product_id": NAME,
            "order_id": str(order_uuid(TAKER)),
            "order_type": "limit",
            "side": "buy",
            "price": "1",
            "size": "2",
        }

    def test_an_owner_is_told_its_own_id_and_fee(self) -> None:
        told = render.private(render.public(match(1), NAME), 7, fee=("taker", 25), client_oid=None)
        assert told["taker_fee_rate"] == "0.0025"
        assert told["user_id"] == told["profile_id"] == told["taker_user_id"]
        assert "client_oid" not in told

    def test_a_market_without_a_trade_has_no_ticker(self) -> None:
        assert render.ticker(MarketState(snapshot_of()), NAME) is None

    def test_a_ticker_after_a_quiet_day_still_has_every_price(self) -> None:
        state = MarketState(Snapshot(9, {}, {UNIT: 5}, Trade(1, "buy", 3, 4, AT_US), Day()))
        told = json.loads(render.ticker(state, NAME) or "")
        assert {told[name] for name in ("price", "open_24h", "low_24h", "high_24h")} == {"0.000003"}
        assert (told["best_ask"], told["best_ask_size"], "best_bid" in told) == (
            "1",
            "0.000005",
            False,
        )


def told_to(client: Client) -> list[dict[str, Any]]:
    """Everything that waits for the client."""
    told: list[dict[str, Any]] = []
    while not client._waiting.empty():
        texts = client._waiting.get_nowait()
        assert not isinstance(texts, Farewell), texts
        told += [json.loads(text) for text in texts]
    return told


class TestWhoIsTold:
    def test_level2_is_a_snapshot_and_then_what_changes(self) -> None:
        feed, client = MarketFeed(NAME, snapshot_of(4, bids={UNIT: 2, 2 * UNIT: 3})), Client()
        feed.add(client, "level2")
        feed.take(Payload(4, [match(5)], [("buy", UNIT, 0)]))
        snapshot, update = told_to(client)
        assert snapshot["bids"] == [["2", "0.000003"], ["1", "0.000002"]]
        assert (snapshot["sequence"], update["sequence"]) == (4, 5)
        assert update["changes"] == [["buy", "1", "0"]]

    def test_level2_batch_is_told_together_and_to_what_it_came(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(market_module, "BATCH_S", 0.0)

        async def run() -> list[dict[str, Any]]:
            feed, client = MarketFeed(NAME, snapshot_of()), Client()
            feed.add(client, "level2_batch")
            feed.take(Payload(0, [match(1)], [("buy", UNIT, 5), ("sell", 2 * UNIT, 1)]))
            feed.take(Payload(1, [match(2)], [("buy", UNIT, 6)]))
            await asyncio.sleep(0.01)
            return told_to(client)

        _, update = asyncio.run(run())
        assert update["sequence"] == 2
        assert update["changes"] == [["buy", "1", "0.000006"], ["sell", "2", "0.000001"]]

    def test_each_channel_is_told_its_own(self) -> None:
        feed = MarketFeed(NAME, snapshot_of())
        # Of the others one needs an owner, and one a clock.
        told_at_once = [name for name in CHANNELS if name not in ("user", "ticker_batch")]
        clients = {channel: Client() for channel in told_at_once}
        for channel, client in clients.items():
            feed.add(client, channel)
            told_to(client)
        feed.take(Payload(0, [received(1), match(2), done(3, TAKER)], []))
        feed.beat()
        feed.tell_auction(AuctionStanding(3, None, (UNIT, 2), None))
        told = {name: [m["type"] for m in told_to(client)] for name, client in clients.items()}
        assert told == {
            "heartbeat": ["heartbeat"],
            "ticker": ["ticker"],
            "matches": ["match"],
            "auctionfeed": ["auction"],
            "level2": [],
            "level2_batch": [],
            "full": ["received", "match", "done"],
        }

    def test_a_new_reader_of_trades_starts_from_the_last_one(self) -> None:
        feed, client = MarketFeed(NAME, snapshot_of()), Client()
        feed.take(Payload(0, [match(1)], []))
        feed.add(client, "matches")
        feed.add(client, "ticker")
        last, ticker = told_to(client)
        assert (last["type"], last["side"], ticker["side"]) == ("last_match", "sell", "buy")

    def test_subscribing_again_tells_nothing_twice(self) -> None:
        feed, client = MarketFeed(NAME, snapshot_of()), Client()
        for _ in range(2):
            feed.add(client, "level2")
        feed.take(Payload(0, [match(1)], [("buy", UNIT, 1)]))
        assert [m["type"] for m in told_to(client)] == ["snapshot", "l2update"]

    def test_who_left_is_told_no_more(self) -> None:
        feed, client = MarketFeed(NAME, snapshot_of()), Client()
        feed.add(client, "full")
        feed.remove(client, "full")
        feed.take(Payload(0, [match(1)], []))
        assert told_to(client) == []
        assert not feed.is_followed


class TestOwnOrders:
    def follow(self, feed: MarketFeed, owner: int, **orders: Fees) -> Client:
        client = Client()
        client.owner = owner
        feed.watch_owner(owner)
        feed.know_orders(owner, {MAKER: orders["maker"]} if orders else {})
        feed.add(client, "user")
        return client

    def test_each_owner_hears_of_its_own_orders_alone(self) -> None:
        feed = MarketFeed(NAME, snapshot_of())
        maker = self.follow(feed, 5, maker=Fees(10, 20))
        taker, stranger = self.follow(feed, 7), self.follow(feed, 9)
        feed.take(Payload(0, [received(1), match(2), done(3, TAKER), done(4, MAKER)], []))
        to_maker, to_taker = told_to(maker), told_to(taker)
        assert [m["type"] for m in to_maker] == ["match", "done"]
        assert [m["type"] for m in to_taker] == ["received", "match", "done"]
        assert (to_maker[0]["maker_fee_rate"], "taker_fee_rate" in to_maker[0]) == ("0.0010", False)
        assert (to_taker[1]["taker_fee_rate"], "maker_fee_rate" in to_taker[1]) == ("0.0025", False)
        assert to_taker[0]["client_oid"] == "secret"
        assert told_to(stranger) == []

    def test_nothing_is_kept_of_orders_that_are_done_or_owners_who_left(self) -> None:
        feed = MarketFeed(NAME, snapshot_of())
        client = self.follow(feed, 7)
        feed.take(Payload(0, [received(1), done(2, TAKER)], []))
        assert (feed._owner_of, feed._orders) == ({}, {7: {}})
        feed.take(Payload(2, [received(3)], []))
        feed.remove(client, "user")
        assert (feed._owner_of, feed._orders) == ({}, {})

    def test_an_owner_with_two_connections_is_told_on_both_until_each_leaves(self) -> None:
        feed = MarketFeed(NAME, snapshot_of())
        one, two = self.follow(feed, 7), self.follow(feed, 7)
        feed.remove(one, "user")
        feed.take(Payload(0, [received(1)], []))
        assert (len(told_to(one)), len(told_to(two))) == (0, 1)


class TestWhatWasMissed:
    def test_it_is_told_from_the_database(self) -> None:
        feed = MarketFeed(NAME, snapshot_of(4, bids={UNIT: 1}))
        levels, full = Client(), Client()
        feed.add(levels, "level2")
        feed.add(full, "full")
        feed.jump(CaughtUp(snapshot_of(6, bids={2 * UNIT: 3}), [match(5), match(6)]))
        _, update = told_to(levels)
        assert sorted(update["changes"]) == [["buy", "1", "0"], ["buy", "2", "0.000003"]]
        assert [m["sequence"] for m in told_to(full)] == [5, 6]
        feed.take(Payload(6, [match(7)], []))
        assert feed.state.sequence == 7

    def test_a_look_that_finds_nothing_new_tells_nothing(self) -> None:
        feed, client = MarketFeed(NAME, snapshot_of(4, bids={UNIT: 1})), Client()
        feed.add(client, "level2")
        told_to(client)
        feed.jump(CaughtUp(snapshot_of(4), []))
        assert told_to(client) == []
        assert feed.state.levels["buy"] == {UNIT: 1}

    def test_who_counts_on_every_message_is_sent_away_after_an_outage(self) -> None:
        feed = MarketFeed(NAME, snapshot_of(4))
        levels, full, both = Client(), Client(), Client()
        feed.add(levels, "level2")
        feed.add(full, "full")
        for channel in ("level2", "matches"):
            feed.add(both, channel)
        feed.jump(CaughtUp(snapshot_of(9_000, bids={UNIT: 1}), None))
        assert told_to(levels)[-1]["changes"] == [["buy", "1", "0.000001"]]
        for client in (full, both):
            farewell = client._waiting.get_nowait()
            assert isinstance(farewell, Farewell)
            assert farewell.code == INTERRUPTED


class TestSlowClients:
    def test_who_lets_too_much_wait_is_sent_away_and_nothing_waits_any_more(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client_module, "WAITING_MAX", 3)
        client = Client()
        for number in range(10):
            client.put([str(number)])
        farewell = client._waiting.get_nowait()
        assert isinstance(farewell, Farewell)
        assert (farewell.code, client.is_leaving) == (SLOW, True)
        assert client._waiting.empty()

    def test_who_keeps_up_is_told_everything_in_order(self) -> None:
        async def run() -> list[Any]:
            client = Client()
            told = []
            for number in range(2 * client_module.WAITING_MAX):
                client.put([str(number)])
                told.append(await client.next())
            return told

        assert [texts[0] for texts in asyncio.run(run())] == [
            str(n) for n in range(2 * client_module.WAITING_MAX)
        ]

    def test_the_short_way_is_taken_while_nothing_waits(self) -> None:
        takes, written = [True], []

        def write(frames: bytes) -> bool:
            if takes[0]:
                written.append(frames)
            return takes[0]

        async def run() -> list[Any]:
            client = Client(write)
            client.put(["one"])
            takes[0] = False
            client.put(["two"])
            takes[0] = True
            client.put(["three"])
            waited = [await client.next()]
            client.put(["four"])
            for _ in range(2):
                client.sent()
                waited.append(await client.next())
            client.sent()
            client.put(Told(["five", "six"]))
            return waited

        assert asyncio.run(run()) == [["two"], ["three"], ["four"]]
        assert written == [frames_of(["one"]), frames_of(["five", "six"])]

    def test_frames_are_what_a_client_reads(self) -> None:
        texts = ["{}", "\u78b3" * 100, "x" * 70_000]
        reader = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN)
        reader.receive_data(frames_of(texts))
        heard = [event for event in reader.events_received() if isinstance(event, Frame)]
        assert [bytes(frame.data).decode() for frame in heard] == texts
        assert all(frame.opcode == Opcode.TEXT and frame.fin for frame in heard)


class TestRequests:
    def test_channels_by_word_share_the_products_and_objects_have_their_own(self) -> None:
        text = json.dumps(
            {
                "type": "subscribe",
                "product_ids": ["A-B", "C-D", "A-B"],
                "channels": ["ticker", {"name": "full", "product_ids": ["E-F"]}, {"name": "user"}],
            }
        )
        request = FeedRequest.parse(text)
        assert request.subscribes
        assert request.wanted == [
            ("ticker", ["A-B", "C-D"]),
            ("full", ["E-F"]),
            ("user", ["A-B", "C-D"]),
        ]

    def test_a_timestamp_may_be_a_number(self) -> None:
        body = {"type": "subscribe", "product_ids": ["A-B"], "channels": ["user"]}
        signed = {"key": "k", "signature": "s", "timestamp": 17, "passphrase": None}
        request = FeedRequest.parse(json.dumps(body | signed))
        assert request.credentials == {"key": "k", "signature": "s", "timestamp": "17"}

    def test_unsubscribing_without_products_means_all(self) -> None:
        request = FeedRequest.parse('{"type": "unsubscribe", "channels": ["ticker"]}')
        assert (request.subscribes, request.wanted) == (False, [("ticker", [])])

    @pytest.mark.parametrize(
        "text",
        [
            "", "x", "[]", "null", "[" * 60_000, "{}", " " * 70_000,
            '{"type": "shout"}',
            '{"type": "subscribe"}',
            '{"type": "subscribe", "channels": []}',
            '{"type": "subscribe", "channels": "ticker"}',
            '{"type": "subscribe", "channels": ["ticker"]}',
            '{"type": "subscribe", "channels": ["nothing"], "product_ids": ["A-B"]}',
            '{"type": "subscribe", "channels": [5], "product_ids": ["A-B"]}',
            '{"type": "subscribe", "channels": [{}], "product_ids": ["A-B"]}',
            '{"type": "subscribe", "channels": ["ticker"], "product_ids": "A-B"}',
            '{"type": "subscribe", "channels": ["ticker"], "product_ids": [7]}',
            '{"type": "subscribe", "channels": ["user"], "product_ids": ["A"], "key": "\\u00e9"}',
            '{"type": "subscribe", "channels": ["user"], "product_ids": ["A"], "key": "a\\nb"}',
        ],
    )  # fmt: skip
    def test_anything_else_is_refused_with_a_reason(self, text: str) -> None:
        with pytest.raises(RequestRefused) as refusal:
            FeedRequest.parse(text)
        assert refusal.value.message
        assert refusal.value.reason
