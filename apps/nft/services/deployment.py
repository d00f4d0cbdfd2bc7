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
from apps.nft.chain.keys import DEV_CHAIN_ID, SIGNING_ROLES, Keyring
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

# In the order in which they need each other. USDC is somebody else's, but on a development chain.
CONTRACTS: Final = ("CarbonCredit", "CCToken", "USDC", "Vault", "Anchor")
ARTIFACTS: Final = {"USDC": "support/DevelopmentCoin"}
MICRO: Final = 1_000_000
GAS_LIMIT: Final = 8_000_000
POLL_S: Final = 0.2


class DeploymentFailed(ChainError):
    """A contract is not where it should be, or not what it should be."""


def contracts_deploy(
    *, client: ChainClient, keyring: Keyring, timeout_s: float = 120
) -> dict[str, Contract]:
    """The contracts on the client's chain, by name, deployed as far as they are not yet.

    Without `CHAIN_USDC_ADDRESS` there is USDC on a development chain only.

    Raises WrongChain, ChainUnavailable, DeploymentFailed (other code at the address, or no block
    within `timeout_s` for each).
    """
    chain = chain_record(client=client)
    for role in SIGNING_ROLES:
        signer_ensure(chain_id=chain.chain_id, role=role, keyring=keyring, client=client)
    names = [name for name in CONTRACTS if name != "USDC" or _usdc_is_to_deploy(chain, client)]
    found = {name: _contract_ensure(chain, name, client, keyring, timeout_s) for name in names}
    return found | {contract.name: contract for contract in chain.contracts.filter(name="USDC")}


def _usdc_is_to_deploy(chain: Chain, client: ChainClient) -> bool:
    """Puts the USDC of the settings on record; True where we have to make one ourselves."""
    address = settings.CHAIN_USDC_ADDRESS
    if not address:
        return chain.chain_id == DEV_CHAIN_ID
    if not client.code(address):
        raise DeploymentFailed(f"there is no contract at CHAIN_USDC_ADDRESS, {address}")
    contract, _ = Contract.objects.get_or_create(
        chain=chain, name="USDC", defaults={"address": address, "confirmed_at": timezone.now()}
    )
    if contract.address != address:
        raise DeploymentFailed(f"USDC is on record at {contract.address}, not at {address}")
    return False


def _contract_ensure(
    chain: Chain, name: str, client: ChainClient, keyring: Keyring, timeout_s: float
) -> Contract:
    contract = Contract.objects.filter(chain=chain, name=name).first()
    if contract is None:
        contract = _contract_record(chain, name, client, keyring)
    if not client.code(contract.address):
        _create(contract, client, keyring, timeout_s)
    if not _artifact(name).deployed_as(client.code(contract.address)):
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
    artifact = _artifact(name)
    arguments = _arguments(chain, name, keyring)
    code = Interface(artifact).encode_constructor(artifact.bytecode, *arguments)
    call = Call("", bytes.fromhex(code.removeprefix("0x")), GAS_LIMIT, client.fees())
    signer = signer_ensure(chain_id=chain.chain_id, role="deployer", keyring=keyring, client=client)
    with transaction.atomic():
        nonce = nonce_take(signer=signer)
        address = get_create_address(HexAddress(HexStr(signer.address)), Nonce(nonce))
        contract, created = Contract.objects.get_or_create(
            chain=chain, name=name, defaults={"address": address}
        )
        if created:
            transaction_record(
                signer=signer, nonce=nonce, call=call, purpose={"contract": contract}
            )
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


def _artifact(name: str) -> artifacts.Artifact:
    return artifacts.load(ARTIFACTS.get(name, name))


def _arguments(chain: Chain, name: str, keyring: Keyring) -> tuple[Any, ...]:
    """What the constructor of a contract is given."""
    delay_s, cap_tonnes = settings.CHAIN_ADMIN_DELAY_S, settings.CHAIN_DAILY_CAP_TONNES
    admin, minter, pauser = (keyring.address(role) for role in ("admin", "minter", "pauser"))
    match name:
        case "CarbonCredit":
            metadata = f"{settings.BASE_URL}/nft/metadata/"
            return delay_s, admin, minter, pauser, cap_tonnes, metadata
        case "CCToken":
            return delay_s, admin, minter, pauser, cap_tonnes * MICRO
        case "Vault":
            coins = dict(chain.contracts.values_list("name", "address"))
            caps = {"CCToken": cap_tonnes, "USDC": settings.CHAIN_DAILY_CAP_USDC}
            taken = [coin for coin in caps if coin in coins]
            addresses, limits = [coins[it] for it in taken], [caps[it] * MICRO for it in taken]
            return delay_s, admin, keyring.address("withdrawer"), pauser, addresses, limits
        case "Anchor":
            return delay_s, admin, keyring.address("anchorer")
        case _:
            return ()
