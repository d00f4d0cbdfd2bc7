"""What the engine publishes for a market after each batch, read from Redis or made again.

`{"product", "sequence", "messages", "levels"}`: the messages that follow `sequence`, one number
each, and `[side, price, size]` for each price whose size is not what it was. Amounts are integers
of micro-units, times microseconds since 1970, orders row ids (see `engine.announcer`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

CHANNEL: Final = "feed:"

Message: TypeAlias = dict[str, Any]
# "buy" or "sell", price, and the size that is there now.
Change: TypeAlias = tuple[str, int, int]


class NotAPayload(ValueError):
    """Somebody else talks on our channel."""


@dataclass(frozen=True, slots=True)
class Payload:
    """`sequence` is the one before the first message, `end` that of the last."""

    sequence: int
    messages: list[Message]
    changes: list[Change]

    @property
    def end(self) -> int:
        return self.sequence + len(self.messages)

    @classmethod
    def parse(cls, data: bytes | str) -> Payload:
        """Raises NotAPayload."""
        try:
            body = json.loads(data)
            changes = [(str(side), int(price), int(size)) for side, price, size in body["levels"]]
            payload = cls(int(body["sequence"]), list(body["messages"]), changes)
            numbers = [message["sequence"] for message in payload.messages]
        except (ValueError, TypeError, KeyError) as error:
            raise NotAPayload(str(error)) from error
        if numbers != list(range(payload.sequence + 1, payload.end + 1)):
            raise NotAPayload("its messages are not numbered in a row")
        return payload
