"""Unmodified ccxt trades here: only addresses and keys are set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest
from pytest_django.fixtures import Settings

from apps.accounts.models import User
from apps.orderbook.models import Product
from tests.support.factories import api_key_make, fund, user_make
from tests.support.live import PLENTY_S, Live, engine, followers, live
from tests.support.markets import TONNE, UNIT, product_make, state_write

__all__ = ["engine", "live"]

pytestmark = pytest.mark.usefixtures("engine")

CODE = "VCS-1686-2017-CC"
SYMBOL = "VCS_1686_2017/CC"
Make = Callable[..., Any]


@pytest.fixture
def product(live: Live) -> Product:
    return product_make("VCS-1686-2017", "CC", maker_bps=10, taker_bps=20)


@pytest.fixture
def buyer(product: Product) -> User:
    user = user_make()
    fund(user.owner, product.quote, 1_000 * UNIT)
    return user


@pytest.fixture
def seller(product: Product) -> User:
    user = user_make()
    fund(user.owner, product.base, 100 * TONNE)
    return user


@pytest.fixture
def ccxt_of(live: Live) -> Iterator[Callable[[User], Any]]:
    """A synchronous client of that person's."""
    clients: list[Any] = []

    def make(user: User) -> Any:
        clients.append(ccxt.coinbaseexchange(options(live, user)))
        return clients[-1]

    yield make
    for client in clients:
        client.session.close()


def options(live: Live, user: User) -> dict[str, Any]:
    key = api_key_make(user)
    api = f"{live.url}/api/v1"
    return {
        "apiKey": key.api_key.key,
        "secret": key.secret,
        "password": key.passphrase,
        "urls": {"api": {"public": api, "private": api, "ws": live.feed_url}},
        "enableRateLimit": False,
    }


def test_markets_and_currencies_load(ccxt_of: Make, buyer: User) -> None:
    client = ccxt_of(buyer)
    market = client.load_markets()[SYMBOL]
    assert (market["id"], market["active"]) == ("VCS_1686_2017-CC", True)
    assert market["precision"] == {"amount": 0.001, "price": 0.01}
    assert set(client.fetch_currencies()) == {"VCS_1686_2017", "CC"}
    assert abs(client.fetch_time() - client.milliseconds()) < 60_000
    fees = client.fetch_trading_fees()[SYMBOL]
    assert (fees["maker"], fees["taker"]) == (0.001, 0.002)


def test_a_limit_order_meets_a_market_order(ccxt_of: Make, buyer: User, seller: User) -> None:
    buys, sells = ccxt_of(buyer), ccxt_of(seller)
    rests = buys.create_order(SYMBOL, "limit", "buy", 2.5, 10.01, {"client_oid": "mine"})
    assert (rests["status"], rests["remaining"], rests["clientOrderId"]) == ("open", 2.5, "mine")
    takes = sells.create_order(SYMBOL, "market", "sell", 1.5)
    assert (takes["status"], takes["filled"], takes["cost"]) == ("closed", 1.5, 15.015)
    assert takes["fee"] == {"cost": 0.03003, "currency": "CC", "rate": None}

    by_id, by_own = (
        buys.fetch_order(rests["id"]),
        buys.fetch_order("", None, {"client_oid": "mine"}),
    )
    assert by_id == by_own
    assert (by_id["filled"], by_id["remaining"], by_id["fee"]["cost"]) == (1.5, 1.0, 0.015015)
    assert [order["id"] for order in buys.fetch_open_orders(SYMBOL)] == [rests["id"]]
    assert [order["id"] for order in sells.fetch_closed_orders()] == [takes["id"]]
    assert [order["id"] for order in sells.fetch_orders(SYMBOL)] == [takes["id"]]

    (bought,), (sold,) = buys.fetch_my_trades(SYMBOL), sells.fetch_my_trades(SYMBOL)
    assert (bought["side"], bought["takerOrMaker"]) == ("buy", "maker")
    assert (sold["side"], sold["takerOrMaker"]) == ("sell", "taker")
    assert (sold["price"], sold["amount"], sold["fee"]["cost"]) == (10.01, 1.5, 0.03003)
    assert [trade["id"] for trade in buys.fetch_order_trades(rests["id"])] == [bought["id"]]

    balance = buys.fetch_balance()
    assert balance["VCS_1686_2017"] == {"free": 1.5, "used": 0.0, "total": 1.5}
    # A tonne is still wanted at 10.01, and the taker's fee on it is held as well.
    assert balance["CC"] == {"free": 974.939965, "used": 10.03002, "total": 984.969985}
    entries = {entry["type"]: entry for entry in buys.fetch_ledger("CC")}
    assert {kind: entry["amount"] for kind, entry in entries.items()} == {
        "transfer": 1000.0,
        "trade": 15.015,
        "fee": 0.015015,
    }
    assert min(entry["after"] for entry in entries.values()) == 984.969985


