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
from apps.nft.models import BridgeIntent, ChainTransaction, Contract, Signer
from apps.nft.services.facts import block_facts
from apps.nft.services.halts import bridge_is_halted, halt_create
from apps.nft.services.minting import intent_fail
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
State = BridgeIntent.State

WEI_PER_GWEI: Final = 10**9
STEPS_MAX: Final = 4

# Refusals that pass: the intent waits for them instead of failing.
PASSING: Final = frozenset(
    {"EnforcedPause", "DailyCapExceeded", "AccessControlUnauthorizedAccount"}
)


@dataclass(frozen=True, slots=True)
class Bridge:
    """What a step needs: the node, the keys, and nothing open."""

    client: ChainClient
    keyring: Keyring


def intent_advance(*, intent_id: int, bridge: Bridge) -> str:
    """Moves the intent as far as it goes now; returns its state.

    Raises ChainUnavailable where the node does not answer: nothing is lost, call again.
    """
    for _step in range(STEPS_MAX):
        intent = BridgeIntent.objects.select_related("block", "chain").get(pk=intent_id)
        if bridge_is_halted() or not _step_take(intent, bridge):
            break
    return BridgeIntent.objects.values_list("state", flat=True).get(pk=intent_id)


def _step_take(intent: BridgeIntent, bridge: Bridge) -> bool:
    """One step; whether the next one may follow at once."""
    match intent.state:
        case State.QUEUED:
            return _sign(intent, bridge)
        case State.SIGNED:
            return _broadcast(intent, bridge)
        case State.BROADCAST:
            return _look_for_block(intent, bridge)
        case State.MINED:
            return _look_again(intent, bridge)
        case _:
            return False


# ---------------------------------------------------------------------- queued -> signed


def _sign(intent: BridgeIntent, bridge: Bridge) -> bool:
    attempt = next(iter(_attempts(intent)), None)
    if attempt is None and (call := _call_prepare(intent, bridge)):
        attempt = _attempt_record(intent, call)
    if attempt is None:
        return False
    transaction_sign(attempt=attempt, keyring=bridge.keyring)
    return _state_move(intent, State.QUEUED, State.SIGNED)


