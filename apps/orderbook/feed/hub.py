"""One hub per process (and event loop): hears the engines on Redis and tells every client.

Redis only makes it fast. Whatever was missed, because a message was lost or Redis is away, is seen
by its sequence number or by asking the database once a second, and is made up from there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from apps.orderbook.feed import source
from apps.orderbook.feed.client import Client, Told
from apps.orderbook.feed.market import USER, MarketFeed
from apps.orderbook.feed.payload import CHANNEL, NotAPayload, Payload
from apps.orderbook.feed.state import Gap
from apps.orderbook.models import Product
from apps.orderbook.names import product_id

log = structlog.get_logger(__name__)

TICK_S: Final = 1.0
RECONNECT_S: Final = 0.5
REDIS_TIMEOUT_S: Final = 5.0
# A market that nobody follows any more is forgotten after so long.
LINGER_S: Final = 30.0
DAY_REFRESH_S: Final = 60.0
STATUS_EVERY_S: Final = 5.0
# Payloads that may wait while a market is read from the database.
WAITING_MAX: Final = 1_000

T = TypeVar("T")


class FollowedMarket:
    """A market, its subscribers, and what has arrived while it is read from the database."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.name = product_id(product.base.code, product.quote.code)
        self.feed: MarketFeed | None = None
        self.reading = asyncio.Lock()
        self.waiting: list[Payload] = []
        # What the database had at the last look: a hub that is not there by the next has missed it.
        self.due = 0
        self.day_read_s = time.monotonic()
        self.idle_since_s = time.monotonic()

    @property
    def channel(self) -> str:
        return f"{CHANNEL}{self.product.code}"


