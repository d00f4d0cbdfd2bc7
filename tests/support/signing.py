"""A client that signs as Coinbase Exchange's documentation says, independent of our code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

from django.test import Client

from apps.accounts.services.api_keys import NewApiKey


def sign(secret: str, timestamp: str, method: str, path: str, body: str = "") -> str:
    message = f"{timestamp}{method}{path}{body}".encode()
    mac = hmac.new(base64.b64decode(secret), message, hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def signed_headers(
    key: NewApiKey,
    method: str,
    path: str,
    body: str = "",
    /,
    *,
    timestamp: str | None = None,
    omit: str = "",
    **replace: str,
) -> dict[str, str]:
    """The four headers by their last word; `replace` overrides one, `omit` leaves one out."""
    timestamp = timestamp or f"{time.time():.6f}"
    headers = {
        "key": key.api_key.key,
        "sign": sign(key.secret, timestamp, method, path, body),
        "timestamp": timestamp,
        "passphrase": key.passphrase,
        **replace,
    }
    return {f"CB-ACCESS-{name.upper()}": text for name, text in headers.items() if name != omit}


def call(
    key: NewApiKey,
    path: str = "/api/v1/probe",
    /,
    *,
    body: str | None = None,
    signed_path: str | None = None,
    **options: Any,
) -> Any:
    """A signed GET, or a POST of `body`; `signed_path` signs another path than is asked for."""
    method = "GET" if body is None else "POST"
    signed = path if signed_path is None else signed_path
    headers = signed_headers(key, method, signed, body or "", **options)
    client = Client(raise_request_exception=False)
    if body is None:
        return client.get(path, headers=headers)
    return client.post(path, body, content_type="application/json", headers=headers)