def _call_prepare(intent: BridgeIntent, bridge: Bridge) -> Call | None:
    """The mint as the contract would take it now; None where it has to wait, or failed."""
    contract = Contract.objects.get(chain=intent.chain, name="CarbonCredit")
    interface = Interface(artifacts.load(contract.name))
    data = interface.encode(
        "mintBatch",
        intent.to_address,
        intent.block_id,
        block_facts(intent.block, contract),
        intent.first_serial,
        intent.tonnes,
        intent.chain_key,
    )
    minter = Signer.objects.get(chain=intent.chain, role="minter")
    try:
        gas = bridge.client.estimate_gas(sender=minter.address, to=contract.address, data=data)
    except CallReverted as exc:
        refusal = interface.named(exc)
        if refusal.error in PASSING:
            _note(intent, refusal.reason)
        else:
            # Unless another worker has had it minted meanwhile, which the contract refuses as well.
            intent_fail(intent_id=intent.pk, seen=State.QUEUED, reason=refusal.reason)
        return None
    fees = bridge.client.fees()
    if fees.max_fee_per_gas > _fee_max():
        _note(intent, f"waits for fees below {settings.CHAIN_FEE_MAX_GWEI} gwei per gas")
        return None
    # A tenth more than now: another mint may come first and change which slots are fresh.
    return Call(contract.address, bytes.fromhex(data[2:]), gas * 11 // 10, fees)


def _attempt_record(intent: BridgeIntent, call: Call) -> ChainTransaction | None:
    """Nonce and call in one transaction; None where another worker was first."""
    with transaction.atomic():
        locked = BridgeIntent.objects.select_for_update().get(pk=intent.pk)
        if locked.state != State.QUEUED or locked.transactions.exists() or bridge_is_halted():
            return None
        signer = Signer.objects.get(chain=intent.chain, role="minter")
        nonce = nonce_take(signer=signer)
        return transaction_record(signer=signer, nonce=nonce, call=call, intent=intent)


# ---------------------------------------------------------------------- signed -> broadcast


def _broadcast(intent: BridgeIntent, bridge: Bridge) -> bool:
    attempt = _attempts(intent)[0]
    transaction_sign(attempt=attempt, keyring=bridge.keyring)
    try:
        transaction_broadcast(attempt=attempt, client=bridge.client)
    except BroadcastRefused as exc:
        return _refused(intent, attempt, bridge, str(exc))
    return _state_move(intent, State.SIGNED, State.BROADCAST)


def _refused(intent: BridgeIntent, attempt: ChainTransaction, bridge: Bridge, reason: str) -> bool:
    """A node refuses what it has seen mined already, and what somebody else's nonce blocks."""
    # Asked in this order: ours may be mined in between, and must not be taken for somebody else's.
    is_spent = bridge.client.next_nonce(attempt.signer.address) > attempt.nonce
    if mined_receipt(attempts=_attempts(intent), client=bridge.client):
        return _state_move(intent, State.SIGNED, State.BROADCAST)
    if is_spent:
        halt_create(
            reason=f"nonce {attempt.nonce} of {attempt.signer} was used by a transaction that is"
            f" not ours, instead of intent {intent}"
        )
    _note(intent, reason)
    return False


# ---------------------------------------------------------------------- broadcast -> mined


def _look_for_block(intent: BridgeIntent, bridge: Bridge) -> bool:
    attempts = _attempts(intent)
    if found := mined_receipt(attempts=attempts, client=bridge.client):
        return _mined_record(intent, *found)
    newest = attempts[0]
    if newest.hash is None or not bridge.client.knows(newest.hash):
        # Dropped, or a replacement that was stored and never sent.
        return _state_move(intent, State.BROADCAST, State.SIGNED)
    if _is_stuck(newest):
        return _replace(intent, newest, bridge)
    return False


def _is_stuck(attempt: ChainTransaction) -> bool:
    patience = timedelta(seconds=settings.CHAIN_REPLACE_AFTER_S)
    return attempt.created_at + patience < timezone.now()


def _replace(intent: BridgeIntent, newest: ChainTransaction, bridge: Bridge) -> bool:
    replacement = transaction_replace(attempt=newest, fees=bridge.client.fees(), fee_max=_fee_max())
    if replacement is None:
        return False
    log.info("bridge_replacement", intent=intent.pk, attempt=replacement.attempt)
    return _state_move(intent, State.BROADCAST, State.SIGNED)


def _mined_record(intent: BridgeIntent, attempt: ChainTransaction, receipt: Receipt) -> bool:
    """Where the transaction is, as the node sees it now."""
    with transaction.atomic():
        locked = BridgeIntent.objects.select_for_update().get(pk=intent.pk)
        if locked.state not in (State.BROADCAST, State.MINED):
            return False
        intent.transactions.update(block_number=None, block_hash="", succeeded=None)
        ChainTransaction.objects.filter(pk=attempt.pk).update(
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            succeeded=receipt.succeeded,
        )
        BridgeIntent.objects.filter(pk=intent.pk).update(
            state=State.MINED, failure="", updated_at=timezone.now()
        )
    return locked.state == State.BROADCAST


# ---------------------------------------------------------------------- mined


def _look_again(intent: BridgeIntent, bridge: Bridge) -> bool:
    """A block can be taken back; and what was refused in one that cannot has failed for good."""
    found = mined_receipt(attempts=_attempts(intent), client=bridge.client)
    if found is None:
        log.warning("bridge_reorganised", intent=intent.pk)
        return _state_move(intent, State.MINED, State.BROADCAST)
    attempt, receipt = found
    if attempt.block_hash != receipt.block_hash:
        _mined_record(intent, attempt, receipt)
    if not receipt.succeeded and receipt.block_number <= bridge.client.finalized().number:
        # Every attempt had this nonce, and this nonce is spent: none can mint any more.
        reason = _why_reverted(attempt, receipt.block_number, bridge)
        intent_fail(intent_id=intent.pk, seen=State.MINED, reason=reason)
    return False


def _why_reverted(attempt: ChainTransaction, block_number: int, bridge: Bridge) -> str:
    """The contract's reason, from running the call again where it was mined."""
    data = "0x" + bytes(attempt.data).hex()
    sender = attempt.signer.address
    try:
        bridge.client.call(to=attempt.to_address, data=data, block=block_number, sender=sender)
    except CallReverted as exc:
        return Interface(artifacts.load("CarbonCredit")).named(exc).reason
    return "reverted in its block, for a reason that is gone"


# ---------------------------------------------------------------------- small things


def _attempts(intent: BridgeIntent) -> list[ChainTransaction]:
    """Newest first."""
    return list(intent.transactions.select_related("signer").order_by("-attempt"))


def _fee_max() -> int:
    return int(settings.CHAIN_FEE_MAX_GWEI) * WEI_PER_GWEI


def _state_move(intent: BridgeIntent, before: str, after: str) -> bool:
    """Whether this worker made the move; another one may have made it first."""
    moved = BridgeIntent.objects.filter(pk=intent.pk, state=before).update(
        state=after, updated_at=timezone.now()
    )
    return moved == 1


def _note(intent: BridgeIntent, reason: str) -> None:
    """Why it waits, for staff to read."""
    BridgeIntent.objects.filter(pk=intent.pk, state__in=BridgeIntent.OPEN_STATES).update(
        failure=reason[:300]
    )
