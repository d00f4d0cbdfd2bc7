"""The web server's WebSockets, with a short way out for messages that are the same for many.

By ASGI a message goes through a queue, a task and a new frame for each connection. Most of the
feed's messages are the same for hundreds of connections: packed once, they are written to each as
they are, as long as nothing else waits to be written there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

# Where a connection's scope has `frames_write`.
EXTENSION: Final = "ccmarket.frames"

Write = Callable[[bytes], bool]


class FeedProtocol(WebSocketsSansIOProtocol):
    """`uvicorn --ws apps.orderbook.feed.protocol:FeedProtocol`."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        # Without a scope the handshake was refused; what an extension packs is packed for one.
        if (scope := getattr(self, "scope", None)) and not self.conn.extensions:
            scope["extensions"][EXTENSION] = {"frames_write": self.frames_write}

    def frames_write(self, frames: bytes) -> bool:
        """Writes whole frames at once. False: it did not, the connection does not take them now."""
        is_open = self.handshake_complete and self.conn.state is State.OPEN
        if not (is_open and self.writable.is_set()) or self.transport.is_closing():
            return False
        self.transport.write(frames)
        return True


def frames_of(texts: Iterable[str]) -> bytes:
    """The texts as a server's frames, each whole and unmasked (RFC 6455, 5.2)."""
    return b"".join(
        Frame(Opcode.TEXT, text.encode()).serialize(mask=False, extensions=()) for text in texts
    )


def write_of(scope: Any) -> Write | None:
    """The short way out of a connection, where the web server has one."""
    extension = scope.get("extensions", {}).get(EXTENSION)
    write: Write | None = extension and extension["frames_write"]
    return write