class Hub:
    """Follows the markets that somebody is subscribed to."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._markets: dict[str, FollowedMarket] = {}
        self._redis: Any = None
        self._pubsub: Any = None
        self._tasks: list[asyncio.Task[None]] = []
        self._status_readers: set[Client] = set()
        self._status_told_s = 0.0

    # Clients

    async def subscribe(self, client: Client, product: Product, channels: Iterable[str]) -> None:
        """Tells the client what happens in the market from now on, and first what there is."""
        self._ensure_running()
        market = await self._follow(product)
        assert market.feed is not None
        channels = tuple(channels)
        if USER in channels:
            assert client.owner is not None, "whoever follows its orders has signed"
            market.feed.watch_owner(client.owner)
            orders = await in_thread(source.orders_open, product, client.owner)
            market.feed.know_orders(client.owner, orders)
        for channel in channels:
            market.feed.add(client, channel)

    def unsubscribe(self, client: Client, product: Product, channels: Iterable[str]) -> None:
        """Tells the client no more of this."""
        market = self._markets.get(product.code)
        if market is not None and market.feed is not None:
            for channel in channels:
                market.feed.remove(client, channel)

    async def subscribe_status(self, client: Client) -> None:
        """Tells the client what can be traded and held, now and every few seconds."""
        self._ensure_running()
        client.put([await in_thread(source.status)])
        self._status_readers.add(client)

    def unsubscribe_status(self, client: Client) -> None:
        """Tells the client no more of it."""
        self._status_readers.discard(client)

    async def _follow(self, product: Product) -> FollowedMarket:
        market = self._markets.get(product.code)
        if market is None:
            market = self._markets[product.code] = FollowedMarket(product)
            await self._listen(market)
        async with market.reading:
            if market.feed is None:
                snapshot = await in_thread(source.snapshot, product)
                market.feed = MarketFeed(market.name, snapshot)
                await self._take_waiting(market)
        return market

    # Redis

    def _ensure_running(self) -> None:
        if not self._tasks or any(task.done() for task in self._tasks):
            self._tasks = [
                asyncio.create_task(self._for_ever(self._hear), name="feed-hear"),
                asyncio.create_task(self._for_ever(self._tick), name="feed-tick"),
            ]

    async def _for_ever(self, step: Callable[[], Awaitable[None]]) -> None:
        """Nothing may end it: every client of the process hangs on it."""
        while True:
            try:
                await step()
            except (RedisError, OSError) as error:
                log.warning("the feed does without Redis", reason=type(error).__name__)
                await self._hang_up()
                await asyncio.sleep(RECONNECT_S)
            except DatabaseError as error:
                log.warning("the feed cannot ask the database", reason=type(error).__name__)
                await asyncio.sleep(RECONNECT_S)
            except Exception:
                log.exception("the feed stumbled")
                await asyncio.sleep(RECONNECT_S)

    async def _hear(self) -> None:
        if self._pubsub is None:
            self._redis = Redis.from_url(self._redis_url, socket_connect_timeout=REDIS_TIMEOUT_S)
            pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
            # A channel of its own, so that there is one to wait on before the first market.
            await pubsub.subscribe("feed", *(m.channel for m in self._markets.values()))
            self._pubsub = pubsub
        message = await self._pubsub.get_message(timeout=REDIS_TIMEOUT_S)
        if message is not None:
            await self._heard(message["channel"].decode(), message["data"])

    async def _hang_up(self) -> None:
        self._pubsub, redis, self._redis = None, self._redis, None
        if redis is not None:
            with suppress(RedisError, OSError):
                await redis.aclose()

    async def _heard(self, channel: str, data: bytes) -> None:
        market = self._markets.get(channel.removeprefix(CHANNEL))
        if market is None:
            return
        try:
            payload = Payload.parse(data)
        except NotAPayload as error:
            log.warning("not a feed message", channel=channel, reason=str(error))
            return
        if market.reading.locked():
            # Too many for the list leave a gap, which is noticed like any other.
            if len(market.waiting) < WAITING_MAX:
                market.waiting.append(payload)
        elif market.feed is not None:
            self._take(market, payload)

    def _take(self, market: FollowedMarket, payload: Payload) -> None:
        assert market.feed is not None
        try:
            market.feed.take(payload)
        except Gap as gap:
            log.warning("the feed missed something", product=market.product.code, gap=str(gap))
            _in_background(self._catch_up(market))

    async def _listen(self, market: FollowedMarket, *, on: bool = True) -> None:
        if self._pubsub is not None:
            switch = self._pubsub.subscribe if on else self._pubsub.unsubscribe
            try:
                await switch(market.channel)
            except (RedisError, OSError):
                self._pubsub = None  # The next connection listens to what is followed then.

    # The database

    async def _catch_up(self, market: FollowedMarket) -> None:
        if market.reading.locked():
            return
        async with market.reading:
            assert market.feed is not None
            sequence = market.feed.state.sequence
            market.feed.jump(await in_thread(source.catch_up, market.product, sequence))
            await self._take_waiting(market)

    async def _take_waiting(self, market: FollowedMarket) -> None:
        """What arrived meanwhile. A gap in it is for the next look at the database."""
        assert market.feed is not None
        waiting, market.waiting = market.waiting, []
        try:
            for payload in waiting:
                market.feed.take(payload)
        except Gap:
            market.due = payload.end

    async def _tick(self) -> None:
        await asyncio.sleep(TICK_S)
        followed = [market for market in self._markets.values() if market.feed is not None]
        for market in followed:
            assert market.feed is not None
            market.feed.beat()
        self._forget_idle(followed)
        await self._tell_status()
        await self._tell_auctions(followed)
        by_id = {market.product.pk: market for market in followed}
        for pk, sequence in (await in_thread(source.sequences, tuple(by_id))).items():
            await self._compare(by_id[pk], sequence)

    async def _tell_status(self) -> None:
        now_s = time.monotonic()
        if self._status_readers and now_s - self._status_told_s >= STATUS_EVERY_S:
            self._status_told_s = now_s
            told = Told([await in_thread(source.status)])
            for client in tuple(self._status_readers):
                client.put(told)

    async def _tell_auctions(self, followed: Iterable[FollowedMarket]) -> None:
        by_id = {
            market.product.pk: market
            for market in followed
            if market.feed is not None and market.feed.is_followed_in_auctions
        }
        if not by_id:
            return
        for pk, standing in (await in_thread(source.auctions, tuple(by_id))).items():
            feed = by_id[pk].feed
            assert feed is not None
            feed.tell_auction(standing)

    async def _compare(self, market: FollowedMarket, sequence: int) -> None:
        assert market.feed is not None
        # What was committed just now may still be on its way; without Redis nothing is.
        due = sequence if self._pubsub is None else market.due
        if market.feed.state.sequence < due:
            await self._catch_up(market)
        market.due = sequence
        if time.monotonic() - market.day_read_s > DAY_REFRESH_S:
            market.day_read_s = time.monotonic()
            market.feed.state.day = await in_thread(source.day, market.product)

    def _forget_idle(self, followed: Iterable[FollowedMarket]) -> None:
        now_s = time.monotonic()
        for market in followed:
            assert market.feed is not None
            if market.feed.is_followed or market.reading.locked():
                market.idle_since_s = now_s
            elif now_s - market.idle_since_s > LINGER_S:
                del self._markets[market.product.code]
                _in_background(self._listen(market, on=False))


async def in_thread(read: Callable[..., T], *arguments: Any) -> T:
    """Many markets may be read at once: not all in the one thread that Django keeps for this."""
    result: T = await database_sync_to_async(partial(read, *arguments), thread_sensitive=False)()
    return result


_background: set[asyncio.Task[Any]] = set()


def _in_background(work: Any) -> None:
    task = asyncio.ensure_future(work)
    _background.add(task)
    task.add_done_callback(_background.discard)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """This process's hub; there is one for each event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(hub_url())
    return _hubs[loop]


def hub_url() -> str:
    """Where the engines are heard."""
    return str(settings.REDIS_URL)
