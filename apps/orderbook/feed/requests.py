"""What clients ask of the feed: to subscribe, and to unsubscribe.

    {"type": "subscribe", "product_ids": ["CC-USDC"],
     "channels": ["ticker", {"name": "level2", "product_ids": ["VCS_1686_2017-CC"]}]}

A channel given as a word means the products named beside it. With `key`, `passphrase`, `timestamp`
and `signature` the request is signed, as a GET of `/users/self/verify` would be.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from django.core.handlers.asgi import ASGIRequest
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from apps.accounts.acting import VIEW, acting
from apps.accounts.api.authentication import HmacKeyAuthentication
from apps.accounts.errors import NotPermitted
from apps.orderbook.feed.market import CHANNELS, STATUS
from apps.orderbook.models import Product
from apps.orderbook.names import code_from_name
from apps.orderbook.selectors.products import products

TEXT_LENGTH_MAX: Final = 64_000
SIGNED_PATH: Final = "/users/self/verify"
CREDENTIALS: Final = {
    "key": "CB-ACCESS-KEY",
    "signature": "CB-ACCESS-SIGN",
    "timestamp": "CB-ACCESS-TIMESTAMP",
    "passphrase": "CB-ACCESS-PASSPHRASE",
}


class RequestRefused(Exception):
    """`message` and `reason` as the client is told them."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, reason)
        self.message = message
        self.reason = reason


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """`wanted` are (channel, product names); no name in an unsubscription means all of them."""

    subscribes: bool
    wanted: list[tuple[str, list[str]]]
    credentials: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> FeedRequest:
        """Raises RequestRefused."""
        body = _json(text)
        kind = body.get("type")
        if kind not in ("subscribe", "unsubscribe"):
            raise RequestRefused("Malformed request", "type must be subscribe or unsubscribe")
        shared = _names(body.get("product_ids", []))
        channels = body.get("channels")
        if not isinstance(channels, list) or not channels:
            raise RequestRefused("Failed to subscribe", "channels must be a list, and not empty")
        wanted = [_channel(channel, shared) for channel in channels]
        if kind == "subscribe" and not all(names or name == STATUS for name, names in wanted):
            raise RequestRefused("Failed to subscribe", "product_ids must name a product")
        given = {name: _plain(body[name]) for name in CREDENTIALS if body.get(name) is not None}
        return cls(kind == "subscribe", wanted, given)


def products_named(names: Iterable[str]) -> dict[str, Product]:
    """The products of these names. Raises RequestRefused for the first that there is not."""
    codes = {name: code_from_name(name) for name in names}
    asked = {code for code in codes.values() if code.isascii() and code.isprintable()}
    found = {product.code: product for product in products().filter(code__in=asked)}
    for name, code in codes.items():
        if code not in found:
            raise RequestRefused("Failed to subscribe", f"{name} is not a valid product")
    return {name: found[code] for name, code in codes.items()}


def owner_signed(credentials: dict[str, str], peer: tuple[str, int] | None) -> int:
    """The owner that the signature, sent from `peer`, speaks for. Raises RequestRefused."""
    headers = [
        (header.lower().encode(), credentials.get(name, "").encode())
        for name, header in CREDENTIALS.items()
    ]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": SIGNED_PATH}
    scope["headers"] = headers
    if peer:
        scope["client"] = peer
    signed = Request(ASGIRequest(scope, BytesIO()), authenticators=[HmacKeyAuthentication()])
    try:
        who = acting(signed)
        who.require(VIEW)
    except (AuthenticationFailed, Throttled) as error:
        reason = json.dumps({"message": str(error.detail)})
        raise RequestRefused("Authentication Failed", reason) from error
    except NotPermitted as error:
        reason = json.dumps({"message": error.message})
        raise RequestRefused("Authentication Failed", reason) from error
    return who.owner.pk


def _json(text: str) -> dict[str, Any]:
    if len(text) > TEXT_LENGTH_MAX:
        raise RequestRefused("Malformed request", "the request is too long")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise RequestRefused("Malformed request", "the request must be a JSON object")
    return body


def _channel(channel: Any, shared: list[str]) -> tuple[str, list[str]]:
    is_object = isinstance(channel, dict)
    name = channel.get("name") if is_object else channel
    if not isinstance(name, str) or name not in (*CHANNELS, STATUS):
        raise RequestRefused("Failed to subscribe", f"{str(name)[:40]} is not a valid channel")
    if name == STATUS:
        # It is about all markets at once.
        return name, []
    own = _names(channel.get("product_ids") or []) if is_object else []
    return name, own or shared


def _plain(credential: Any) -> str:
    """As it could stand in a header."""
    text = str(credential)
    if not (text.isascii() and text.isprintable()):
        raise RequestRefused("Authentication Failed", "credentials are plain ASCII")
    return text


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise RequestRefused("Failed to subscribe", "product_ids must be a list of names")
    return list(dict.fromkeys(value))
