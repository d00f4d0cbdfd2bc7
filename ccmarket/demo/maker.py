"""A market maker of the demo: keeps a two-sided book through the public API.

It trades with its own account and key and has no other access. Prices wander around where they
started, so that the book lives; nothing is promised about them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import structlog

from ccmarket.demo.client import ApiClient, ApiRefusal

log = structlog.get_logger(__name__)

LEVELS = 4
MICRO = Decimal("0.000001")
# In hundredths of a percent of the price.
HALF_SPREAD_BPS = 40
LEVEL_STEP_BPS = 35
WANDER_BPS = 25
PULL_HOME = Decimal("0.02")
TAKE_PROBABILITY = 0.6
BUSY_MARKETS = 6
BUSY_SHARE = 0.7
SIZE_MAX_TONNES = 40
TAKE_MAX_KG = 900
NO_WAIT = {"Prefer": "wait=0"}


@dataclass
class Quote:
    """One product, the price it wanders around, and the orders now standing."""

    product_id: str
    base: str
    increment: Decimal
    size_increment: Decimal
    size_min: Decimal
    home: Decimal
    middle: Decimal | None = None
    orders: list[str] = field(default_factory=list)


class Maker:
    """Quotes every product of the market, a few at a time."""

    def __init__(self, client: ApiClient, *, homes: dict[str, Decimal], seed: int) -> None:
        self.client = client
        self.random = random.Random(seed)  # noqa: S311 - prices of a demo, not secrets
        self.stock: dict[str, Decimal] = {}
        self.quotes = [self._quote(row, homes) for row in self._products() if row["id"] in homes]

    def start(self) -> None:
        """Takes back what an earlier run left standing, and counts what there is to sell."""
        self.client.call("DELETE", "/orders")
        self.count_stock()

    def count_stock(self) -> None:
        """What the account can offer of each asset."""
        accounts = self.client.call("GET", "/accounts")
        self.stock = {row["currency"]: Decimal(row["available"]) for row in accounts}

    def step(self) -> None:
        """Renews one product's quotes and sometimes trades a little against the book."""
        fresh = next((quote for quote in self.quotes if quote.middle is None), None)
        self.count_stock()
        self.renew(fresh or self.random.choice(self.quotes))
        if self.random.random() < TAKE_PROBABILITY:
            # Most trades meet in a few markets, as they do anywhere.
            quoted = [quote for quote in self.quotes if quote.middle is not None]
            busy = quoted[:BUSY_MARKETS]
            self.take(self.random.choice(busy if self.random.random() < BUSY_SHARE else quoted))

    @property
    def is_complete(self) -> bool:
        """Whether every product has been quoted."""
        return all(quote.middle is not None for quote in self.quotes)

    def renew(self, quote: Quote) -> None:
        """Stands new orders, then takes the old ones back, so that the book is never empty."""
        quote.middle = self._wander(quote, quote.middle or self._last_price(quote))
        old, quote.orders = quote.orders, []
        for side, price in self._prices(quote, quote.middle):
            size = self._size(quote, SIZE_MAX_TONNES * 1000)
            if side == "sell" and not self._set_aside(quote, size):
                continue
            answer = self._place(
                product_id=quote.product_id,
                side=side,
                price=str(price),
                size=str(size),
                post_only=True,
            )
            if answer:
                quote.orders.append(answer["id"])
        for order_id in old:
            self._cancel(order_id)

    def take(self, quote: Quote) -> None:
        """A small order that trades at once or not at all."""
        side = self.random.choice(("buy", "sell") if self.stock.get(quote.base) else ("buy",))
        reach = Decimal(3 * LEVEL_STEP_BPS + HALF_SPREAD_BPS) / 10_000
        middle = quote.middle or quote.home
        price = middle * (1 + reach if side == "buy" else 1 - reach)
        self._place(
            product_id=quote.product_id,
            side=side,
            price=str(self._rounded(price, quote)),
            size=str(self._size(quote, TAKE_MAX_KG)),
            time_in_force="IOC",
        )

    def _products(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.client.call("GET", "/products")
        return rows

    def _quote(self, row: dict[str, Any], homes: dict[str, Decimal]) -> Quote:
        return Quote(
            product_id=row["id"],
            base=row["base_currency"],
            increment=Decimal(row["quote_increment"]),
            size_increment=Decimal(row["base_increment"]),
            size_min=Decimal(row["base_min_size"]),
            home=homes[row["id"]],
        )

    def _last_price(self, quote: Quote) -> Decimal:
        """Where an earlier run left off."""
        ticker = self.client.call("GET", f"/products/{quote.product_id}/ticker")
        return Decimal(ticker.get("price") or quote.home)

    def _wander(self, quote: Quote, middle: Decimal) -> Decimal:
        step = Decimal(self.random.randint(-WANDER_BPS, WANDER_BPS)) / 10_000
        moved = middle * (1 + step)
        return moved + (quote.home - moved) * PULL_HOME

    def _prices(self, quote: Quote, middle: Decimal) -> Iterator[tuple[str, Decimal]]:
        for level in range(LEVELS):
            away = Decimal(HALF_SPREAD_BPS + level * LEVEL_STEP_BPS) / 10_000
            yield "buy", self._rounded(middle * (1 - away), quote)
            yield "sell", self._rounded(middle * (1 + away), quote)

    def _set_aside(self, quote: Quote, size: Decimal) -> bool:
        """Whether there is stock for one more offer; what it takes is not offered twice."""
        left = self.stock.get(quote.base, Decimal(0)) - size
        if left < 0:
            return False
        self.stock[quote.base] = left
        return True

    def _rounded(self, price: Decimal, quote: Quote) -> Decimal:
        steps = max(1, int(price / quote.increment))
        return (steps * quote.increment).quantize(MICRO)

    def _size(self, quote: Quote, kg_max: int) -> Decimal:
        size = Decimal(self.random.randint(1, kg_max)) / 1000
        steps = int(size / quote.size_increment)
        return max(quote.size_min, steps * quote.size_increment).quantize(MICRO)

    def _place(self, **order: Any) -> dict[str, Any] | None:
        """None when the market says no, which happens to market makers: it is logged, not fatal."""
        try:
            answer: dict[str, Any] = self.client.call(
                "POST", "/orders", {"type": "limit", **order}, headers=NO_WAIT
            )
        except ApiRefusal as refusal:
            log.info("quote refused", product=order["product_id"], reason=str(refusal))
            return None
        return answer

    def _cancel(self, order_id: str) -> None:
        try:
            self.client.call("DELETE", f"/orders/{order_id}", headers=NO_WAIT)
        except ApiRefusal as refusal:
            if refusal.status != 404:  # filled meanwhile
                log.info("cancel refused", order=order_id, reason=str(refusal))
