"""The feed's messages as text, in the words of Coinbase Exchange's WebSocket feed.

Source: https://docs.cdp.coinbase.com/exchange/docs/websocket-channels. `snapshot` and `l2update`
carry the `sequence` they stand at as well, so that they can be held against REST.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from apps.accounts.amounts import text_from_micro
from apps.orderbook.dialect import EPOCH, rate_text, time_text
from apps.orderbook.feed.payload import Change, Message
from apps.orderbook.feed.state import BUY, SELL, AuctionStanding, MarketState
from apps.orderbook.ids import order_uuid, profile_uuid
from apps.orderbook.models import Product
from apps.orderbook.names import product_id

_AMOUNTS: Final = frozenset(
    {
        "price",
        "size",
        "funds",
        "remaining_size",
        "old_size",
        "new_size",
        "old_price",
        "new_price",
        "old_funds",
        "new_funds",
    }
)
_ORDERS: Final = frozenset({"order_id", "maker_order_id", "taker_order_id"})
# What a message carries for its order's owner alone.
_PRIVATE: Final = frozenset({"owner", "maker_bps", "taker_bps", "client_oid"})


def text(message: Mapping[str, Any]) -> str:
    """A message as it is sent."""
    return json.dumps(message, separators=(",", ":"))


def moment(at_us: int) -> str:
    """Microseconds since 1970 as the dialect's time."""
    return time_text(EPOCH + timedelta(microseconds=at_us))


def public(message: Message, product: str) -> dict[str, Any]:
    """A message of the full channel. What has no value is left out."""
    told: dict[str, Any] = {}
    for name, value in message.items():
        if value is None or name in _PRIVATE:
            continue
        if name in _AMOUNTS:
            value = text_from_micro(value)
        elif name in _ORDERS:
            value = str(order_uuid(value))
        told[name] = value
    return told | {"product_id": product, "time": moment(message["time"])}


def private(
    told: Mapping[str, Any], owner: int, *, fee: tuple[str, int] | None, client_oid: str | None
) -> dict[str, Any]:
    """A message of the user channel: the public one, with what concerns its owner.

    `fee` is ("maker" or "taker", basis points) in a match.
    """
    profile = str(profile_uuid(owner))
    mine = {**told, "user_id": profile, "profile_id": profile}
    if client_oid is not None:
        mine["client_oid"] = client_oid
    if fee is not None:
        role, bps = fee
        mine |= {
            f"{role}_user_id": profile,
            f"{role}_profile_id": profile,
            f"{role}_fee_rate": rate_text(bps),
        }
    return mine


def snapshot(state: MarketState, product: str) -> str:
    """The book by price level."""
    return text(
        {
            "type": "snapshot",
            "product_id": product,
            "sequence": state.sequence,
            "bids": _levels(state.levels[BUY], best_first=True),
            "asks": _levels(state.levels[SELL], best_first=False),
        }
    )


def _levels(levels: Mapping[int, int], *, best_first: bool) -> list[tuple[str, str]]:
    return [
        (text_from_micro(price), text_from_micro(levels[price]))
        for price in sorted(levels, reverse=best_first)
    ]


def l2update(changes: Iterable[Change], *, product: str, sequence: int, at: datetime) -> str:
    """What changed by price level. A size of 0 means that nothing is left there."""
    return text(
        {
            "type": "l2update",
            "product_id": product,
            "sequence": sequence,
            "time": time_text(at),
            "changes": [
                (side, text_from_micro(price), text_from_micro(size))
                for side, price, size in changes
            ],
        }
    )


def ticker(state: MarketState, product: str) -> str | None:
    """The market in one line; None before its first trade."""
    trade, day = state.trade, state.day
    if trade is None:
        return None
    prices = {"open_24h": day.open, "low_24h": day.low, "high_24h": day.high}
    message: dict[str, Any] = {
        "type": "ticker",
        "sequence": state.sequence,
        "product_id": product,
        "price": text_from_micro(trade.price),
        # Without a trade in 24 hours the price has not moved.
        **{
            name: text_from_micro(trade.price if price is None else price)
            for name, price in prices.items()
        },
        "volume_24h": text_from_micro(day.volume),
        "volume_30d": text_from_micro(day.volume_month),
        "side": trade.side,
        "time": moment(trade.at_us),
        "trade_id": trade.trade_id,
        "last_size": text_from_micro(trade.size),
    }
    for name, side in (("bid", BUY), ("ask", SELL)):
        if best := state.best(side):
            price, size = best
            message[f"best_{name}"] = text_from_micro(price)
            message[f"best_{name}_size"] = text_from_micro(size)
    return text(message)


def auction(standing: AuctionStanding, product: str, at: datetime) -> str:
    """Where an auction stands. What there is none of is left out."""
    pairs = {
        ("best_bid_price", "best_bid_size"): standing.bid,
        ("best_ask_price", "best_ask_size"): standing.ask,
        ("open_price", "open_size"): standing.clearing,
    }
    return text(
        {
            "type": "auction",
            "product_id": product,
            "sequence": standing.sequence,
            "auction_state": "collection",
            **{
                name: text_from_micro(value)
                for names, values in pairs.items()
                if values is not None
                for name, value in zip(names, values, strict=True)
            },
            "can_open": "yes" if standing.clearing else "no",
            "timestamp": time_text(at),
        }
    )


def last_match(state: MarketState, product: str) -> str | None:
    """The trade before those that follow; None when there was none."""
    if (trade := state.trade) is None:
        return None
    return text(
        {
            "type": "last_match",
            "trade_id": trade.trade_id,
            "side": SELL if trade.side == BUY else BUY,
            "size": text_from_micro(trade.size),
            "price": text_from_micro(trade.price),
            "product_id": product,
            "sequence": state.sequence,
            "time": moment(trade.at_us),
        }
    )


def heartbeat(state: MarketState, product: str, at: datetime) -> str:
    """Says that the feed is alive, and up to which message and trade."""
    return text(
        {
            "type": "heartbeat",
            "sequence": state.sequence,
            "last_trade_id": state.trade.trade_id if state.trade else 0,
            "product_id": product,
            "time": time_text(at),
        }
    )


def subscriptions(subscribed: Iterable[tuple[str, Product]], *, status: bool) -> str:
    """All that a client is subscribed to now, as (channel, product); `status` has no product."""
    names: dict[str, list[str]] = {}
    for channel, product in subscribed:
        names.setdefault(channel, []).append(product_id(product.base.code, product.quote.code))
    if status:
        names["status"] = []
    channels = [{"name": channel, "product_ids": products} for channel, products in names.items()]
    return text({"type": "subscriptions", "channels": channels})


def error(message: str, reason: str) -> str:
    """Something that a client asked for and does not get."""
    return text({"type": "error", "message": message, "reason": reason})
