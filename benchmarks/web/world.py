"""A market with traders who have keys, and their signed requests as bytes."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Final
from uuid import uuid4

from apps.accounts.acting import ALL_SCOPES
from apps.accounts.models import Owner, User
from apps.accounts.services.api_keys import api_key_create
from apps.accounts.services.users import user_create
from apps.orderbook.models import Product
from apps.orderbook.names import product_id
from benchmarks.durable import asset_create, market_create

# A book of so many prices, one kilogram at each time: what a market's book is like.
PRICES: Final = 500
KILOGRAM: Final = "0.001"


@dataclass(frozen=True)
class Trader:
    """A person with a key."""

    user: User
    key: str
    secret: bytes
    passphrase: str

    @property
    def owner(self) -> Owner:
        return self.user.owner

    def post(self, path: str, body: Any, **headers: str) -> bytes:
        """A signed request of HTTP/1.1, as it goes over the wire."""
        text = json.dumps(body).encode()
        timestamp = f"{time.time():.6f}"
        said = f"{timestamp}POST{path}".encode() + text
        signature = base64.b64encode(hmac.digest(self.secret, said, "sha256")).decode()
        lines = {
            "Host": "localhost",
            "Content-Type": "application/json",
            "Content-Length": str(len(text)),
            "CB-ACCESS-KEY": self.key,
            "CB-ACCESS-PASSPHRASE": self.passphrase,
            "CB-ACCESS-TIMESTAMP": timestamp,
            "CB-ACCESS-SIGN": signature,
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST /api/v1{path} HTTP/1.1\r\n{head}\r\n".encode() + text


@dataclass(frozen=True)
class World:
    """A market and who trades in it."""

    product: Product
    traders: list[Trader]

    @property
    def market(self) -> str:
        return product_id(self.product.base.code, self.product.quote.code)

    def orders(self, total: int) -> Iterator[dict[str, str]]:
        """Limit orders that rest, on both sides, a kilogram each."""
        for number in islice(count(), total):
            side, whole = ("buy", 9) if number % 2 else ("sell", 10)
            price = f"{whole}.{number % PRICES:03d}"
            yield {"product_id": self.market, "side": side, "price": price, "size": KILOGRAM}

    def trader(self, number: int) -> Trader:
        return self.traders[number % len(self.traders)]


def world_create(traders: int) -> World:
    """A new market in which so many new people are rich on both sides."""
    made = [_trader() for _ in range(traders)]
    name = uuid4().hex[:8].upper()
    base, quote = asset_create(f"{name}-BASE"), asset_create(f"{name}-QUOTE")
    return World(market_create(base, quote, [trader.owner for trader in made]), made)


def _trader() -> Trader:
    user = user_create(email=f"trader-{uuid4()}@example.com", email_verified=True)
    made = api_key_create(user=user, owner=user.owner, name="Benchmark", scopes=ALL_SCOPES)
    secret = base64.b64decode(made.secret)
    return Trader(user, made.api_key.key, secret, made.passphrase)
