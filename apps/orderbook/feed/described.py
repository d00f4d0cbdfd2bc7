"""The feed's description (AsyncAPI 3.0): every channel, and every message that can come.

The tests hold each message that they hear against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apps.orderbook.dialect import SIDES
from apps.orderbook.feed.market import (
    AUCTION,
    CHANNELS,
    FULL,
    HEARTBEAT,
    LEVEL2,
    LEVEL2_BATCH,
    MATCHES,
    STATUS,
    TICKER,
    TICKER_BATCH,
    USER,
)

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
AMOUNT: Final[Schema] = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,6})?$"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
ID: Final[Schema] = {"type": "string", "format": "uuid"}
SIDE: Final[Schema] = {"enum": sorted(SIDES.values())}
PLACE: Final = {"product_id": TEXT, "sequence": COUNT, "time": TIME}
LEVELS: Final[Schema] = {
    "type": "array",
    "items": {"type": "array", "prefixItems": [AMOUNT, AMOUNT], "minItems": 2, "maxItems": 2},
}
# What the user channel adds for the owner of an order.
OWN: Final = dict.fromkeys(
    (
        *("user_id", "profile_id", "client_oid", "maker_fee_rate", "taker_fee_rate"),
        *("maker_user_id", "maker_profile_id", "taker_user_id", "taker_profile_id"),
    ),
    TEXT,
)

# What each channel sends.
SENT: Final[Mapping[str, tuple[str, ...]]] = {
    HEARTBEAT: ("heartbeat",),
    STATUS: ("status",),
    TICKER: ("ticker",),
    TICKER_BATCH: ("ticker",),
    MATCHES: ("last_match", "match"),
    AUCTION: ("auction",),
    LEVEL2: ("snapshot", "l2update"),
    LEVEL2_BATCH: ("snapshot", "l2update"),
    FULL: ("received", "open", "match", "change", "done"),
    USER: ("received", "open", "match", "change", "done"),
}
assert set(SENT) == {*CHANNELS, STATUS}


def _message(kind: str, required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, **required, **optional},
        "required": ["type", *required],
        "additionalProperties": False,
    }


def _traded(kind: str, required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return _message(kind, {**PLACE, **required}, **optional)


def _of_order(kind: str, required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return _traded(kind, {"order_id": ID, "side": SIDE, **required}, **OWN, **optional)


_TRADE: Final = {"trade_id": COUNT, "side": SIDE, "size": AMOUNT, "price": AMOUNT}
_TICKER: Final = {
    **dict.fromkeys(("price", "open_24h", "low_24h", "high_24h"), AMOUNT),
    **dict.fromkeys(("volume_24h", "volume_30d", "last_size"), AMOUNT),
    "side": SIDE,
    "trade_id": COUNT,
}
_BEST: Final = {f"best_{what}": AMOUNT for what in ("bid", "bid_size", "ask", "ask_size")}
_AUCTIONED: Final = ("best_bid", "best_ask", "open")
_CHANNEL: Final[Schema] = {
    "type": "object",
    "properties": {"name": TEXT, "product_ids": {"type": "array", "items": TEXT}},
    "required": ["name", "product_ids"],
}
_OBJECTS: Final[Schema] = {"type": "array", "items": {"type": "object"}}

MESSAGES: Final[Mapping[str, Schema]] = {
    "subscriptions": _message("subscriptions", {"channels": {"type": "array", "items": _CHANNEL}}),
    "error": _message("error", {"message": TEXT, "reason": TEXT}),
    "heartbeat": _traded("heartbeat", {"last_trade_id": COUNT}),
    "status": _message("status", {"products": _OBJECTS, "currencies": _OBJECTS}),
    "ticker": _traded("ticker", _TICKER, **_BEST),
    "auction": _message(
        "auction",
        {
            "product_id": TEXT,
            "sequence": COUNT,
            "auction_state": {"const": "collection"},
            "can_open": {"enum": ["yes", "no"]},
            "timestamp": TIME,
        },
        **dict.fromkeys((f"{what}_price" for what in _AUCTIONED), AMOUNT),
        **dict.fromkeys((f"{what}_size" for what in _AUCTIONED), AMOUNT),
    ),
    "last_match": _traded("last_match", _TRADE),
    "match": _traded("match", {**_TRADE, "maker_order_id": ID, "taker_order_id": ID}, **OWN),
    "snapshot": _message(
        "snapshot", {"product_id": TEXT, "sequence": COUNT, "bids": LEVELS, "asks": LEVELS}
    ),
    "l2update": _traded(
        "l2update",
        {
            "changes": {
                "type": "array",
                "items": {"type": "array", "prefixItems": [SIDE, AMOUNT, AMOUNT]},
            }
        },
    ),
    "received": _of_order(
        "received", {"order_type": TEXT}, price=AMOUNT, size=AMOUNT, funds=AMOUNT
    ),
    "open": _of_order("open", {"price": AMOUNT, "remaining_size": AMOUNT}),
    "change": _of_order(
        "change",
        {"reason": {"enum": ["STP", "modify_order"]}, "new_size": AMOUNT, "old_size": AMOUNT},
        **dict.fromkeys(("price", "old_price", "new_price"), AMOUNT),
    ),
    "done": _of_order(
        "done",
        {"reason": {"enum": ["filled", "canceled"]}},
        price=AMOUNT,
        remaining_size=AMOUNT,
    ),
}

_REQUEST: Final[Schema] = {
    "type": "object",
    "properties": {
        "type": {"enum": ["subscribe", "unsubscribe"]},
        "product_ids": {"type": "array", "items": TEXT},
        "channels": {"type": "array", "items": {"oneOf": [{"enum": sorted(SENT)}, _CHANNEL]}},
        **dict.fromkeys(("key", "passphrase", "timestamp", "signature"), TEXT),
    },
    "required": ["type", "channels"],
}


def description(*, host: str, protocol: str) -> dict[str, Any]:
    """The whole of it. Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0"""
    messages = {**MESSAGES, "request": _REQUEST}
    where = "#/channels/feed"
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ccmarket feed",
            "version": "1",
            "description": "One WebSocket. Subscribe within 30 seconds; docs/trading-api.md tells "
            "what to expect..",
        },
        "defaultContentType": "application/json",
        "servers": {"feed": {"host": host, "protocol": protocol}},
        "channels": {
            "feed": {
                "address": "/ws/feed",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "ask": {
                "action": "receive",
                "channel": {"$ref": where},
                "messages": [{"$ref": f"{where}/messages/request"}],
            },
            **{
                name: {
                    "action": "send",
                    "channel": {"$ref": where},
                    "messages": [{"$ref": f"{where}/messages/{message}"} for message in sent],
                }
                for name, sent in {**SENT, "manners": ("subscriptions", "error")}.items()
            },
        },
        "components": {
            "messages": {name: {"payload": schema} for name, schema in messages.items()}
        },
    }
