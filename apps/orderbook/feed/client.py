"""One connected client as the hub knows it: what it is to be sent, and how much may wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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


class Client:
    """Someone who is connected. `owner` is whose orders it may see, once it has signed."""

    def __init__(self) -> None:
        self.owner: int | None = None
        self.is_leaving = False
        self._waiting: asyncio.Queue[Sequence[str] | Farewell] = asyncio.Queue(WAITING_MAX)

    def put(self, texts: Sequence[str]) -> None:
        """Lets messages follow those that wait. Who lets too many wait is sent away."""
        if self.is_leaving:
            return
        try:
            self._waiting.put_nowait(texts)
        except asyncio.QueueFull:
            self.dismiss(SLOW, "Too slow: the feed was ahead of this connection. Connect again.")

    def dismiss(self, code: int, reason: str) -> None:
        """Sends the client away. What still waits for it is forgotten."""
        if self.is_leaving:
            return
        self.is_leaving = True
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(Farewell(code, reason))

    async def next(self) -> Sequence[str] | Farewell:
        """What is to be sent next."""
        return await self._waiting.get()