def test_everybody_sees_the_market(ccxt_of: Make, buyer: User, seller: User) -> None:
    buys, sells = ccxt_of(buyer), ccxt_of(seller)
    buys.create_order(SYMBOL, "limit", "buy", 3, 10)
    sells.create_order(SYMBOL, "limit", "sell", 1, 10)
    sells.create_order(SYMBOL, "limit", "sell", 4, 11)
    book = buys.fetch_order_book(SYMBOL)
    assert [row[:2] for row in book["bids"] + book["asks"]] == [[10, 2], [11, 4]]
    ticker = buys.fetch_ticker(SYMBOL)
    assert (ticker["last"], ticker["bid"], ticker["ask"]) == (10, 10, 11)
    assert ticker["baseVolume"] == 1
    assert buys.fetch_tickers()[SYMBOL]["last"] == 10
    (trade,) = buys.fetch_trades(SYMBOL)
    assert (trade["side"], trade["price"], trade["amount"]) == ("sell", 10, 1)
    ((_, *prices, volume),) = buys.fetch_ohlcv(SYMBOL, "1h", trade["timestamp"] - 7_200_000)
    assert (prices, volume) == ([10, 10, 10, 10], 1)


def test_orders_are_cancelled_one_by_one_and_together(ccxt_of: Make, buyer: User) -> None:
    client = ccxt_of(buyer)
    one, two, three = (client.create_order(SYMBOL, "limit", "buy", 1, p) for p in (1, 2, 3))
    client.cancel_order(one["id"], SYMBOL)
    assert client.fetch_order(one["id"])["status"] == "canceled"
    (answer,) = client.cancel_all_orders(SYMBOL)
    assert answer["info"] == [two["id"], three["id"]]
    assert client.fetch_open_orders() == []
    assert client.fetch_balance()["CC"]["used"] == 0


def test_what_cannot_be_is_said_in_words_that_ccxt_knows(
    ccxt_of: Make, buyer: User, product: Product
) -> None:
    client = ccxt_of(buyer)
    client.load_markets()
    gone = client.create_order(SYMBOL, "limit", "buy", 1, 1)
    client.cancel_order(gone["id"])

    def place(**order: Any) -> Any:
        terms = {"product_id": "VCS_1686_2017-CC", "side": "buy", "price": "1", "size": "1"}
        return client.private_post_orders({**terms, **order})

    refused: list[tuple[type[Exception], Callable[[], Any]]] = [
        (ccxt.InsufficientFunds, lambda: place(price="1001")),
        (ccxt.OrderNotFound, lambda: client.cancel_order(gone["id"])),
        (ccxt.OrderNotFound, lambda: client.cancel_order("00000000-0000-8000-8000-0100000f4240")),
        (ccxt.OrderNotFound, lambda: client.fetch_order("00000000-0000-8000-8000-0100000f4240")),
        (ccxt.InvalidOrder, lambda: client.fetch_order("not-an-id")),
        (ccxt.InvalidOrder, lambda: place(product_id="NO-SUCH")),
        (ccxt.InvalidOrder, lambda: place(price="0")),
        (ccxt.InvalidOrder, lambda: place(price="1.001")),
        (ccxt.InvalidOrder, lambda: place(price="1.0000001")),
        (ccxt.InvalidOrder, lambda: place(size="0.0001")),
        (ccxt.InvalidOrder, lambda: place(size="1.0001")),
        (ccxt.InvalidOrder, lambda: place(size="100000")),
        (ccxt.ExchangeError, lambda: place(stop_price="1.001")),
    ]
    for error, call in refused:
        with pytest.raises(error):
            call()
    state_write(product, Product.State.HALTED)
    with pytest.raises(ccxt.OnMaintenance):
        place()
    client.secret = "AAAA"
    with pytest.raises(ccxt.AuthenticationError):
        client.fetch_balance()


@pytest.mark.usefixtures("product")
def test_the_feed_can_be_watched(live: Live, buyer: User, seller: User) -> None:
    of_buyer, of_seller = options(live, buyer), options(live, seller)

    async def run() -> None:
        buys, sells = ccxt.pro.coinbaseexchange(of_buyer), ccxt.pro.coinbaseexchange(of_seller)
        try:
            await asyncio.wait_for(watch(buys, sells), PLENTY_S)
        finally:
            await buys.close()
            await sells.close()

    # In a thread of its own: Playwright keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result()


async def watch(buys: Any, sells: Any) -> None:
    await buys.load_markets()
    orders, own = start(buys.watch_orders(SYMBOL)), start(buys.watch_my_trades(SYMBOL))
    ticker, trades = start(buys.watch_ticker(SYMBOL)), start(buys.watch_trades(SYMBOL))
    book = await buys.watch_order_book(SYMBOL)
    assert (book["bids"], book["asks"]) == ([], [])
    for channel in ("user", "ticker", "matches"):
        while not followers(CODE, channel):
            await asyncio.sleep(0.01)

    changed = start(buys.watch_order_book(SYMBOL))
    placed = await buys.create_order(SYMBOL, "limit", "buy", 2, 10)
    assert (await changed)["bids"] == [[10, 2]]
    assert [(o["id"], o["status"]) for o in await orders] == [(placed["id"], "open")]

    await sells.create_order(SYMBOL, "market", "sell", 0.5)
    line, (trade,), (mine,) = await ticker, await trades, await own
    assert (line["last"], line["bid"]) == (10, 10)
    assert (trade["price"], trade["amount"]) == (10, 0.5)
    assert (mine["order"], mine["side"], mine["takerOrMaker"]) == (placed["id"], "buy", "maker")
    assert (mine["amount"], mine["fee"]["cost"]) == (0.5, 0.005)


