"""A client of the API that signs as any bot signs."""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

from django.test import Client

from apps.accounts.models import Owner, User
from apps.accounts.services.api_keys import NewApiKey
from tests.support.factories import api_key_make

JSON = "application/json"


@dataclass
class Bot:
    """Calls `/api/v1` with a key. `wait=0` unless told: most tests have no engine."""

    key: NewApiKey
    client: Client

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def delete(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.call("DELETE", path, body, **headers)

    def call(
        self, method: str, path: str, body: dict[str, Any] | str | None = None, **headers: str
    ) -> Any:
        text = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
        signed = {**signature(self.key, method, path, text), "Prefer": "wait=0", **headers}
        return self.client.generic(method, f"/api/v1{path}", text, JSON, headers=signed)

    def send(self, path: str, body: bytes, kind: str, **headers: str) -> Any:
        """A file as the body."""
        signed = {**signature(self.key, "POST", path, body), **headers}
        return self.client.generic("POST", f"/api/v1{path}", body, kind, headers=signed)


def signature(key: NewApiKey, method: str, path: str, text: str | bytes) -> dict[str, str]:
    """The four headers of a signed request."""
    timestamp = f"{time.time():.6f}"
    body = text if isinstance(text, bytes) else text.encode()
    digest = hmac.digest(
        base64.b64decode(key.secret), f"{timestamp}{method}{path}".encode() + body, "sha256"
    )
    return {
        "CB-ACCESS-KEY": key.api_key.key,
        "CB-ACCESS-SIGN": base64.b64encode(digest).decode(),
        "CB-ACCESS-TIMESTAMP": timestamp,
        "CB-ACCESS-PASSPHRASE": key.passphrase,
    }


def bot_of(user: User, *, owner: Owner | None = None, **options: Any) -> Bot:
    """A bot of that person."""
    return Bot(api_key_make(user, owner=owner, **options), Client())
