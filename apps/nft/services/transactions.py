"""From a call to mined bytes: nonce, signature, broadcast, replacement.

The order is what survives a crash at any point:
1. one database transaction locks the signer, gives out its next nonce and stores the call;
2. the call is signed (the same fields always give the same bytes) and the bytes are stored;
3. only then are they broadcast, as often as it takes.
Every nonce given out thus belongs to a row that somebody will finish: no hole stays open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from apps.nft.chain.client import ChainClient, Fees, Receipt
from apps.nft.chain.keys import Keyring
from apps.nft.models import ChainTransaction, Signer
from apps.nft.models.bridge import PURPOSES

# Nodes take a replacement only if it pays at least 10 % more; some ask for 12.5 %.
FEE_BUMP_PERCENT: Final = 25


@dataclass(frozen=True, slots=True)
class Call:
    """What to send: call data for `to_address`, or creation code where that is empty."""

    to_address: str
    data: bytes
    gas_limit: int
    fees: Fees


def signer_ensure(*, chain_id: int, role: str, keyring: Keyring, client: ChainClient) -> Signer:
    """The signer of a role on a chain, recorded with its next nonce the first time."""
    address = keyring.address(role)
    if (known := Signer.objects.filter(chain_id=chain_id, role=role).first()) is None:
        nonce = client.next_nonce(address)
        known, _ = Signer.objects.get_or_create(
            chain_id=chain_id, role=role, defaults={"address": address, "next_nonce": nonce}
        )
    if known.address != address:
        raise ValueError(f"the {role} on record is {known.address}, its key is of {address}")
    return known


def nonce_take(*, signer: Signer) -> int:
    """The signer's next nonce; locks its row until the transaction ends."""
    assert connection.in_atomic_block, "a nonce is given out together with the row that uses it"
    locked = Signer.objects.select_for_update().get(pk=signer.pk)
    nonce = locked.next_nonce
    Signer.objects.filter(pk=signer.pk).update(next_nonce=nonce + 1)
    return nonce


def transaction_record(
    *,
    signer: Signer,
    nonce: int,
    call: Call,
    purpose: Mapping[str, Any],
    attempt: int = 0,
) -> ChainTransaction:
    """The row of an attempt, before it is signed. `purpose` is one of PURPOSES and its row."""
    return ChainTransaction.objects.create(
        **purpose,
        signer=signer,
        nonce=nonce,
        attempt=attempt,
        to_address=call.to_address,
        data=call.data,
        gas_limit=call.gas_limit,
        max_fee_per_gas=call.fees.max_fee_per_gas,
        max_priority_fee_per_gas=call.fees.max_priority_fee_per_gas,
    )


def transaction_sign(*, attempt: ChainTransaction, keyring: Keyring) -> ChainTransaction:
    """Stores the signed bytes and their hash; an attempt that has them keeps them."""
    if attempt.raw is None:
        signed = keyring.sign(attempt.signer.role, _fields(attempt))
        # Two workers may both have signed: the bytes are the same, the first ones stay.
        ChainTransaction.objects.filter(pk=attempt.pk, raw__isnull=True).update(
            raw=signed.raw, hash=signed.hash
        )
        attempt.refresh_from_db()
    return attempt


def transaction_broadcast(*, attempt: ChainTransaction, client: ChainClient) -> None:
    """Hands the stored bytes to the node. Raises BroadcastRefused, ChainUnavailable."""
    assert attempt.raw is not None, "nothing is broadcast that is not stored"
    client.broadcast(bytes(attempt.raw))
    ChainTransaction.objects.filter(pk=attempt.pk).update(broadcast_at=timezone.now())


def transaction_replace(
    *, attempt: ChainTransaction, fees: Fees, fee_max: int
) -> ChainTransaction | None:
    """The next attempt with the same nonce, the same call, and higher fees (wei per gas).

    None where it would pay more than `fee_max`, or somebody replaced this attempt already.
    """
    bumped = Fees(
        max_fee_per_gas=_bumped(attempt.max_fee_per_gas, fees.max_fee_per_gas),
        max_priority_fee_per_gas=_bumped(
            attempt.max_priority_fee_per_gas, fees.max_priority_fee_per_gas
        ),
    )
    if bumped.max_fee_per_gas > fee_max:
        return None
    call = Call(attempt.to_address, bytes(attempt.data), attempt.gas_limit, bumped)
    with transaction.atomic():
        Signer.objects.select_for_update().get(pk=attempt.signer_id)
        newest = ChainTransaction.objects.filter(signer=attempt.signer_id, nonce=attempt.nonce)
        if newest.order_by("-attempt").values_list("pk", flat=True).first() != attempt.pk:
            return None
        return transaction_record(
            signer=attempt.signer,
            nonce=attempt.nonce,
            call=call,
            purpose={name: getattr(attempt, name) for name in PURPOSES},
            attempt=attempt.attempt + 1,
        )


def mined_receipt(
    *, attempts: list[ChainTransaction], client: ChainClient
) -> tuple[ChainTransaction, Receipt] | None:
    """The attempt that is in a block, with its receipt. At most one of a nonce can be."""
    for attempt in attempts:
        if attempt.hash and (receipt := client.receipt(attempt.hash)):
            return attempt, receipt
    return None


def _fields(attempt: ChainTransaction) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": attempt.signer.chain_id,
        "nonce": attempt.nonce,
        "gas": attempt.gas_limit,
        "maxFeePerGas": attempt.max_fee_per_gas,
        "maxPriorityFeePerGas": attempt.max_priority_fee_per_gas,
        "value": 0,
        "data": bytes(attempt.data),
    }
    # Creating a contract is sending to nobody.
    return fields | ({"to": attempt.to_address} if attempt.to_address else {})


def _bumped(paid: int, now: int) -> int:
    return max(now, -(-paid * (100 + FEE_BUMP_PERCENT) // 100))
