"""A market as busy as ccxt's tests want one, and somebody with a key."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

from django.db import connection

from apps.accounts.models import User
from apps.orderbook.models import Product
from apps.orderbook.models.enums import OrderType, Side
from apps.orderbook.services.commands import order_place
from tests.support.factories import api_key_make, asset_make, fund, user_make
from tests.support.live import Live
from tests.support.markets import TONNE, UNIT, product_make

# The tests ask for the ledger of one of ten coins: this one, unlike bitcoin, can be money here.
QUOTE: Final = "USDT"
SYMBOL: Final = f"CC/{QUOTE}"
# The tests do not believe in an exchange of two currencies.
CODES: Final = ("EUR", "GBP", "JPY", "USDC", "VCS-1686-2017", "VCS-1686-2018")
EVERY_S: Final = 0.25


def market_make() -> tuple[Product, User]:
    """A market, and a person who has some of everything in it."""
    product, user = product_make("CC", QUOTE, maker_bps=10, taker_bps=20), user_make()
    for code in CODES:
        asset_make(code)
    fund(user.owner, product.quote, 100_000 * UNIT)
    fund(user.owner, product.base, 10_000 * TONNE)
    return product, user


def settings_of(live: Live, user: User) -> dict[str, Any]:
    """What a person sets to trade here: addresses and keys, nothing else."""
    key, api = api_key_make(user), f"{live.url}/api/v1"
    return {
        "apiKey": key.api_key.key,
        "secret": key.secret,
        "password": key.passphrase,
        "urls": {"api": {"public": api, "private": api, "ws": live.feed_url}},
    }


@contextmanager
def traded(product: Product, user: User) -> Iterator[None]:
    """Others trade, and the person with them, until the block ends."""
    other = user_make()
    fund(other.owner, product.quote, 1_000_000 * UNIT)
    fund(other.owner, product.base, 100_000 * TONNE)
    stop = threading.Event()
    thread = threading.Thread(target=_trade, args=(product, user, other, stop), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


def _taking(user: User, turn: int, step: int) -> tuple[User, Side, int, int]:
    """Now a purchase, now a sale."""
    if turn % 4 < 2:
        return user, Side.BUY, 10 * UNIT + step + UNIT // 100, TONNE // 2
    return user, Side.SELL, 10 * UNIT - step, TONNE // 2


def _trade(product: Product, user: User, other: User, stop: threading.Event) -> None:
    for turn in count():
        # The book's edges move by a cent, and each turn trades once.
        step = turn % 2 * UNIT // 100
        for who, side, price, size in (
            (other, Side.BUY, 10 * UNIT - step, TONNE),
            (other, Side.SELL, 10 * UNIT + step + UNIT // 100, TONNE),
            _taking(user, turn, step),
        ):
            order_place(
                owner=who.owner,
                user=who,
                product=product,
                side=side,
                order_type=OrderType.LIMIT,
                price=price,
                size=size,
            )
        if stop.wait(EVERY_S):
            break
    connection.close()
