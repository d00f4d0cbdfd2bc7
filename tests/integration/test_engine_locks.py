"""Balances under several writers: nobody locks up, no money is spent twice, with a control each."""

from __future__ import annotations

import random
import threading
import time
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
from apps.orderbook.engine.service import CAREFUL_S, Service
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Fill, Order, Product
from apps.orderbook.models.enums import DoneReason, OrderStatus
from apps.orderbook.services.commands import orders_cancel_all
from tests.support.engines import (
    RICH,
    Hand,
    broken_invariants,
    buy,
    engine,
    market_make,
    sell,
    trader,
)
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


def meet_a_sorted_writer(*, careful: bool = False) -> None:
    """A writer has locked the lower of two balances when the engine comes for both of them, and
    then goes for the higher one: what two sorted sweeps look like at their worst."""
    product = market_make()
    owner, maker = trader(product), trader(product)
    sell(product, maker, P10, ONE)
    buy(product, owner, P10, ONE)
    low, high = Balance.objects.filter(owner=owner).order_by("id").values_list("id", flat=True)
    lock = "SELECT FROM accounts_balance WHERE id = %s FOR NO KEY UPDATE"
    with engine() as hand, connect("writer") as writer, ThreadPoolExecutor(1) as pool:
        if careful:
            be_careful(hand)
        with writer.transaction():
            writer.execute(lock, (low,))
            step = pool.submit(hand.step)
            wait_until_locked_out_by(writer, hand.connection.info.backend_pid)
            writer.execute(lock, (high,))
        step.result(timeout=LIMIT_S)
    assert Order.objects.count() == 2


def be_careful(hand: Hand) -> None:
    """As after money turned out to be spent elsewhere."""
    hand.service._careful_until_s = time.monotonic() + CAREFUL_S


def wait_until_locked_out_by(connection: psycopg.Connection, pid: int) -> None:
    """Returns when that session waits for this one: others, autovacuum for one, block it too."""
    query = "SELECT pg_backend_pid() = ANY(pg_blocking_pids(%s))"
    eventually("it waits", lambda: connection.execute(query, (pid,)).fetchone() == (True,))


@pytest.mark.parametrize("careful", [False, True])
def test_the_engine_and_another_sorted_writer_do_not_deadlock(careful: bool) -> None:
    meet_a_sorted_writer(careful=careful)


def test_control_locking_in_another_order_deadlocks(monkeypatch: pytest.MonkeyPatch) -> None:
    backwards = store._BALANCES.replace("ORDER BY id", "ORDER BY id DESC")
    monkeypatch.setattr(store, "_BALANCES", backwards)
    with pytest.raises(psycopg.errors.DeadlockDetected):
        meet_a_sorted_writer()


