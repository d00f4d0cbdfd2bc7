"""Balances under several writers: nobody locks up, no money is spent twice, with a control each."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from django.db import connection as django_connection
from django.db import transaction

from apps.accounts.errors import InsufficientFunds
from apps.accounts.ledger.models import Asset, Balance, Transfer
from apps.accounts.ledger.services import Leg, ledger_post
from apps.accounts.models import Owner
from apps.orderbook.engine import balances, store
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Fill, Order
from tests.support.engines import RICH, broken_invariants, buy, engine, market_make, sell, trader
from tests.support.factories import fund
from tests.support.flow import place_random_commands
from tests.support.supervised import eventually

pytestmark = pytest.mark.django_db(transaction=True)

P10, ONE = 10_000_000, 1_000_000
LIMIT_S = 60


def pay(source: Owner, target: Owner, asset: Asset, amount: int) -> None:
    try:
        with transaction.atomic():
            ledger_post(legs=[Leg(source, target, asset, amount, Transfer.Kind.GIFT, 1)])
    finally:
        django_connection.close()


def test_two_engines_and_the_ledger_share_balances_without_locking_up() -> None:
    products = [market_make(), market_make()]
    owners = [trader(products[0], quote=RICH) for _ in range(6)]
    for owner in owners:
        fund(owner, products[1].base, RICH)
    for seed, product in enumerate(products):
        place_random_commands(product, owners, seed=seed, count=120)

    def gifts(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(60):
            with suppress(InsufficientFunds):
                pay(*dice.sample(owners, 2), products[0].quote, dice.randrange(1, 10**6))

    with engine("first", batch_max=5) as first, engine("second", batch_max=5) as second:
        first.service.share_out()
        second.service.share_out()
        assert len(first.service.markets) == len(second.service.markets) == 1
        at_once(first.settle, second.settle, lambda: gifts(1), lambda: gifts(2))
    assert Order.objects.count() > 150
    assert Fill.objects.count() > 20
    assert broken_invariants() == []


def at_once(*jobs: Callable[[], None]) -> None:
    """Runs each job in a thread; raises what any of them raised."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(job) for job in jobs]:
            future.result(timeout=LIMIT_S)


def meet_a_sorted_writer() -> None:
    """A writer has locked the lower of two balances when the engine comes for both of them, and
    then goes for the higher one: what two sorted sweeps look like at their worst."""
    product = market_make()
    owner, maker = trader(product), trader(product)
    sell(product, maker, P10, ONE)
    buy(product, owner, P10, ONE)
    low, high = Balance.objects.filter(owner=owner).order_by("id").values_list("id", flat=True)
    lock = "SELECT FROM accounts_balance WHERE id = %s FOR NO KEY UPDATE"
    with engine() as hand, connect("writer") as writer, ThreadPoolExecutor(1) as pool:
        with writer.transaction():
            writer.execute(lock, (low,))
            step = pool.submit(hand.step)
            wait_until_locked_out(writer, hand.connection.info.backend_pid)
            writer.execute(lock, (high,))
        step.result(timeout=LIMIT_S)
    assert Order.objects.count() == 2


def wait_until_locked_out(connection: psycopg.Connection, pid: int) -> None:
    """Returns when that session waits for a lock."""
    query = "SELECT cardinality(pg_blocking_pids(%s)) > 0"
    eventually("it waits", lambda: connection.execute(query, (pid,)).fetchone() == (True,))


def test_the_engine_and_another_sorted_writer_do_not_deadlock() -> None:
    meet_a_sorted_writer()


def test_control_locking_in_another_order_deadlocks(monkeypatch: pytest.MonkeyPatch) -> None:
    backwards = balances._LOCK.replace("ORDER BY b.id", "ORDER BY b.id DESC")
    monkeypatch.setattr(balances, "_LOCK", backwards)
    with pytest.raises(psycopg.errors.DeadlockDetected):
        meet_a_sorted_writer()


def spend_twice(monkeypatch: pytest.MonkeyPatch) -> tuple[Owner, Future[None]]:
    """While the engine has decided to spend somebody's money and not yet committed, somebody
    tries to give the same money away."""
    product = market_make()
    owner, other = trader(product, base=0, quote=P10), trader(product)
    sell(product, other, P10, ONE)
    buy(product, owner, P10, ONE)
    pool, gift = ThreadPoolExecutor(1), threading.Event()
    futures: list[Future[None]] = []

    def write(*args: object, **kwargs: object) -> None:
        futures.append(pool.submit(pay, owner, other, product.quote, P10))
        futures[0].add_done_callback(lambda _: gift.set())
        gift.wait(timeout=1)  # it is done by now, or it waits for us
        real_write(*args, **kwargs)  # type: ignore[arg-type]

    real_write = store.write
    monkeypatch.setattr(store, "write", write)
    with engine() as hand:
        hand.step()
    pool.shutdown()
    return owner, futures[0]


def test_money_that_the_engine_is_spending_cannot_be_given_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, gift = spend_twice(monkeypatch)
    assert isinstance(gift.exception(), InsufficientFunds)
    assert broken_invariants() == []


def test_control_without_the_lock_the_same_money_is_spent_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlocked = balances._LOCK.replace("FOR NO KEY UPDATE OF b", "")
    monkeypatch.setattr(balances, "_LOCK", unlocked)
    _, gift = spend_twice(monkeypatch)
    assert gift.exception() is None
    assert broken_invariants() != []
