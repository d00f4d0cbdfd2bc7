"""Putting the contracts on a chain, once, and finding them there ever after.

A contract's address follows from its deployer and nonce, so it is on record, together with the
transaction that creates it, before anything is sent. Running this again finishes what was begun,
deploys nothing twice, and checks that the code at each address is that of the artifact.
"""

from __future__ import annotations

import time
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from eth_typing import HexAddress, HexStr
from web3.types import Nonce
from web3.utils import get_create_address

from apps.nft.chain import artifacts
from apps.nft.chain.abi import Interface
from apps.nft.chain.client import ChainClient
from apps.nft.chain.errors import ChainError
from apps.nft.chain.keys import Keyring
from apps.nft.models import Chain, ChainTransaction, Contract
from apps.nft.services.connection import chain_record
from apps.nft.services.transactions import (
    Call,
    nonce_take,
    signer_ensure,
    transaction_broadcast,
    transaction_record,
    transaction_sign,
)

CONTRACTS: Final = ("CarbonCredit", "CCToken")
GRAMS_PER_TONNE: Final = 1_000_000
GAS_LIMIT: Final = 8_000_000
POLL_S: Final = 0.2


class DeploymentFailed(ChainError):
    """A contract is not where it should be, or not what it should be."""


def contracts_deploy(
    *, client: ChainClient, keyring: Keyring, timeout_s: float = 120
) -> dict[str, Contract]:
    """Both contracts on the client's chain, by name, deployed as far as they are not yet.

    Raises WrongChain, ChainUnavailable, DeploymentFailed (other code at the address, or no block
    within `timeout_s` for each).
    """
    chain = chain_record(client=client)
    for role in ("deployer", "minter"):
        signer_ensure(chain_id=chain.chain_id, role=role, keyring=keyring, client=client)
    return {name: _contract_ensure(chain, name, client, keyring, timeout_s) for name in CONTRACTS}


def _contract_ensure(
    chain: Chain, name: str, client: ChainClient, keyring: Keyring, timeout_s: float
) -> Contract:
    contract = Contract.objects.filter(chain=chain, name=name).first()
    if contract is None:
        contract = _contract_record(chain, name, client, keyring)
    if not client.code(contract.address):
        _create(contract, client, keyring, timeout_s)
    if not artifacts.load(name).deployed_as(client.code(contract.address)):
        raise DeploymentFailed(
            f"the code at {contract.address} is not {name} as it is built here: was it deployed"
            " from other sources?"
        )
    Contract.objects.filter(pk=contract.pk, confirmed_at__isnull=True).update(
        confirmed_at=timezone.now()
    )
    return contract


def _contract_record(chain: Chain, name: str, client: ChainClient, keyring: Keyring) -> Contract:
    """The contract's future address and the unsigned transaction that creates it, as one."""
    artifact = artifacts.load(name)
    code = Interface(artifact).encode_constructor(artifact.bytecode, *_arguments(name, keyring))
    call = Call("", bytes.fromhex(code.removeprefix("0x")), GAS_LIMIT, client.fees())
    signer = signer_ensure(chain_id=chain.chain_id, role="deployer", keyring=keyring, client=client)
    with transaction.atomic():
        nonce = nonce_take(signer=signer)
        address = get_create_address(HexAddress(HexStr(signer.address)), Nonce(nonce))
        contract, created = Contract.objects.get_or_create(
            chain=chain, name=name, defaults={"address": address}
        )
        if created:
            transaction_record(signer=signer, nonce=nonce, call=call, contract=contract)
        else:
            # Another process was faster: give the nonce back by undoing everything.
            transaction.set_rollback(True)
    return Contract.objects.get(chain=chain, name=name)


def _create(contract: Contract, client: ChainClient, keyring: Keyring, timeout_s: float) -> None:
    attempt = ChainTransaction.objects.select_related("signer").get(contract=contract)
    attempt = transaction_sign(attempt=attempt, keyring=keyring)
    assert attempt.hash is not None
    transaction_broadcast(attempt=attempt, client=client)
    deadline = time.monotonic() + timeout_s
    while (receipt := client.receipt(attempt.hash)) is None:
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"{contract.name} is in no block yet; run this again later")
        time.sleep(POLL_S)
    if not receipt.succeeded or receipt.contract_address != contract.address:
        raise DeploymentFailed(f"creating {contract.name} failed in {attempt.hash}")


def _arguments(name: str, keyring: Keyring) -> tuple[Any, ...]:
    roles = tuple(keyring.address(role) for role in ("admin", "minter", "pauser"))
    cap_tonnes = settings.CHAIN_DAILY_CAP_TONNES
    if name == "CCToken":
        return settings.CHAIN_ADMIN_DELAY_S, *roles, cap_tonnes * GRAMS_PER_TONNE
    return settings.CHAIN_ADMIN_DELAY_S, *roles, cap_tonnes, f"{settings.BASE_URL}/nft/metadata/"
