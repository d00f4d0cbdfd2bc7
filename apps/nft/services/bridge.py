"""Moving an intent on, step by step, from `queued` to a block.

Each step finds out from rows and from the node what is to be done, does one thing, and can be done
twice, by two workers, or by the next one after a crash. Nothing here holds a lock while it talks to
the node. `mined` becomes `final` by the indexer, which alone believes events (`finality.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.nft.chain import artifacts
from apps.nft.chain.abi import Interface
from apps.nft.chain.client import ChainClient, Receipt
from apps.nft.chain.errors import BroadcastRefused, CallReverted
from apps.nft.chain.keys import Keyring
from apps.nft.models import ChainIntent, ChainTransaction, Contract, Signer
from apps.nft.services.halts import bridge_is_halted, halt_create
from apps.nft.services.kinds import MINT, Kind
from apps.nft.services.transactions import (
    Call,
    mined_receipt,
    nonce_take,
    transaction_broadcast,
    transaction_record,
    transaction_replace,
    transaction_sign,
)

log = structlog.get_logger(__name__)
State = ChainIntent.State

WEI_PER_GWEI: Final = 10**9
STEPS_MAX: Final = 4

# Refusals that pass: the intent waits for them instead of failing.
PASSING: Final = frozenset(
    {
        *("EnforcedPause", "DailyCapExceeded", "AccessControlUnauthorizedAccount"),
        *("HoldsLess", "DayNotOver"),
    }
)


@dataclass(frozen=True, slots=True)
class Bridge:
    """What a step needs: the node, the keys, and nothing open."""

    client: ChainClient
    keyring: Keyring


def intent_advance(*, intent_id: int, bridge: Bridge, kind: Kind = MINT) -> str:
    """Moves an intent of this kind as far as it goes now; returns its state.

    Raises ChainUnavailable where the node does not answer: nothing is lost, call again.
    """
    for _step in range(STEPS_MAX):
        intent = kind.rows.get(pk=intent_id)
        if bridge_is_halted() or not _step_take(_Errand(kind, intent), bridge):
            break
    return str(kind.rows.values_list("state", flat=True).get(pk=intent_id))


@dataclass(frozen=True, slots=True)
class _Errand:
    """An intent and how its kind is carried out."""

    kind: Kind
    intent: ChainIntent

    @property
    def attempts(self) -> list[ChainTransaction]:
        """Newest first."""
        sent = ChainTransaction.objects.filter(**self.kind.purpose(self.intent))
        return list(sent.select_related("signer").order_by("-attempt"))

    def move(self, before: str, after: str) -> bool:
        """Whether this worker made the move; another one may have made it first."""
        rows = self.kind.rows.filter(pk=self.intent.pk, state=before)
        return rows.update(state=after, updated_at=timezone.now()) == 1

    def note(self, reason: str) -> None:
        """Why it waits, for staff to read."""
        rows = self.kind.rows.filter(pk=self.intent.pk, state__in=ChainIntent.OPEN_STATES)
        rows.update(failure=reason[:300])

    def fail(self, seen: str, reason: str) -> None:
        self.kind.fail(intent_id=self.intent.pk, seen=seen, reason=reason)


def _step_take(errand: _Errand, bridge: Bridge) -> bool:
    """One step; whether the next one may follow at once."""
    match errand.intent.state:
        case State.QUEUED:
            return _sign(errand, bridge)
        case State.SIGNED:
            return _broadcast(errand, bridge)
        case State.BROADCAST:
            return _look_for_block(errand, bridge)
        case State.MINED:
            return _look_again(errand, bridge)
        case _:
            return False


# ---------------------------------------------------------------------- queued -> signed


def _sign(errand: _Errand, bridge: Bridge) -> bool:
    attempt = next(iter(errand.attempts), None)
    if attempt is None and (prepared := _call_prepare(errand, bridge)):
        attempt = _attempt_record(errand, *prepared)
    if attempt is None:
        return False
    transaction_sign(attempt=attempt, keyring=bridge.keyring)
    return errand.move(State.QUEUED, State.SIGNED)


def _call_prepare(errand: _Errand, bridge: Bridge) -> tuple[Signer, Call] | None:
    """The call as the contract would take it now; None where it has to wait, or failed."""
    wanted = errand.kind.wanted(errand.intent)
    interface = Interface(artifacts.load(wanted.contract.name))
    data = interface.encode(wanted.function, *wanted.arguments)
    signer = Signer.objects.get(chain=wanted.contract.chain_id, role=wanted.role)
    to = wanted.contract.address
    try:
        gas = bridge.client.estimate_gas(sender=signer.address, to=to, data=data)
    except CallReverted as exc:
        refusal = interface.named(exc)
        if refusal.error in PASSING:
            errand.note(refusal.reason)
        else:
            # Unless another worker has had it done meanwhile, which the contract refuses as well.
            errand.fail(State.QUEUED, refusal.reason)
        return None
    fees = bridge.client.fees()
    if fees.max_fee_per_gas > _fee_max():
        errand.note(f"waits for fees below {settings.CHAIN_FEE_MAX_GWEI} gwei per gas")
        return None
    # A tenth more than now: another call may come first and change which slots are fresh.
    return signer, Call(to, bytes.fromhex(data[2:]), gas * 11 // 10, fees)


def _attempt_record(errand: _Errand, signer: Signer, call: Call) -> ChainTransaction | None:
    """Nonce and call in one transaction; None where another worker was first."""
    purpose = errand.kind.purpose(errand.intent)
    with transaction.atomic():
        locked = errand.kind.rows.select_for_update().get(pk=errand.intent.pk)
        is_taken = ChainTransaction.objects.filter(**purpose).exists()
        if locked.state != State.QUEUED or is_taken or bridge_is_halted():
            return None
        nonce = nonce_take(signer=signer)
        return transaction_record(signer=signer, nonce=nonce, call=call, purpose=purpose)


# ---------------------------------------------------------------------- signed -> broadcast


def _broadcast(errand: _Errand, bridge: Bridge) -> bool:
    attempt = errand.attempts[0]
    transaction_sign(attempt=attempt, keyring=bridge.keyring)
    try:
        transaction_broadcast(attempt=attempt, client=bridge.client)
    except BroadcastRefused as exc:
        return _refused(errand, attempt, bridge, str(exc))
    return errand.move(State.SIGNED, State.BROADCAST)


def _refused(errand: _Errand, attempt: ChainTransaction, bridge: Bridge, reason: str) -> bool:
    """A node refuses what it has seen mined already, and what somebody else's nonce blocks."""
    # Asked in this order: ours may be mined in between, and must not be taken for somebody else's.
    is_spent = bridge.client.next_nonce(attempt.signer.address) > attempt.nonce
    if mined_receipt(attempts=errand.attempts, client=bridge.client):
        return errand.move(State.SIGNED, State.BROADCAST)
    if is_spent:
        halt_create(
            reason=f"nonce {attempt.nonce} of {attempt.signer} was used by a transaction that is"
            f" not ours, instead of intent {errand.intent}"
        )
    errand.note(reason)
    return False


