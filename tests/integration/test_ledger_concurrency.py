"""Many at once: nothing is lost, nothing locks up, and the tests would notice if it did."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from apps.accounts.errors import InsufficientFunds
from apps.accounts.ledger import services
from apps.accounts.ledger.invariants import assets_sum_to_zero, balances_equal_transfers
from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.ledger.services import Key, Leg, balances_lock, ledger_post
from tests.support.factories import asset_make, fund, owner_make

pytestmark = pytest.mark.django_db(transaction=True)

KIND = Transfer.Kind.GIFT
LIMIT_S = 60


def at_once(*jobs: Callable[[], None]) -> list[Exception]:
    """Runs each job in a thread with a connection of its own; what they raised."""
    raised: list[Exception] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except (DatabaseError, InsufficientFunds) as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LIMIT_S)
    assert not any(thread.is_alive() for thread in threads), "locked up"
    return raised


def broken() -> list[str]:
    return [*balances_equal_transfers(), *assets_sum_to_zero()]


def pay(source: Owner, target: Owner, asset: Asset, amount: int) -> None:
    with transaction.atomic():
        ledger_post(legs=[Leg(source, target, asset, amount, KIND, 1)])


def test_random_posts_at_once_conserve_every_asset_and_never_deadlock() -> None:
    assets = [asset_make() for _ in range(2)]
    owners = [owner_make() for _ in range(5)]
    for owner in owners[:3]:  # The others get their balances in the middle of it.
        for asset in assets:
            fund(owner, asset, 1_000)

    def work(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(20):
            legs = [
                Leg(*dice.sample(owners, 2), dice.choice(assets), dice.randint(1, 50), KIND, seed)
                for _ in range(dice.randint(1, 4))
            ]
            try:
                with transaction.atomic():
                    ledger_post(legs=legs)
            except InsufficientFunds:
                continue

    raised = at_once(*(lambda seed=seed: work(seed) for seed in range(6)))  # type: ignore[misc]
    assert raised == []
    assert broken() == []
    for asset in assets:
        mine = Balance.objects.filter(asset=asset, owner__in=owners)
        assert sum(balance.total for balance in mine) == 3_000


def meet_after(
    read: Callable[..., dict[Key, Balance]], monkeypatch: pytest.MonkeyPatch, *, within_s: int
) -> None:
    """Both posts read their balances, and only then may either write."""
    both = threading.Barrier(2)

    def read_and_meet(*, keys: Iterable[Key]) -> dict[Key, Balance]:
        balances = read(keys=keys)
        # With a lock the other never comes here before we are done: that is what locks are for.
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=within_s)
        return balances

    monkeypatch.setattr(services, "balances_lock", read_and_meet)


def without_lock(*, keys: Iterable[Key]) -> dict[Key, Balance]:
    wanted = set(keys)
    return {
        (balance.owner_id, balance.asset_id): balance
        for balance in Balance.objects.all()
        if (balance.owner_id, balance.asset_id) in wanted
    }


def pay_twice_at_once(
    monkeypatch: pytest.MonkeyPatch, read: Callable[..., object], *, within_s: int
) -> Balance:
    asset, payer = asset_make(), owner_make()
    targets = [owner_make(), owner_make()]
    for owner in (payer, *targets):
        fund(owner, asset, 100)
    meet_after(read, monkeypatch, within_s=within_s)  # type: ignore[arg-type]
    jobs = (lambda target=target: pay(payer, target, asset, 60) for target in targets)
    raised = at_once(*jobs)  # type: ignore[misc]
    assert all(isinstance(error, InsufficientFunds) for error in raised), raised
    return Balance.objects.get(owner=payer, asset=asset)


def test_two_who_spend_the_same_money_at_once_spend_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert pay_twice_at_once(monkeypatch, balances_lock, within_s=1).available == 40
    assert broken() == []


def test_without_the_lock_the_same_money_is_spent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: this is what the test above would see if the lock were missing."""
    assert pay_twice_at_once(monkeypatch, without_lock, within_s=LIMIT_S).available == 40
    assert broken() != []


def test_locking_in_the_order_of_the_legs_deadlocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of sorting: payments in opposite directions wait for each other."""
    asset, owners = asset_make(), [owner_make(), owner_make()]
    for owner in owners:
        fund(owner, asset, 100)
    both = threading.Barrier(2)

    def lock_as_it_comes(*, keys: Iterable[Key]) -> dict[Key, Balance]:
        mine = dict.fromkeys(keys)
        ids = {k: Balance.objects.get(owner_id=k[0], asset_id=k[1]).pk for k in mine}
        locked = {}
        for position, key in enumerate(ids):
            locked[key] = Balance.objects.select_for_update(no_key=True).get(pk=ids[key])
            if position == 0:
                both.wait(timeout=LIMIT_S)
        return locked

    def payment(source: Owner, target: Owner) -> Callable[[], None]:
        def job() -> None:
            with transaction.atomic():
                lock_as_it_comes(keys=[(source.pk, asset.pk), (target.pk, asset.pk)])

        return job

    raised = at_once(payment(*owners), payment(*reversed(owners)))
    assert [type(error) for error in raised] == [OperationalError]
    assert "deadlock" in str(raised[0])
    monkeypatch.undo()

    # Sorted, as ledger_post locks, the same two pass.
    opposite = (
        lambda: [pay(*owners, asset, 1) for _ in range(25)],
        lambda: [pay(*reversed(owners), asset, 1) for _ in range(25)],
    )
    assert at_once(*opposite) == []  # type: ignore[arg-type]
    assert broken() == []
