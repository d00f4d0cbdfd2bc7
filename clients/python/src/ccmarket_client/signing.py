"""Signed requests, as on Coinbase Exchange."""

from __future__ import annotations

import base64
import hmac
import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key, as it was shown when it was made."""

    key: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)

    def headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """For one request; sending it again needs others."""
        timestamp = f"{time.time():.6f}"
        said = f"{timestamp}{method}{path}".encode() + body
        digest = hmac.digest(base64.b64decode(self.secret), said, "sha256")
        return {
            "CB-ACCESS-KEY": self.key,
            "CB-ACCESS-PASSPHRASE": self.passphrase,
            "CB-ACCESS-TIMESTAMP": timestamp,
            "CB-ACCESS-SIGN": base64.b64encode(digest).decode(),
        }
