"""One connected client as the hub knows it: what it is to be sent, and how much may wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from apps.orderbook.feed.protocol import Write, frames_of

# Batches of messages, not messages: what one batch of the engine brings waits together, and is
# one object for all clients.
WAITING_MAX: Final = 512

SLOW: Final = 4008
INTERRUPTED: Final = 4009


@dataclass(frozen=True, slots=True)
class Farewell:
    """The last thing a client hears: an error message, then the close frame."""

    code: int
    reason: str


class Told(list[str]):
    """Messages for many clients, packed once."""

    @cached_property
    def frames(self) -> bytes:
        """As they go over the wire."""
        return frames_of(self)


class Client:
    """Someone who is connected. `owner` is whose orders it may see, once it has signed.

    `write` is the short way out, where there is one: it is taken as long as nothing waits.
    """

    def __init__(self, write: Write | None = None) -> None:
        self.owner: int | None = None
        self.is_leaving = False
        self._write = write
        # What was put down and is not sent yet, be it on its way out of `_waiting`.
        self._unsent = 0
        self._waiting: asyncio.Queue[Sequence[str] | Farewell] = asyncio.Queue(WAITING_MAX)

    def put(self, texts: Sequence[str]) -> None:
        """Lets messages follow those that wait. Who lets too many wait is sent away."""
        if self.is_leaving:
            return
        if self._is_written(texts):
            return
        try:
            self._waiting.put_nowait(texts)
            self._unsent += 1
        except asyncio.QueueFull:
            self.dismiss(SLOW, "Too slow: the feed was ahead of this connection. Connect again.")

    def _is_written(self, texts: Sequence[str]) -> bool:
        if self._write is None or self._unsent:
            return False
        return self._write(texts.frames if isinstance(texts, Told) else frames_of(texts))

    def dismiss(self, code: int, reason: str) -> None:
        """Sends the client away. What still waits for it is forgotten."""
        if self.is_leaving:
            return
        self.is_leaving = True
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(Farewell(code, reason))

    async def next(self) -> Sequence[str] | Farewell:
        """What is to be sent next. `sent` says that it was."""
        return await self._waiting.get()

    def sent(self) -> None:
        """What `next` gave is on its way."""
        self._unsent -= 1