# ---------------------------------------------------------------------- broadcast -> mined


def _look_for_block(errand: _Errand, bridge: Bridge) -> bool:
    attempts = errand.attempts
    if found := mined_receipt(attempts=attempts, client=bridge.client):
        return _mined_record(errand, *found)
    newest = attempts[0]
    if newest.hash is None or not bridge.client.knows(newest.hash):
        # Dropped, or a replacement that was stored and never sent.
        return errand.move(State.BROADCAST, State.SIGNED)
    if _is_stuck(newest):
        return _replace(errand, newest, bridge)
    return False


def _is_stuck(attempt: ChainTransaction) -> bool:
    patience = timedelta(seconds=settings.CHAIN_REPLACE_AFTER_S)
    return attempt.created_at + patience < timezone.now()


def _replace(errand: _Errand, newest: ChainTransaction, bridge: Bridge) -> bool:
    replacement = transaction_replace(attempt=newest, fees=bridge.client.fees(), fee_max=_fee_max())
    if replacement is None:
        return False
    log.info("bridge_replacement", intent=str(errand.intent), attempt=replacement.attempt)
    return errand.move(State.BROADCAST, State.SIGNED)


def _mined_record(errand: _Errand, attempt: ChainTransaction, receipt: Receipt) -> bool:
    """Where the transaction is, as the node sees it now."""
    with transaction.atomic():
        locked = errand.kind.rows.select_for_update().get(pk=errand.intent.pk)
        if locked.state not in (State.BROADCAST, State.MINED):
            return False
        sent = ChainTransaction.objects.filter(**errand.kind.purpose(errand.intent))
        sent.update(block_number=None, block_hash="", succeeded=None)
        ChainTransaction.objects.filter(pk=attempt.pk).update(
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            succeeded=receipt.succeeded,
        )
        errand.kind.rows.filter(pk=locked.pk).update(
            state=State.MINED, failure="", updated_at=timezone.now()
        )
    return bool(locked.state == State.BROADCAST)


# ---------------------------------------------------------------------- mined


def _look_again(errand: _Errand, bridge: Bridge) -> bool:
    """A block can be taken back; and what was refused in one that cannot has failed for good."""
    found = mined_receipt(attempts=errand.attempts, client=bridge.client)
    if found is None:
        log.warning("bridge_reorganised", intent=str(errand.intent))
        return errand.move(State.MINED, State.BROADCAST)
    attempt, receipt = found
    if attempt.block_hash != receipt.block_hash:
        _mined_record(errand, attempt, receipt)
    if not receipt.succeeded and receipt.block_number <= bridge.client.finalized().number:
        # Every attempt had this nonce, and this nonce is spent: none can do it any more.
        reason = _why_reverted(attempt, receipt.block_number, bridge)
        errand.fail(State.MINED, reason)
    return False


def _why_reverted(attempt: ChainTransaction, block_number: int, bridge: Bridge) -> str:
    """The contract's reason, from running the call again where it was mined."""
    data = "0x" + bytes(attempt.data).hex()
    sender = attempt.signer.address
    try:
        bridge.client.call(to=attempt.to_address, data=data, block=block_number, sender=sender)
    except CallReverted as exc:
        called = Contract.objects.get(chain=attempt.signer.chain_id, address=attempt.to_address)
        return Interface(artifacts.load(called.name)).named(exc).reason
    return "reverted in its block, for a reason that is gone"


# ---------------------------------------------------------------------- small things


def _fee_max() -> int:
    return int(settings.CHAIN_FEE_MAX_GWEI) * WEI_PER_GWEI
