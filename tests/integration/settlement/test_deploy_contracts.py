"""`manage.py deploy_contracts`: once, resumable, and suspicious."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from web3 import Web3

from apps.nft.chain.client import ChainClient
from apps.nft.chain.errors import WrongChain
from apps.nft.chain.keys import ROLES, DevKeyring
from apps.nft.models import Chain, ChainTransaction, Contract, Signer
from apps.nft.services.connection import chain_connect
from apps.nft.services.deployment import CONTRACTS, DeploymentFailed, contracts_deploy
from tests.support.anvil import running_anvil
from tests.support.settlement import Died, Mortal

pytestmark = pytest.mark.django_db(transaction=True)

# `DEFAULT_ADMIN_ROLE` of OpenZeppelin's AccessControl.
ADMIN_ROLE = bytes(32)


def deploy(url: str) -> dict[str, str]:
    contracts = contracts_deploy(client=ChainClient(url), keyring=DevKeyring(), timeout_s=10)
    return {name: contract.address for name, contract in contracts.items()}


def test_contracts_stand_where_the_record_says(fresh_chain: str) -> None:
    out = StringIO()
    call_command("deploy_contracts", stdout=out)
    for contract in Contract.objects.all():
        assert contract.confirmed_at is not None
        assert ChainClient(fresh_chain).code(contract.address)
        assert f"{contract.name} is at {contract.address} on chain 31337" in out.getvalue()
    assert set(Contract.objects.values_list("name", flat=True)) == set(CONTRACTS)
    chain, client = chain_connect()
    assert chain.genesis_hash == client.header(0).hash


def test_roles_are_on_separate_keys_and_none_on_the_deployer(fresh_chain: str) -> None:
    from tests.support.contracts import artifacts

    addresses, keys = deploy(fresh_chain), DevKeyring()
    web3 = Web3(Web3.HTTPProvider(fresh_chain))
    powers = {
        name: Web3.keccak(text=f"{name.upper()}_ROLE")
        for name in ("minter", "pauser", "withdrawer", "anchorer")
    } | {"admin": ADMIN_ROLE}
    expected = {
        "CarbonCredit": {"admin", "minter", "pauser"},
        "CCToken": {"admin", "minter", "pauser"},
        "Vault": {"admin", "withdrawer", "pauser"},
        "Anchor": {"admin", "anchorer"},
    }
    for name, roles in expected.items():
        contract: Any = web3.eth.contract(addresses[name], abi=artifacts.load(name).abi)  # type: ignore[call-overload]
        for holder in ROLES:
            for role, key in powers.items():
                has = contract.functions.hasRole(key, keys.address(holder)).call()
                assert has == (holder == role and role in roles), (name, holder, role)


def test_the_vault_takes_the_coins_of_the_record(fresh_chain: str) -> None:
    from tests.support.contracts import artifacts

    addresses = deploy(fresh_chain)
    web3 = Web3(Web3.HTTPProvider(fresh_chain))
    vault: Any = web3.eth.contract(addresses["Vault"], abi=artifacts.load("Vault").abi)  # type: ignore[call-overload]
    for coin in ("CCToken", "USDC"):
        assert vault.functions.coinOf(addresses[coin]).call() == [True, 10**12, 10**12]


def test_usdc_of_the_settings_is_taken_and_not_another(fresh_chain: str, settings: Any) -> None:
    settings.CHAIN_USDC_ADDRESS = "0x" + "11" * 20
    with pytest.raises(DeploymentFailed, match="no contract at CHAIN_USDC_ADDRESS"):
        deploy(fresh_chain)
    web3 = Web3(Web3.HTTPProvider(fresh_chain))
    web3.provider.make_request("anvil_setCode", [settings.CHAIN_USDC_ADDRESS, "0x6001"])  # type: ignore[arg-type]
    assert deploy(fresh_chain)["USDC"] == settings.CHAIN_USDC_ADDRESS
    settings.CHAIN_USDC_ADDRESS = deploy(fresh_chain)["CCToken"]
    with pytest.raises(DeploymentFailed, match="USDC is on record at"):
        deploy(fresh_chain)


def test_a_second_run_changes_nothing(fresh_chain: str) -> None:
    addresses = deploy(fresh_chain)
    head = ChainClient(fresh_chain).head_number()
    assert deploy(fresh_chain) == addresses
    assert ChainClient(fresh_chain).head_number() == head
    assert ChainTransaction.objects.count() == len(CONTRACTS)


@pytest.mark.parametrize("call", ["broadcast", "receipt"])
def test_a_run_that_died_is_finished_by_the_next(fresh_chain: str, call: str) -> None:
    mortal: Any = Mortal(ChainClient(fresh_chain), call)
    with pytest.raises(Died):
        contracts_deploy(client=mortal, keyring=DevKeyring())
    recorded = Contract.objects.get(name="CarbonCredit")
    assert recorded.confirmed_at is None
    assert deploy(fresh_chain)["CarbonCredit"] == recorded.address
    deployer = Signer.objects.get(role="deployer")
    assert ChainClient(fresh_chain).next_nonce(deployer.address) == deployer.next_nonce


def test_a_run_that_died_before_signing_is_finished_by_the_next(
    fresh_chain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Died

    keyring = DevKeyring()
    monkeypatch.setattr(keyring, "sign", die)
    with pytest.raises(Died):
        contracts_deploy(client=ChainClient(fresh_chain), keyring=keyring)
    assert ChainTransaction.objects.get().raw is None
    deploy(fresh_chain)


def test_a_deployment_that_was_taken_back_is_made_again(fresh_chain: str) -> None:
    client = ChainClient(fresh_chain)
    addresses = deploy(fresh_chain)
    web3 = Web3(Web3.HTTPProvider(fresh_chain))
    web3.provider.make_request("anvil_reorg", [len(CONTRACTS), []])  # type: ignore[arg-type]
    for transaction in ChainTransaction.objects.all():
        web3.provider.make_request("anvil_dropTransaction", [transaction.hash])  # type: ignore[arg-type]
    assert not client.code(addresses["CarbonCredit"])
    assert deploy(fresh_chain) == addresses


def test_other_code_at_the_address_is_refused(fresh_chain: str) -> None:
    address = deploy(fresh_chain)["CCToken"]
    web3 = Web3(Web3.HTTPProvider(fresh_chain))
    web3.provider.make_request("anvil_setCode", [address, "0x6001"])  # type: ignore[arg-type]
    with pytest.raises(DeploymentFailed, match="not CCToken as it is built here"):
        deploy(fresh_chain)


def test_no_block_in_time_says_to_come_back(fresh_chain: str) -> None:
    web3 = Web3(Web3.HTTPProvider(fresh_chain))
    web3.provider.make_request("evm_setAutomine", [False])  # type: ignore[arg-type]
    with pytest.raises(CommandError, match="run this again later"):
        call_command("deploy_contracts", "--timeout", "0")
    web3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    web3.provider.make_request("evm_setAutomine", [True])  # type: ignore[arg-type]
    call_command("deploy_contracts", stdout=StringIO())


def test_another_chain_with_the_same_id_is_refused(fresh_chain: str, settings: Any) -> None:
    deploy(fresh_chain)
    with running_anvil() as other:
        with pytest.raises(WrongChain, match="began with"):
            deploy(other)
        settings.CHAIN_RPC_URL = other
        with pytest.raises(CommandError, match="began with"):
            call_command("deploy_contracts")


def test_a_chain_the_settings_do_not_name_is_refused(fresh_chain: str, settings: Any) -> None:
    settings.CHAIN_ID = 1
    with pytest.raises(WrongChain, match="CHAIN_ID is 1"):
        deploy(fresh_chain)
    assert Chain.objects.count() == 0
