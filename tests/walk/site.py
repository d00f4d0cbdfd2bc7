"""What the running demo wrote down about itself, and how a check reads."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web3 import Web3
from web3.contract import Contract

from ccmarket.embedded.layout import PROJECT


@dataclass(frozen=True)
class Site:
    """`var/demo.json`, typed."""

    base_url: str
    ws_url: str
    rpc_url: str
    contracts: dict[str, str]
    users: dict[str, dict[str, Any]]

    @classmethod
    def read(cls) -> Site:
        var = Path(os.environ.get("CCMARKET_VAR", PROJECT / "var"))
        return cls(**json.loads((var / "demo.json").read_text()))

    def credits(self) -> Contract:
        """The contract of the tonnes."""
        artifact = PROJECT / "apps/nft/contracts/artifacts/CarbonCredit.json"
        abi = json.loads(artifact.read_text())["abi"]
        chain = Web3(Web3.HTTPProvider(self.rpc_url))
        return chain.eth.contract(address=self.contracts["CarbonCredit"], abi=abi)


def check(what: str, seen: object, wanted: object) -> None:
    """Prints one comparison and stops the walk when it fails."""
    assert seen == wanted, f"{what}: {seen!r}, not {wanted!r}"
    print(f"  ok  {what}: {seen}")
