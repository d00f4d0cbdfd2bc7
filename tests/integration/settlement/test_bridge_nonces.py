"""Each nonce is given out once and used: with duplicate deliveries, with many workers at once."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.nft.models import BridgeIntent, ChainTransaction, Signer
from apps.nft.services import bridge as bridge_service
from apps.nft.services import transactions
from apps.nft.services.transactions import nonce_take
from apps.nft.tasks import bridge_advance, bridge_sweep
from tests.support.settlement import Settlement

LIMIT_S = 60


def at_once(*jobs: Callable[[], object]) -> list[Exception]:
    """Runs each job in a thread with a connection of its own; what they raised."""
    raised: list[Exception] = []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except Exception as error:
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


def nonces() -> list[int]:
    minted = ChainTransaction.objects.filter(intent__isnull=False)
    return list(minted.order_by("nonce", "attempt").values_list("nonce", flat=True))


def test_a_task_delivered_again_does_nothing_more(settlement: Settlement) -> None:
    intent_id = settlement.ask(2).intents.get().pk
    for _delivery in range(3):
        bridge_advance(intent_id)
        bridge_sweep()
    assert ChainTransaction.objects.filter(intent=intent_id).count() == 1
    settlement.settle()
    for _delivery in range(2):
        bridge_advance(intent_id)
    assert settlement.credit.functions.totalSupply().call() == 2
    assert settlement.broken() == []


def test_two_workers_on_one_intent_send_one_transaction(settlement: Settlement) -> None:
    intent_id = settlement.ask(2).intents.get().pk
    before = Signer.objects.get(role="minter").next_nonce
    raised = at_once(*[lambda: settlement.advance(intent_id)] * 4)
    assert raised == []
    assert nonces() == [before]
    assert Signer.objects.get(role="minter").next_nonce == before + 1
    settlement.settle()
    assert settlement.broken() == []


def test_workers_on_many_intents_leave_no_hole_and_no_double(settlement: Settlement) -> None:
    for i in range(8):
        settlement.ask(1, key=f"key {i}")
    before = Signer.objects.get(role="minter").next_nonce
    ids = settlement.open_ids()

    def worker(order: list[int]) -> Callable[[], object]:
        return lambda: [settlement.advance(pk) for pk in order]

    assert at_once(worker(ids), worker(ids[::-1]), worker(ids[4:] + ids[:4])) == []
    assert nonces() == list(range(before, before + 8))
    settlement.settle()
    assert settlement.credit.functions.totalSupply().call() == 8
    assert settlement.broken() == []


class Overtaken:
    """A client during whose gas estimate another worker has the same intent minted."""

    def __init__(self, settlement: Settlement, intent_id: int) -> None:
        self._settlement, self._intent_id = settlement, intent_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settlement.client, name)

    def estimate_gas(self, **call: Any) -> int:
        self._settlement.advance(self._intent_id)
        return self._settlement.client.estimate_gas(**call)


def test_a_refusal_because_another_worker_minted_it_is_no_failure(settlement: Settlement) -> None:
    intent_id = settlement.ask(2).intents.get().pk
    settlement.advance(intent_id, client=Overtaken(settlement, intent_id))
    settlement.settle()
    assert BridgeIntent.objects.get(pk=intent_id).state == BridgeIntent.State.FINAL
    assert settlement.broken() == []


# ---------------------------------------------------------------- the locks, with and without


def two_take_a_nonce_at_once(
    settlement: Settlement,
    monkeypatch: pytest.MonkeyPatch,
    take: Callable[..., int],
    *,
    within_s: int,
) -> tuple[list[int], list[Exception]]:
    """Two workers with an intent each; both have read before either writes, if they can."""
    for i in range(2):
        settlement.ask(1, key=f"key {i}")
    both = threading.Barrier(2)
    taken: list[int] = []

    def take_and_meet(*, signer: Signer) -> int:
        nonce = take(signer=signer)
        taken.append(nonce)
        # With a lock the other cannot come here before we are done.
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=within_s)
        return nonce

    monkeypatch.setattr(bridge_service, "nonce_take", take_and_meet)
    ids = settlement.open_ids()
    raised = at_once(*(lambda pk=pk: settlement.advance(pk) for pk in ids))
    return taken, raised


def read_without_lock(*, signer: Signer) -> int:
    return Signer.objects.get(pk=signer.pk).next_nonce


def test_two_who_take_a_nonce_at_once_get_different_ones(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, raised = two_take_a_nonce_at_once(settlement, monkeypatch, nonce_take, within_s=1)
    assert raised == []
    assert len(set(taken)) == 2


def test_without_the_lock_they_get_the_same_one(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: without the lock it would happen, and only the unique key is left."""
    taken, raised = two_take_a_nonce_at_once(
        settlement, monkeypatch, read_without_lock, within_s=LIMIT_S
    )
    assert len(set(taken)) == 1
    assert [type(error) for error in raised] == [IntegrityError]


def two_prepare_one_intent(settlement: Settlement, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Two workers see the same queued intent and both prepare its call before either records."""
    settlement.ask(1)
    both = threading.Barrier(2)
    prepare = bridge_service._call_prepare

    def prepare_and_meet(*arguments: object) -> object:
        call = prepare(*arguments)  # type: ignore[arg-type]
        both.wait(timeout=LIMIT_S)
        return call

    monkeypatch.setattr(bridge_service, "_call_prepare", prepare_and_meet)
    [intent_id] = settlement.open_ids()
    assert at_once(*[lambda: settlement.advance(intent_id)] * 2) == []
    return nonces()


def test_two_who_prepared_the_same_intent_record_it_once(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(two_prepare_one_intent(settlement, monkeypatch)) == 1


def test_without_looking_again_under_the_lock_it_is_recorded_twice(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the contract would still mint once, but a nonce would be wasted."""

    def record_blindly(errand: Any, signer: Signer, call: transactions.Call) -> ChainTransaction:
        purpose = errand.kind.purpose(errand.intent)
        with transaction.atomic():
            nonce = nonce_take(signer=signer)
            return transactions.transaction_record(
                signer=signer, nonce=nonce, call=call, purpose=purpose
            )

    monkeypatch.setattr(bridge_service, "_attempt_record", record_blindly)
    assert len(two_prepare_one_intent(settlement, monkeypatch)) == 2


def test_the_database_refuses_a_nonce_given_twice(settlement: Settlement) -> None:
    settlement.ask(1)
    settlement.sign_only()
    first = ChainTransaction.objects.get(intent__isnull=False)
    with pytest.raises(IntegrityError, match="nft_transaction_attempt_once"):
        ChainTransaction.objects.create(
            intent=first.intent,
            signer=first.signer,
            nonce=first.nonce,
            data=b"",
            gas_limit=1,
            max_fee_per_gas=1,
            max_priority_fee_per_gas=1,
        )


def test_the_database_refuses_a_broadcast_of_nothing_stored(settlement: Settlement) -> None:
    settlement.ask(1)
    settlement.sign_only()
    with pytest.raises(IntegrityError, match="nft_transaction_signed_before_broadcast"):
        ChainTransaction.objects.filter(intent__isnull=False).update(
            raw=None, hash=None, broadcast_at="2026-01-01T00:00:00Z"
        )
