"""A small client of our own REST API, signed as any bot signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

TIMEOUT_S = 10


class ApiRefusal(Exception):
    """The API answered with an error that the caller may want to know."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status


@dataclass
class ApiClient:
    """Calls `/api/v1` of `base_url` with an HMAC key."""

    base_url: str
    key: str
    secret: str
    passphrase: str
    session: requests.Session = field(default_factory=requests.Session)

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        signed: bool = True,
    ) -> Any:
        """The answer's JSON. Raises ApiRefusal on 4xx and 5xx."""
        text = json.dumps(body) if body is not None else ""
        response = self._send(method, path, text, headers or {}, signed=signed)
        return response.json() if response.content else None

    def listing(self, path: str) -> Iterator[dict[str, Any]]:
        """Every row of a list that comes in pages."""
        cursor = ""
        while True:
            response = self._send("GET", path + cursor, "", {}, signed=True)
            yield from response.json()
            after = response.headers.get("CB-AFTER")
            if not after:
                return
            cursor = f"{'&' if '?' in path else '?'}after={after}"

    def _send(
        self, method: str, path: str, text: str, headers: Mapping[str, str], *, signed: bool
    ) -> requests.Response:
        signature = self._signature(method, path, text) if signed else {}
        response = self.session.request(
            method,
            f"{self.base_url}/api/v1{path}",
            data=text or None,
            headers={**signature, **headers},
            timeout=TIMEOUT_S,
        )
        if response.status_code >= 400:
            raise ApiRefusal(response.status_code, response.text[:200])
        return response

    def _signature(self, method: str, path: str, text: str) -> dict[str, str]:
        # A signature is good once: the same request twice within a second needs two.
        timestamp = f"{time.time():.6f}"
        message = f"{timestamp}{method}{path}{text}".encode()
        digest = hmac.new(base64.b64decode(self.secret), message, hashlib.sha256).digest()
        return {
            "CB-ACCESS-KEY": self.key,
            "CB-ACCESS-SIGN": base64.b64encode(digest).decode(),
            "CB-ACCESS-TIMESTAMP": timestamp,
            "CB-ACCESS-PASSPHRASE": self.passphrase,
            "Content-Type": "application/json",
        }
