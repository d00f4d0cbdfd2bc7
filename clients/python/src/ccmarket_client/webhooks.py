"""Reading what a webhook is sent: only what was signed with its secret, and lately.

The scheme is that of Standard Webhooks (https://www.standardwebhooks.com).
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ccmarket_client.errors import CcmarketError

TOLERANCE_S: Final = 300


class WebhookRefused(CcmarketError):
    """Not signed with this secret, or not lately: answer 400 and forget it."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """`id` is the same each time the event is sent: keep it, and do everything once."""

    id: str
    type: str
    at: datetime
    data: Any


def webhook_read(
    *, secret: str, headers: Mapping[str, str], body: bytes, now_s: float | None = None
) -> WebhookEvent:
    """The event that a request brings. Raises WebhookRefused."""
    given = {name.lower(): value for name, value in headers.items()}
    event_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    _check_time(timestamp, time.time() if now_s is None else now_s)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    said = f"{event_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, said, "sha256")).decode()
    signatures = given.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(f"v1,{expected}".encode(), s.encode()) for s in signatures):
        raise WebhookRefused("The signature is not of this secret.")
    told = json.loads(body)
    return WebhookEvent(
        event_id, told["type"], datetime.fromisoformat(told["timestamp"]), told["data"]
    )


def _check_time(timestamp: str, now_s: float) -> None:
    if not timestamp.isdecimal() or abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise WebhookRefused("The request is too old, or its time is none.")
