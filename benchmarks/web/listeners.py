"""Many WebSocket clients of the feed in one event loop, each doing as little as it can.

What each client heard is kept as it came, with the time: it is read when everything is over.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Final, cast

HANDSHAKE: Final = (
    b"GET /ws/feed HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
# A client has to mask what it sends; by nothing is allowed.
NO_MASK: Final = b"\x00\x00\x00\x00"


class Listener(asyncio.Protocol):
    """Subscribes to one channel of one market. `heard` is (when, what), RFC 6455's texts."""

    def __init__(self, market: str, channel: str) -> None:
        self.channel = channel
        self.heard: list[tuple[float, bytes]] = []
        self.is_subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_gone = False
        self._buffer = HANDSHAKE[:0]
        self._is_open = False
        self._wants = json.dumps(
            {"type": "subscribe", "product_ids": [market], "channels": [channel]}
        ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True

    def close(self) -> None:
        """Hangs up."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        now_s = time.monotonic()
        data = self._buffer + data if self._buffer else data
        at = 0
        if not self._is_open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            assert data.startswith(b"HTTP/1.1 101"), data[:200]
            self._is_open, at = True, end + 4
            self._send(TEXT, self._wants)
        while (frame := frame_at(data, at)) is not None:
            opcode, start, at = frame
            if opcode == TEXT:
                self._take(now_s, data[start:at])
            elif opcode == PING:
                self._send(PONG, data[start:at])
            elif opcode == CLOSE:
                self.is_gone = True
        self._buffer = data[at:]

    def _take(self, now_s: float, text: bytes) -> None:
        self.heard.append((now_s, text))
        if not self.is_subscribed.done() and text.startswith(b'{"type":"snapshot"'):
            self.is_subscribed.set_result(None)

    def _send(self, opcode: int, body: bytes) -> None:
        size = len(body)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._transport.write(bytes([0x80 | opcode]) + length + NO_MASK + body)


def frame_at(data: bytes, at: int) -> tuple[int, int, int] | None:
    """The frame that begins there: its opcode, and where its body starts and ends."""
    if len(data) < at + 2:
        return None
    size, start = data[at + 1], at + 2
    if size >= 126:
        width = 2 if size == 126 else 8
        if len(data) < start + width:
            return None
        size = int.from_bytes(data[start : start + width], "big")
        start += width
    return (data[at] & 0x0F, start, start + size) if len(data) >= start + size else None


def levels_of(texts: list[bytes]) -> tuple[int, dict[tuple[str, str], str]]:
    """The book that a client comes to, and the sequence at which it stands."""
    sequence, levels = -1, {}
    for text in texts:
        message: dict[str, Any] = json.loads(text)
        if message["type"] == "snapshot":
            sides = (("buy", message["bids"]), ("sell", message["asks"]))
            levels = {(side, price): size for side, rows in sides for price, size in rows}
        elif message["type"] == "l2update":
            assert message["sequence"] > sequence, "it goes forward"
            for side, price, size in message["changes"]:
                levels[side, price] = size
        else:
            continue
        sequence = message["sequence"]
    return sequence, {where: size for where, size in levels.items() if size != "0"}
