"""`/ws/feed`: one WebSocket connection."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from apps.orderbook.feed import render
from apps.orderbook.feed.client import Client, Farewell
from apps.orderbook.feed.hub import hub, in_thread
from apps.orderbook.feed.market import STATUS, USER
from apps.orderbook.feed.protocol import write_of
from apps.orderbook.feed.requests import (
    FeedRequest,
    RequestRefused,
    owner_signed,
    products_named,
)
from apps.orderbook.models import Product

log = structlog.get_logger(__name__)

# Whoever wants nothing is not kept.
SUBSCRIBE_WITHIN_S: Final = 30.0
NOTHING_ASKED: Final = 4000


class FeedConsumer(AsyncWebsocketConsumer):
    """Takes requests one after the other; a task of its own sends what the hub puts down.

    `subscribed` is by channel and product code.
    """

    client: Client
    subscribed: dict[tuple[str, str], Product]
    hears_status: bool
    sending: asyncio.Task[None]
    impatience: asyncio.TimerHandle

    async def connect(self) -> None:
        self.client = Client(write_of(self.scope))
        self.subscribed = {}
        self.hears_status = False
        await self.accept()
        self.sending = asyncio.create_task(self._send_all(), name="feed-send")
        self.impatience = asyncio.get_running_loop().call_later(
            SUBSCRIBE_WITHIN_S,
            self.client.dismiss,
            NOTHING_ASKED,
            "Subscribe to something within 30 seconds.",
        )

    async def disconnect(self, code: int) -> None:
        self.client.is_leaving = True
        self.impatience.cancel()
        self.sending.cancel()
        hub().unsubscribe_status(self.client)
        for (channel, _), product in self.subscribed.items():
            hub().unsubscribe(self.client, product, [channel])

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            request = FeedRequest.parse(text_data or "")
            if request.subscribes:
                await self._subscribe(request)
            else:
                await self._unsubscribe(request)
        except RequestRefused as refusal:
            self.client.put([render.error(refusal.message, refusal.reason)])
        except DatabaseError as error:
            log.warning("a subscription failed", reason=type(error).__name__)
            self.client.put([render.error("Failed to subscribe", "briefly unavailable, try again")])

    async def _subscribe(self, request: FeedRequest) -> None:
        if request.credentials:
            peer = self.scope.get("client")
            self._sign(await in_thread(owner_signed, request.credentials, peer))
        if self.client.owner is None and any(name == USER for name, _ in request.wanted):
            raise RequestRefused("Authentication Failed", "the user channel needs a signature")
        named = await in_thread(
            products_named, {name for _, names in request.wanted for name in names}
        )
        self.impatience.cancel()
        wanted = [
            (channel, named[name])
            for channel, names in request.wanted
            for name in names
            if (channel, named[name].code) not in self.subscribed
        ]
        self.subscribed |= {(channel, product.code): product for channel, product in wanted}
        begins_status = not self.hears_status and any(name == STATUS for name, _ in request.wanted)
        self.hears_status |= begins_status
        self._tell_subscriptions()
        if begins_status:
            await hub().subscribe_status(self.client)
        for channel, product in wanted:
            await hub().subscribe(self.client, product, [channel])

    def _sign(self, owner: int) -> None:
        if self.client.owner not in (None, owner):
            raise RequestRefused("Authentication Failed", "this connection is signed by another")
        self.client.owner = owner

    async def _unsubscribe(self, request: FeedRequest) -> None:
        named = await in_thread(
            products_named, {name for _, names in request.wanted for name in names}
        )
        if any(name == STATUS for name, _ in request.wanted):
            self.hears_status = False
            hub().unsubscribe_status(self.client)
        for channel, names in request.wanted:
            codes = {named[name].code for name in names}
            for key, product in list(self.subscribed.items()):
                if key[0] == channel and (key[1] in codes or not codes):
                    del self.subscribed[key]
                    hub().unsubscribe(self.client, product, [channel])
        self._tell_subscriptions()

    def _tell_subscriptions(self) -> None:
        pairs = ((channel, product) for (channel, _), product in self.subscribed.items())
        self.client.put([render.subscriptions(pairs, status=self.hears_status)])

    async def _send_all(self) -> None:
        try:
            while not isinstance(texts := await self.client.next(), Farewell):
                for text in texts:
                    await self.base_send({"type": "websocket.send", "text": text})
                self.client.sent()
            await self.send(text_data=render.error("Disconnected", texts.reason))
            await self.close(code=texts.code, reason=texts.reason)
        except Exception as error:
            # The connection broke; Channels is told of it as well and ends the rest.
            log.debug("a feed connection broke", reason=type(error).__name__)
