"""What tests of the contracts share: deploying, calling, and saying which error is expected."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from eth_abi import decode
from eth_account import Account
from hypothesis import HealthCheck, settings
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.types import RPCEndpoint, TxReceipt

from apps.nft.chain import artifacts

ADMIN_DELAY_S = 3600
DAILY_CAP_TONNES = 100_000
DAILY_CAP_MICRO = 1_000_000_000_000
BASE_URI = "https://example.org/nft/"
STRIDE = 10**10
ZERO_ADDRESS = "0x" + "00" * 20
SOME_KEY = "0x" + "11" * 32
PERMIT_TYPES = {
    "Permit": [
        {"name": "owner", "type": "address"},
        {"name": "spender", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}


class Block(NamedTuple):
    """`CarbonCredit.SerialBlock`."""

    serial: str = "15142-652912334-652962333-VCS-VCU-1463-VER-BR-14-2552-01012017-31122017-0"
    registry: str = "Verra"
    project: str = "VCS-2552"
    first_serial: int = 652_912_334
    tonnes: int = 50_000
    vintage: int = 2017
    country: bytes = b"BR"
    issuance_date: int = 20200131


@dataclass(frozen=True)
class World:
    """A chain with our contracts on it, and people with keys."""

    web3: Web3
    credit: Contract
    cc: Contract
    admin: str
    minter: str
    pauser: str
    alice: str
    bob: str
    carol: str
    dave: str

    def deploy(self, name: str, *arguments: Any) -> Contract:
        """Deploy a contract of `artifacts/` or `artifacts/support/`."""
        artifact = artifacts.load(name)
        factory = self.web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        receipt = self.wait(factory.constructor(*arguments).transact({"from": self.dave}))
        return self.web3.eth.contract(receipt["contractAddress"], abi=artifact.abi)

    def wait(self, transaction_hash: bytes) -> TxReceipt:
        """The receipt of a transaction; anvil mines at once."""
        return self.web3.eth.wait_for_transaction_receipt(transaction_hash, poll_latency=0.005)

    def send(self, sender: str, function: Any) -> TxReceipt:
        """Send a call of a contract as `sender`."""
        receipt = self.wait(function.transact({"from": sender}))
        assert receipt["status"] == 1
        return receipt

    def mint(
        self,
        to: str,
        count: int,
        *,
        offset: int = 0,
        block_id: int = 1,
        block: Block | None = None,
        intent: str | None = None,
    ) -> int:
        """Mint `count` tonnes from `offset` into the block on; returns the first token id."""
        block = block or Block()
        key = Web3.keccak(text=intent or f"{block_id}/{offset}/{count}")
        first = block.first_serial + offset
        self.send(
            self.minter, self.credit.functions.mintBatch(to, block_id, block, first, count, key)
        )
        return block_id * STRIDE + offset

    def events(self, contract: Contract, name: str, receipt: TxReceipt) -> list[dict[str, Any]]:
        """Arguments of the events `name` of `contract` in a receipt, in order."""
        logs = [log for log in receipt["logs"] if log["address"] == contract.address]
        event = contract.events[name]()
        topic = event.topic
        return [
            dict(event.process_log(log)["args"])
            for log in logs
            if log["topics"][0].to_0x_hex() == topic
        ]

    def rpc(self, method: str, *params: Any) -> Any:
        """A raw JSON-RPC call, for anvil's own methods."""
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(params))
        assert "error" not in answer, answer
        return answer["result"]

    @contextmanager
    def reverts(
        self, error: str, *arguments: Any, contract: Contract | None = None
    ) -> Iterator[None]:
        """Expect the custom error `error`, with these arguments."""
        abi = (contract or self.credit).abi
        entry = next(e for e in abi if e["type"] == "error" and e["name"] == error)
        types = [part["type"] for part in entry["inputs"]]
        selector = Web3.keccak(text=f"{error}({','.join(types)})")[:4]
        with pytest.raises(ContractCustomError) as caught:
            yield
        data = bytes.fromhex(str(caught.value.data).removeprefix("0x"))
        assert data[:4] == selector, f"another error: 0x{data.hex()}"
        got = tuple(_comparable(value) for value in decode(types, data[4:]))
        assert got == tuple(_comparable(value) for value in arguments)


def deploy_world(web3: Web3) -> World:
    """Both contracts, each role on a key of its own."""
    admin, minter, pauser, alice, bob, carol, dave = web3.eth.accounts[:7]
    blank = World(web3, None, None, admin, minter, pauser, alice, bob, carol, dave)  # type: ignore[arg-type]
    roles = (ADMIN_DELAY_S, admin, minter, pauser)
    credit = blank.deploy("CarbonCredit", *roles, DAILY_CAP_TONNES, BASE_URI)
    cc = blank.deploy("CCToken", *roles, DAILY_CAP_MICRO)
    return World(web3, credit, cc, admin, minter, pauser, alice, bob, carol, dave)


def machine_settings(*, steps: int) -> settings:
    """A few histories with every run of the suite; many with CONTRACT_EXAMPLES."""
    return settings(
        max_examples=int(os.environ.get("CONTRACT_EXAMPLES", "10")),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def signed_permit(
    world: World, coin: Contract, spender: str, value: int
) -> tuple[int, int, bytes, bytes]:
    """Deadline, v, r, s of an EIP-2612 permit for `spender`, signed with SOME_KEY, its first."""
    deadline = world.web3.eth.get_block("latest")["timestamp"] + 600
    message = {
        "owner": Account.from_key(SOME_KEY).address,
        "spender": spender,
        "value": value,
        "nonce": 0,
        "deadline": deadline,
    }
    domain = {
        "name": coin.functions.name().call(),
        "version": "1",
        "chainId": world.web3.eth.chain_id,
        "verifyingContract": coin.address,
    }
    signed = Account.sign_typed_data(SOME_KEY, domain, PERMIT_TYPES, message)
    return deadline, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def _comparable(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
