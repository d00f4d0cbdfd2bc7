"""The committed artifacts of the contracts, as `apps.nft.contracts.build` writes them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from eth_typing import HexStr
from hexbytes import HexBytes

FOLDER: Final = Path(__file__).resolve().parents[1] / "contracts" / "artifacts"


@dataclass(frozen=True, slots=True, eq=False)
class Artifact:
    """One compiled contract. `immutable_slices` are the bytes its constructor fills in."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: HexStr
    runtime: bytes
    immutable_slices: tuple[slice, ...]

    def deployed_as(self, code: bytes) -> bool:
        """Whether `code`, read from a chain, is this contract (immutables set aside)."""
        return len(code) == len(self.runtime) and self._masked(code) == self._masked(self.runtime)

    def _masked(self, code: bytes) -> bytes:
        masked = bytearray(code)
        for place in self.immutable_slices:
            masked[place] = bytes(place.stop - place.start)
        return bytes(masked)


@cache
def load(name: str) -> Artifact:
    """The artifact of a contract, such as `CarbonCredit`; FileNotFoundError where there is none."""
    content = json.loads((FOLDER / f"{name}.json").read_text())
    places = [place for group in content["immutableReferences"].values() for place in group]
    return Artifact(
        name=content["contractName"],
        abi=content["abi"],
        bytecode=HexStr(content["bytecode"]),
        runtime=bytes(HexBytes(content["deployedBytecode"])),
        immutable_slices=tuple(
            slice(place["start"], place["start"] + place["length"]) for place in places
        ),
    )
