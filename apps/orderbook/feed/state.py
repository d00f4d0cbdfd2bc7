"""A market as a process follows it: its price levels and its last trades. Pure, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from apps.orderbook.engine.book.auction import Clearing
from apps.orderbook.feed.payload import Change, Message, Payload

BUY, SELL = "buy", "sell"


class Gap(Exception):
    """Something between what is known and what has arrived was missed."""


@dataclass(frozen=True, slots=True)
class Trade:
    """The last trade. `side` is the taker's; `at_us` microseconds since 1970."""

    trade_id: int
    side: str
    price: int
    size: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours and 30 days. Exact when read; until read again, trades are only added."""

    open: int | None = None
    high: int | None = None
    low: int | None = None
    volume: int = 0
    volume_month: int = 0

    def with_trade(self, price: int, size: int) -> Day:
        """A trade more."""
        return replace(
            self,
            open=price if self.open is None else self.open,
            high=price if self.high is None else max(self.high, price),
            low=price if self.low is None else min(self.low, price),
            volume=self.volume + size,
            volume_month=self.volume_month + size,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A market as the database has it at one moment. Levels are size by price."""

    sequence: int
    bids: Mapping[int, int]
    asks: Mapping[int, int]
    trade: Trade | None
    day: Day


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A snapshot, and the messages that lead to it; None when they are too many."""

    snapshot: Snapshot
    messages: list[Message] | None


@dataclass(frozen=True, slots=True)
class AuctionStanding:
    """An auction at one moment: the best (price, size) of each side, and what would trade now."""

    sequence: int
    bid: tuple[int, int] | None
    ask: tuple[int, int] | None
    clearing: Clearing | None


class Fees(NamedTuple):
    """What an order pays, in basis points, in either part."""

    maker: int
    taker: int


class MarketState:
    """Follows a market from a snapshot on, payload by payload."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.sequence = snapshot.sequence
        self.levels = {BUY: dict(snapshot.bids), SELL: dict(snapshot.asks)}
        self.trade = snapshot.trade
        self.day = snapshot.day

    def apply(self, payload: Payload) -> list[Change] | None:
        """Takes in a payload and returns the levels that are not what they were.

        None when all of it is known already. Raises Gap.
        """
        if payload.end <= self.sequence:
            return None
        if payload.sequence != self.sequence:
            raise Gap(f"{payload.sequence} follows {self.sequence}")
        self.sequence = payload.end
        self._count_trades(payload.messages)
        # A level may have come and gone within the batch.
        return [change for change in payload.changes if self._set_level(*change)]

    def _set_level(self, side: str, price: int, size: int) -> bool:
        levels = self.levels[side]
        before = levels.get(price, 0)
        if size:
            levels[price] = size
        else:
            levels.pop(price, None)
        return size != before

    def changes_to(self, snapshot: Snapshot) -> list[Change]:
        """What changes the levels known here into those of the snapshot."""
        return [
            (side, price, there.get(price, 0))
            for side, there in ((BUY, snapshot.bids), (SELL, snapshot.asks))
            for price in self.levels[side].keys() | there.keys()
            if self.levels[side].get(price, 0) != there.get(price, 0)
        ]

    def best(self, side: str) -> tuple[int, int] | None:
        """The best price of a side and its size; None when there is none."""
        levels = self.levels[side]
        if not levels:
            return None
        price = max(levels) if side == BUY else min(levels)
        return price, levels[price]

    def _count_trades(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message["type"] == "match":
                taker_side = SELL if message["side"] == BUY else BUY
                price, size = message["price"], message["size"]
                self.trade = Trade(message["trade_id"], taker_side, price, size, message["time"])
                self.day = self.day.with_trade(price, size)