class Spending:
    """A buy for all of somebody's money, which somebody tries to give away as well while the
    engine has decided to spend it and not yet committed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.product = market_make()
        self.owner, self.other = trader(self.product, base=0, quote=P10), trader(self.product)
        sell(self.product, self.other, P10, ONE)
        self.order = buy(self.product, self.owner, P10, ONE)
        self.gifts: list[Future[None]] = []
        self.is_careful = False
        self.pool = ThreadPoolExecutor(1)
        self._write = store.write
        monkeypatch.setattr(store, "write", self._give_then_write)

    def _give_then_write(self, *args: object, **kwargs: object) -> object:
        if not self.gifts:
            given = threading.Event()
            gift = self.pool.submit(pay, self.owner, self.other, self.product.quote, P10)
            gift.add_done_callback(lambda _: given.set())
            self.gifts.append(gift)
            # Careful, we have locked what it wants: it waits for us.
            given.wait(timeout=1 if self.is_careful else LIMIT_S)
        return self._write(*args, **kwargs)  # type: ignore[arg-type]

    def settle(self, *, careful: bool = False) -> Service:
        with engine() as hand:
            if careful:
                self.is_careful = True
                be_careful(hand)
            hand.settle()
            if not hand.service.markets[self.product.pk].book.event_number:
                hand.settle()
            self.pool.shutdown()
            return hand.service


def test_money_given_away_meanwhile_is_not_spent_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    spending = Spending(monkeypatch)
    service = spending.settle()
    assert spending.gifts[0].exception() is None
    order = Order.objects.get(pk=spending.order)
    assert (order.status, order.done_reason) == (
        OrderStatus.REJECTED, DoneReason.INSUFFICIENT_FUNDS
    )  # fmt: skip
    assert service._careful_until_s > time.monotonic(), "it locks first from now on"
    assert broken_invariants() == []


def test_a_careful_engine_locks_before_it_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    spending = Spending(monkeypatch)
    spending.settle(careful=True)
    assert isinstance(spending.gifts[0].exception(), InsufficientFunds)
    assert Order.objects.get(pk=spending.order).status == OrderStatus.DONE
    assert broken_invariants() == []


def test_control_writing_what_was_read_spends_the_same_money_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Differences are added: amounts as they were read would undo what others did."""
    absolute = store._BALANCES.replace("b.available + v.", "v.").replace("b.held + v.", "v.")
    monkeypatch.setattr(store, "_BALANCES", absolute)
    monkeypatch.setattr(store, "_BALANCE_COLUMNS", ("id", "available", "held"))
    spending = Spending(monkeypatch)
    spending.settle()
    assert spending.gifts[0].exception() is None
    assert broken_invariants() != []


@pytest.mark.parametrize("careful", [False, True])
def test_what_others_did_to_a_known_balance_is_seen(careful: bool) -> None:
    assert buy_after_each_gift(careful=careful) == [
        OrderStatus.REJECTED, OrderStatus.OPEN, OrderStatus.REJECTED
    ]  # fmt: skip
    assert broken_invariants() == []


def test_control_a_balance_that_is_not_read_again_is_what_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(balances, "_CHANGED", f"{balances._CHANGED} AND false")
    _, with_money, _ = buy_after_each_gift()
    assert with_money == OrderStatus.REJECTED


def buy_after_each_gift(*, careful: bool = False) -> list[int]:
    """What becomes of three buys of one owner, in batches of one session: the first comes when
    there is no money, the second when it was given, the third when it was given back."""
    product = market_make()
    owner, other = trader(product, quote=0), trader(product, quote=P10)
    found = []
    with engine() as hand:
        if careful:
            be_careful(hand)
        for source, target in ((None, None), (other, owner), (owner, other)):
            if source and target:
                pay(source, target, product.quote, P10)
            order = buy(product, owner, P10, ONE)
            hand.settle()
            found.append(Order.objects.get(pk=order).status)
            orders_cancel_all(owner=owner, user=None, product=product)
            hand.settle()
    return found


def test_two_markets_cannot_spend_the_same_money() -> None:
    """Both engines have decided before either commits: one of them decides again."""
    products = [market_make(), market_make()]
    owner = trader(products[0], base=0, quote=P10)
    orders = [buy(product, owner, P10, ONE) for product in products]
    meet = threading.Barrier(2)
    real_write = store.write

    def write(*args: object, **kwargs: object) -> object:
        with suppress(threading.BrokenBarrierError):
            meet.wait(timeout=5)
        meet.abort()  # only the first time
        return real_write(*args, **kwargs)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write", write)
        with engine("first") as first, engine("second") as second:
            first.service.share_out()
            second.service.share_out()
            at_once(lambda: settle_both(first, products), lambda: settle_both(second, products))
    found = Order.objects.filter(pk__in=orders).values_list("status", flat=True)
    assert sorted(found) == [OrderStatus.OPEN, OrderStatus.REJECTED]
    assert broken_invariants() == []


def settle_both(hand: Hand, products: list[Product]) -> None:
    """A batch that was not carried out is tried again: until nothing waits."""
    for _ in products:
        hand.settle()
