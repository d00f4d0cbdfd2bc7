"""One market's subscribers, and what each of them is told when something happens in it.

Nothing here waits: between what is known and what was sent there is never a moment in which a
subscriber could slip in and miss something.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.utils import timezone

from apps.orderbook.feed import render
from apps.orderbook.feed.client import INTERRUPTED, Client, Told
from apps.orderbook.feed.payload import Change, Message, Payload
from apps.orderbook.feed.state import AuctionStanding, CaughtUp, Fees, MarketState, Snapshot

BATCH_S: Final = 0.05
TICKER_BATCH_S: Final = 5.0

HEARTBEAT, TICKER, TICKER_BATCH, MATCHES = "heartbeat", "ticker", "ticker_batch", "matches"
LEVEL2, LEVEL2_BATCH, FULL, USER = "level2", "level2_batch", "full", "user"
AUCTION: Final = "auctionfeed"
CHANNELS: Final = (
    *(HEARTBEAT, TICKER, TICKER_BATCH, MATCHES, AUCTION),
    *(LEVEL2, LEVEL2_BATCH, FULL, USER),
)
# Of no market in particular: the hub tells it.
STATUS: Final = "status"
# The channels whose readers count on every message.
_GAPLESS: Final = (FULL, USER, MATCHES)


class MarketFeed:
    """A market that somebody follows. `name` is its product id in the dialect."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.state = MarketState(snapshot)
        self._readers: dict[str, set[Client]] = {channel: set() for channel in CHANNELS}
        # Of every owner who follows its own orders: the open ones.
        self._orders: dict[int, dict[int, Fees]] = {}
        self._owner_of: dict[int, int] = {}
        # Levels that changed since level2_batch was last told, and to what.
        self._batched: dict[tuple[str, int], int] = {}
        self._ticker_is_due = False
        self._snapshot_text: tuple[int, str] = (-1, "")

    @property
    def is_followed(self) -> bool:
        return any(self._readers.values())

    @property
    def is_followed_in_auctions(self) -> bool:
        return bool(self._readers[AUCTION])

    # Subscribers

    def add(self, client: Client, channel: str) -> None:
        """From now on the client is told; first, what it starts from."""
        if client in self._readers[channel]:
            return
        first: str | None = None
        if channel in (LEVEL2, LEVEL2_BATCH):
            first = self._snapshot()
        elif channel in (TICKER, TICKER_BATCH):
            first = render.ticker(self.state, self.name)
        elif channel == MATCHES:
            first = render.last_match(self.state, self.name)
        if first is not None:
            client.put([first])
        self._readers[channel].add(client)

    def remove(self, client: Client, channel: str) -> None:
        """The client is told no more."""
        self._readers[channel].discard(client)
        if channel == USER and not any(c.owner == client.owner for c in self._readers[USER]):
            for order_id in self._orders.pop(client.owner or 0, {}):
                del self._owner_of[order_id]

    def watch_owner(self, owner: int) -> None:
        """Begins to keep track of the orders that this owner places."""
        self._orders.setdefault(owner, {})

    def know_orders(self, owner: int, orders: Mapping[int, Fees]) -> None:
        """These orders of a watched owner were open before."""
        if owner in self._orders:
            self._orders[owner] |= orders
            self._owner_of |= dict.fromkeys(orders, owner)

    # What happens

    def take(self, payload: Payload) -> None:
        """Something happened. Raises Gap when it is not what comes next."""
        changes = self.state.apply(payload)
        if changes is not None:
            self._tell(payload.messages, changes)

    def jump(self, caught_up: CaughtUp) -> None:
        """Something was missed: tells it from the database, or whom it cannot tell it."""
        if caught_up.snapshot.sequence <= self.state.sequence:
            return
        changes = self.state.changes_to(caught_up.snapshot)
        self.state = MarketState(caught_up.snapshot)
        if caught_up.messages is None:
            for client in set().union(*(self._readers[channel] for channel in _GAPLESS)):
                client.dismiss(INTERRUPTED, "The feed was interrupted. Connect again.")
        self._tell(caught_up.messages or [], changes)

    def beat(self) -> None:
        """Tells those who want to hear that the feed is alive."""
        if readers := self._readers[HEARTBEAT]:
            _send(readers, [render.heartbeat(self.state, self.name, timezone.now())])

    def tell_auction(self, standing: AuctionStanding) -> None:
        """Tells where the auction that the market is in stands."""
        _send(self._readers[AUCTION], [render.auction(standing, self.name, timezone.now())])

    def _tell(self, messages: Sequence[Message], changes: Sequence[Change]) -> None:
        if changes:
            self._tell_levels(changes)
        has_trades = any(message["type"] == "match" for message in messages)
        if has_trades:
            self._tell_ticker()
        everything, trades, user = (self._readers[name] for name in (FULL, MATCHES, USER))
        if not (everything or user or (has_trades and trades)):
            return
        told = [render.public(message, self.name) for message in messages]
        if everything:
            _send(everything, [render.text(message) for message in told])
        if has_trades and trades:
            _send(trades, [render.text(m) for m in told if m["type"] == "match"])
        if user:
            self._tell_owners(messages, told)

    def _tell_ticker(self) -> None:
        if self._readers[TICKER_BATCH] and not self._ticker_is_due:
            self._ticker_is_due = True
            asyncio.get_running_loop().call_later(TICKER_BATCH_S, self._tell_ticker_batch)
        self._send_ticker(TICKER)

    def _tell_ticker_batch(self) -> None:
        self._ticker_is_due = False
        self._send_ticker(TICKER_BATCH)

    def _send_ticker(self, channel: str) -> None:
        if readers := self._readers[channel]:
            ticker = render.ticker(self.state, self.name)
            assert ticker is not None, "there was a trade"
            _send(readers, [ticker])

    def _tell_levels(self, changes: Sequence[Change]) -> None:
        if readers := self._readers[LEVEL2]:
            _send(readers, [self._l2update(changes)])
        if self._readers[LEVEL2_BATCH]:
            if not self._batched:
                asyncio.get_running_loop().call_later(BATCH_S, self._tell_batched)
            self._batched |= {(side, price): size for side, price, size in changes}

    def _tell_batched(self) -> None:
        changes = [(side, price, size) for (side, price), size in self._batched.items()]
        self._batched.clear()
        _send(self._readers[LEVEL2_BATCH], [self._l2update(changes)])

    def _l2update(self, changes: Sequence[Change]) -> str:
        return render.l2update(
            changes, product=self.name, sequence=self.state.sequence, at=timezone.now()
        )

    def _snapshot(self) -> str:
        sequence, text = self._snapshot_text
        if sequence != self.state.sequence:
            text = render.snapshot(self.state, self.name)
            self._snapshot_text = (self.state.sequence, text)
        return text

    # Own orders

    def _tell_owners(self, messages: Sequence[Message], told: Sequence[dict[str, Any]]) -> None:
        mine: defaultdict[int, list[str]] = defaultdict(list)
        for message, public in zip(messages, told, strict=True):
            for owner, private in self._private(message, public):
                mine[owner].append(render.text(private))
        for client in tuple(self._readers[USER]):
            if client.owner is not None and (texts := mine.get(client.owner)):
                client.put(texts)

    def _private(
        self, message: Message, public: dict[str, Any]
    ) -> Iterable[tuple[int, dict[str, Any]]]:
        """The message as each watched owner it concerns is to see it."""
        kind = message["type"]
        if kind == "received":
            self._note(message)
        if kind == "match":
            for role in ("maker", "taker"):
                order_id = message[f"{role}_order_id"]
                if (owner := self._owner_of.get(order_id)) is not None:
                    fee = role, getattr(self._orders[owner][order_id], role)
                    yield owner, render.private(public, owner, fee=fee, client_oid=None)
            return
        order_id = message["order_id"]
        if (owner := self._owner_of.get(order_id)) is None:
            return
        yield owner, render.private(public, owner, fee=None, client_oid=message.get("client_oid"))
        if kind == "done":
            del self._owner_of[order_id], self._orders[owner][order_id]

    def _note(self, message: Message) -> None:
        if (orders := self._orders.get(message["owner"])) is not None:
            orders[message["order_id"]] = Fees(message["maker_bps"], message["taker_bps"])
            self._owner_of[message["order_id"]] = message["owner"]


def _send(readers: Iterable[Client], texts: Sequence[str]) -> None:
    told = Told(texts)
    for client in tuple(readers):
        client.put(told)
