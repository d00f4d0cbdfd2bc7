"""An engine that a test drives by hand, batch by batch, through the real database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings

from apps.accounts.ledger.models import Balance
from apps.accounts.models import Owner
from apps.orderbook.engine.decide import Decisions
from apps.orderbook.engine.engine import Engine
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.service import BATCH_MAX, Service
from apps.orderbook.engine.session import Connection, connect
from apps.orderbook.models import Product
from apps.orderbook.models.enums import Side
from apps.orderbook.services import appending
from ccmarket.invariants import INVARIANTS
from tests.support.factories import fund, owner_make
from tests.support.markets import limit_place, product_make

RICH = 10**12


class Hand:
    """One engine's service and its connection."""

    def __init__(self, connection: Connection, service: Service) -> None:
        self.connection = connection
        self.service = service

    def step(self) -> list[Decisions]:
        """Carry out one batch of what waits; nothing when nothing does."""
        work = self.service.next_work(set(), one_by_one=False)
        return self.service.carry_out(work) if work else []

    def settle(self) -> None:
        """Carry out everything that waits."""
        while self.step():
            pass

    def market(self, product: Product) -> Market:
        return self.service.markets[product.pk]


@contextmanager
def engine(name: str = "engine", batch_max: int = BATCH_MAX) -> Iterator[Hand]:
    """An engine with its share of the products."""
    with connect(name) as connection:
        service = Service(connection, name, batch_max)
        service.share_out()
        yield Hand(connection, service)


def run_engine(batch_max: int = BATCH_MAX) -> None:
    """Start an engine, carry out what waits, stop it."""
    with engine(batch_max=batch_max) as hand:
        hand.settle()


@contextmanager
def running(redis_url: str | None = None, **fields: int) -> Iterator[None]:
    """An engine in a thread, told to stop at the end."""
    stop = threading.Event()
    loop = Engine(name="loop", redis_url=redis_url or settings.REDIS_URL, stop=stop, **fields)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive()


def market_make(**fields: int) -> Product:
    """A market in cash: nothing has to back what a test gives its traders."""
    return product_make(quote="USDC", **fields)


def trader(product: Product, *, base: int = RICH, quote: int = RICH) -> Owner:
    """Somebody with money for both sides of a market."""
    owner = owner_make()
    for asset, amount in ((product.base, base), (product.quote, quote)):
        if amount:
            fund(owner, asset, amount)
    return owner


def buy(product: Product, owner: Owner, price: int, size: int, **fields: object) -> int:
    """Accept a limit buy. Returns the order's id."""
    return limit_place(product, owner, side=Side.BUY, price=price, size=size, **fields).pk


def sell(product: Product, owner: Owner, price: int, size: int, **fields: object) -> int:
    return limit_place(product, owner, side=Side.SELL, price=price, size=size, **fields).pk


def wallet(owner: Owner, product: Product) -> tuple[int, int, int, int]:
    """Base available and held, quote available and held; 0 where there is no balance."""
    amounts: list[int] = []
    for asset in (product.base, product.quote):
        balance = Balance.objects.filter(owner=owner, asset=asset).first()
        amounts += [balance.available, balance.held] if balance else [0, 0]
    base, base_held, quote, quote_held = amounts
    return base, base_held, quote, quote_held


def entities_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders come in as if everybody counted only for themselves."""
    for form in (appending.USUAL, appending.WHOLE):
        alone = form.query.replace(appending.ENTITY, "NULL::bigint")
        assert alone != form.query
        monkeypatch.setattr(form, "query", alone)


def broken_invariants() -> list[str]:
    """A line for each thing that should always be true and is not."""
    return [f"{name}: {line}" for name, check in INVARIANTS.items() for line in check()]