@pytest.mark.usefixtures("product")
def test_the_asynchronous_client_does_all_of_it_too(live: Live, buyer: User, seller: User) -> None:
    of_buyer, of_seller = options(live, buyer), options(live, seller)

    async def run() -> None:
        buys = ccxt.async_support.coinbaseexchange(of_buyer)
        sells = ccxt.async_support.coinbaseexchange(of_seller)
        try:
            await asyncio.wait_for(trade(buys, sells), PLENTY_S)
        finally:
            await buys.close()
            await sells.close()

    # In a thread of its own: Playwright keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result()


async def trade(buys: Any, sells: Any) -> None:
    assert SYMBOL in await buys.load_markets()
    rests = await buys.create_order(SYMBOL, "limit", "buy", 2, 10)
    stop = await sells.create_order(SYMBOL, "limit", "sell", 1, 8, {"triggerPrice": 9})
    takes = await sells.create_order(SYMBOL, "market", "sell", 0.5)
    assert (takes["status"], takes["filled"]) == ("closed", 0.5)
    assert (await buys.fetch_order(rests["id"]))["remaining"] == 1.5
    assert [order["id"] for order in await buys.fetch_open_orders(SYMBOL)] == [rests["id"]]
    assert [order["id"] for order in await sells.fetch_closed_orders(SYMBOL)] == [takes["id"]]
    assert len(await buys.fetch_my_trades(SYMBOL)) == 1

    assert (await buys.fetch_order_book(SYMBOL))["bids"][0][:2] == [10, 1.5]
    assert (await buys.fetch_ticker(SYMBOL))["last"] == 10
    assert (await buys.fetch_tickers())[SYMBOL]["last"] == 10
    (traded,) = await buys.fetch_trades(SYMBOL)
    assert (traded["price"], traded["amount"]) == (10, 0.5)
    ((_, *prices, volume),) = await buys.fetch_ohlcv(SYMBOL, "1h", traded["timestamp"] - 7_200_000)
    assert (prices, volume) == ([10, 10, 10, 10], 0.5)

    assert (await buys.fetch_balance())["VCS_1686_2017"]["free"] == 0.5
    assert {entry["type"] for entry in await buys.fetch_ledger("CC")} == {
        "transfer",
        "trade",
        "fee",
    }
    assert [entry["amount"] for entry in await buys.fetch_deposits()] == [1000.0]
    assert await buys.fetch_withdrawals() == []
    assert (await buys.fetch_trading_fees())[SYMBOL]["maker"] == 0.001

    await sells.cancel_order(stop["id"], SYMBOL)
    assert (await sells.fetch_order(stop["id"]))["status"] == "canceled"
    (answer,) = await buys.cancel_all_orders(SYMBOL)
    assert answer["info"] == [rests["id"]]


def start(work: Awaitable[Any]) -> asyncio.Future[Any]:
    return asyncio.ensure_future(work)


def test_deposits_and_withdrawals_are_listed(ccxt_of: Make, buyer: User) -> None:
    client = ccxt_of(buyer)
    [deposit] = client.fetch_deposits()
    assert (deposit["type"], deposit["currency"], deposit["amount"]) == ("deposit", "CC", 1000.0)
    assert deposit["status"] == "ok"
    assert client.fetch_deposits("CC")[0]["id"] == deposit["id"]
    assert client.fetch_withdrawals() == []
    assert len(client.fetch_deposits_withdrawals()) == 1


def test_a_stop_order_waits_for_its_price(ccxt_of: Make, buyer: User, seller: User) -> None:
    buys, sells = ccxt_of(buyer), ccxt_of(seller)
    stop = sells.create_order(SYMBOL, "limit", "sell", 1, 8, {"triggerPrice": 9})
    assert (stop["status"], stop["triggerPrice"]) == ("open", 9.0)
    assert [order["id"] for order in sells.fetch_open_orders(SYMBOL)] == [stop["id"]]
    assert buys.fetch_order_book(SYMBOL)["asks"] == []
    buys.create_order(SYMBOL, "limit", "buy", 2, 9)
    sells.create_order(SYMBOL, "market", "sell", 0.5)
    after = sells.fetch_order(stop["id"])
    assert (after["status"], after["filled"]) == ("closed", 1.0)


def test_too_many_requests_are_an_error_that_ccxt_waits_for(
    ccxt_of: Make, buyer: User, settings: Settings
) -> None:
    settings.API_LIMIT_KEY_PER_S, settings.API_LIMIT_KEY_BURST = 1, 2
    client = ccxt_of(buyer)
    client.load_markets()

    def ask_until_refused() -> None:
        for _ in range(60):
            client.fetch_balance()

    with pytest.raises(ccxt.RateLimitExceeded):
        ask_until_refused()
