"""Gas per tonne to mint, send, retire and redeem, beside the usual contracts.

`gas_rows(url)` measures on the chain at `url`, an anvil with unlocked accounts; `measure()` gives
the same as figures, ours beside OpenZeppelin's. `python -m benchmarks.gas URL` prints the table of
contracts.md.
"""

import os
import sys
from dataclasses import dataclass
from typing import Any, Final, cast

from web3 import HTTPProvider, Web3
from web3.contract import Contract

from apps.nft.chain import artifacts
from benchmarks.figures import Figure, rounded

OURS: Final = "CarbonCredit"
USUAL: Final = "OpenZeppelin"
TONNES: Final = (1, 10, 100, 1_000)
GAS_LIMIT: Final = 95_000_000
BLOCK_GAS_LIMIT: Final = 100_000_000
BLOCK_ID_STRIDE: Final = 10**10
SERIAL: Final = "15142-652912334-652962333-VCS-VCU-1463-VER-BR-14-2552-01012017-31122017-0"
FACTS: Final = (SERIAL, "Verra", "VCS-2552", 652_912_334, 50_000, 2017, b"BR", 20_200_131)


@dataclass(frozen=True, slots=True)
class GasRow:
    """One figure: `name` like `gas_mint_1000`, for one of the contracts compared."""

    name: str
    contract: str
    tonnes: int
    gas: int

    @property
    def gas_per_tonne(self) -> int:
        """Rounded up: never better than it was."""
        return -(-self.gas // self.tonnes)


def measure() -> list[Figure]:
    """Gas per tonne on the chain that `CHAIN_RPC_URL` names; a ratio below 1 is the cheaper."""
    rows = gas_rows(os.environ["CHAIN_RPC_URL"])
    usual = {row.name: row.gas_per_tonne for row in rows if row.contract == USUAL}
    figures = [Figure(f"{name}_{USUAL.lower()}", gas, "gas/tonne") for name, gas in usual.items()]
    for row in rows:
        if row.contract == OURS and row.name in usual:
            ratio = rounded(row.gas_per_tonne / usual[row.name])
            against = f"{row.name}_{USUAL.lower()}"
            figures.append(Figure(row.name, row.gas_per_tonne, "gas/tonne", ratio, against))
    return figures


def gas_rows(url: str) -> list[GasRow]:
    """Deploy the contracts and measure every action at every size."""
    web3 = Web3(HTTPProvider(url))
    web3.manager.request_blocking("evm_setBlockGasLimit", [hex(BLOCK_GAS_LIMIT)])
    rows = _credit_rows(web3)
    for name in (USUAL, "ERC721A"):
        rows += _baseline_rows(web3, name, f"support/{name}Baseline")
    return rows


def _credit_rows(web3: Web3) -> list[GasRow]:
    admin, minter, pauser, alice, bob = web3.eth.accounts[:5]
    credit = _deploy(web3, OURS, 0, admin, minter, pauser, 10**9, "https://example.org/")
    rows = []
    for block_id, tonnes in enumerate(TONNES, start=1):

        def mint(offset: int, block_id: int = block_id, tonnes: int = tonnes) -> int:
            key = Web3.keccak(text=f"{block_id}/{offset}")
            call = credit.functions.mintBatch(
                alice, block_id, FACTS, FACTS[3] + offset, tonnes, key
            )
            return _gas(web3, minter, call)

        first = block_id * BLOCK_ID_STRIDE
        measured = {
            "mint_new_block": mint(0),
            "mint": mint(tonnes),
            "send": _gas(
                web3, alice, credit.functions.transferRanges(alice, bob, [(first, tonnes)])
            ),
            "retire": _gas(
                web3, bob, credit.functions.retire([(first, tonnes)], "A company", "", "2024")
            ),
            "redeem": _gas(
                web3, alice, credit.functions.redeem([(first + tonnes, tonnes)], bytes(32))
            ),
        }
        rows += [
            GasRow(f"gas_{action}_{tonnes}", OURS, tonnes, gas) for action, gas in measured.items()
        ]
    return rows


def _baseline_rows(web3: Web3, label: str, artifact: str) -> list[GasRow]:
    alice, bob = web3.eth.accounts[3:5]
    contract = _deploy(web3, artifact)
    rows, first = [], 0
    for tonnes in TONNES:
        for action, sender, call in (
            ("mint", alice, contract.functions.mint(alice, first, tonnes)),
            ("send", alice, contract.functions.send(bob, first, tonnes)),
            ("retire", bob, contract.functions.burn(first, tonnes)),
        ):
            gas = _gas(web3, sender, call)
            rows.append(GasRow(f"gas_{action}_{tonnes}", label, tonnes, gas))
        first += tonnes
    return rows


def _deploy(web3: Web3, name: str, *arguments: Any) -> Contract:
    artifact = artifacts.load(name)
    factory = web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
    transaction = factory.constructor(*arguments).transact({"from": web3.eth.accounts[0]})
    address = web3.eth.wait_for_transaction_receipt(transaction)["contractAddress"]
    return cast(Contract, web3.eth.contract(address, abi=artifact.abi))


def _gas(web3: Web3, sender: str, call: Any) -> int:
    transaction = call.transact({"from": sender, "gas": GAS_LIMIT})
    receipt = web3.eth.wait_for_transaction_receipt(transaction, poll_latency=0.01)
    if receipt["status"] != 1:
        raise RuntimeError(f"reverted: {call}")
    return int(receipt["gasUsed"])


def table(rows: list[GasRow]) -> str:
    """The rows as Markdown: an action and a contract in each line, gas per tonne by size."""
    lines = ["| gas per tonne | " + " | ".join(f"{tonnes:,}" for tonnes in TONNES) + " |"]
    lines.append("|---|" + "---:|" * len(TONNES))
    groups: dict[str, list[str]] = {}
    for row in rows:
        action = row.name.removeprefix("gas_").rsplit("_", 1)[0].replace("_", " ")
        groups.setdefault(f"{action}, {row.contract}", []).append(f"{row.gas_per_tonne:,}")
    lines += [f"| {label} | " + " | ".join(figures) + " |" for label, figures in groups.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(gas_rows(sys.argv[1])))
