"""The words of Coinbase Exchange's API for what we store as small integers.

Source: https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api and its WebSocket feed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from apps.accounts.amounts import text_from_micro
from apps.accounts.models import Transfer
from apps.orderbook.models.enums import (
    DoneReason,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    Stop,
    TimeInForce,
)
from apps.orderbook.selectors.orders import PENDING

# A stop order that waits for its price is open to us.
ACTIVE: Final = "active"

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Words = Mapping[int, str]

SIDES: Final[Words] = {Side.BUY: "buy", Side.SELL: "sell"}
# Trades are public by the side of the resting order; we keep the other one.
MAKER_SIDES: Final[Words] = {Side.BUY: SIDES[Side.SELL], Side.SELL: SIDES[Side.BUY]}
ORDER_TYPES: Final[Words] = {OrderType.LIMIT: "limit", OrderType.MARKET: "market"}
TIMES_IN_FORCE: Final[Words] = {
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.GTT: "GTT",
}
STOPS: Final[Words] = {Stop.LOSS: "loss", Stop.ENTRY: "entry"}
# What `cancel_after` may say.
LIVES: Final[Mapping[str, timedelta]] = {
    "min": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
SELF_TRADES: Final[Words] = {
    SelfTrade.DC: "dc",
    SelfTrade.CO: "co",
    SelfTrade.CN: "cn",
    SelfTrade.CB: "cb",
}
STATUSES: Final[Words] = {
    PENDING: "pending",
    OrderStatus.OPEN: "open",
    OrderStatus.DONE: "done",
    OrderStatus.REJECTED: "rejected",
}
DONE_REASONS: Final[Words] = {
    DoneReason.FILLED: "filled",
    DoneReason.CANCELED: "canceled",
    DoneReason.SELF_TRADE: "canceled",
    DoneReason.NOT_FILLABLE: "canceled",
    DoneReason.EXPIRED: "canceled",
}
REJECT_REASONS: Final[Words] = {
    DoneReason.INSUFFICIENT_FUNDS: "insufficient funds",
    DoneReason.POST_ONLY: "post only",
    DoneReason.NOT_OPEN: "market halted",
    DoneReason.INVALID: "invalid order",
}
# The rest are movements in and out, which the dialect calls transfers.
LEDGER_TYPES: Final[Words] = {
    **dict.fromkeys(Transfer.Kind.values, "transfer"),
    Transfer.Kind.TRADE: "match",
    Transfer.Kind.FEE: "fee",
    Transfer.Kind.PLEDGE: "conversion",
    Transfer.Kind.UNPLEDGE: "conversion",
}


def time_text(moment: datetime) -> str:
    """`2014-11-07T08:19:27.028459Z`: always in UTC and with microseconds."""
    ours = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return ours.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def rate_text(bps: int) -> str:
    """Basis points as a fraction of one: 25 -> `0.0025`."""
    return text_from_micro(bps * 100, decimals_min=4)
