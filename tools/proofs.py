"""Proofs about the contracts, by Halmos: `python -m tools.proofs`.

Each `check_` function of `apps/nft/contracts/proofs` says something of all values of its arguments.
Halmos walks every path of it with unknowns in their place, and a solver looks for values that
make an assertion fail. A `check_control_` denies what is true: a prover that finds nothing
there proves nothing elsewhere.

Halmos is no dependency of ours (its licence is the AGPL); `make proofs` installs it into an
environment of its own, with its solver. It wants the output of Foundry's compiler, which is put
there from the solc of node_modules; a stand-in for `forge` has nothing left to do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from apps.nft.contracts import build

TIMEOUT_S: Final = 900
PROOFS: Final = build.CONTRACTS / "proofs"
CONTROL: Final = "check_control_"
# No loop of a proof turns more often; a path that would is reported as cut off.
LOOPS_MAX: Final = 12
FOUND_COUNTEREXAMPLE: Final = 1
# A contract that makes others carries their code; it is never deployed.
TOO_LARGE: Final = "5574"

OUTPUTS: Final = (
    "abi",
    "metadata",
    "storageLayout",
    "evm.bytecode",
    "evm.deployedBytecode",
    "evm.methodIdentifiers",
)


def compile_for_halmos(folder: Path) -> None:
    """Writes what Foundry would have compiled into `folder/out`; raises BuildError."""
    names = tuple(sorted(path.stem for path in PROOFS.glob("*.sol")))
    output = build.solc_run("proofs", names, selection={"*": {"": ("ast",), "*": OUTPUTS}})
    problems = [error for error in output.get("errors", []) if error["errorCode"] != TOO_LARGE]
    if problems:
        raise build.BuildError("\n".join(error["formattedMessage"] for error in problems))
    for path, contracts in output["contracts"].items():
        place = folder / "out" / Path(path).name
        place.mkdir(parents=True, exist_ok=True)
        source = output["sources"][path]
        for name, contract in contracts.items():
            (place / f"{name}.json").write_text(json.dumps(_as_foundry(contract, source)))


def _as_foundry(contract: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    evm = contract["evm"]
    return {
        "abi": contract["abi"],
        "metadata": json.loads(contract["metadata"] or "{}"),
        "storageLayout": contract["storageLayout"],
        "methodIdentifiers": evm["methodIdentifiers"],
        **{
            name: {**evm[name], "object": "0x" + evm[name]["object"]}
            for name in ("bytecode", "deployedBytecode")
        },
        "ast": source["ast"],
        "id": source["id"],
    }


def proofs_run(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What Halmos says of each check, by contract."""
    forge = folder / "bin" / "forge"
    forge.parent.mkdir()
    forge.write_text("#!/bin/sh\nexit 0\n")
    forge.chmod(0o755)
    command = ["halmos", "--root", ".", "--json-output", "results.json", "--no-status"]
    command += ["--solver-command", "yices-smt2", "--solver-timeout-branching", "2s"]
    command += ["--loop", str(LOOPS_MAX), "--early-exit"]
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{forge.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    results = folder / "results.json"
    # Its exit status counts what failed, and controls have to; what it wrote says whether it ran.
    if not results.exists():
        raise SystemExit(f"halmos did not run:\n{ran.stdout}{ran.stderr}")
    found: dict[str, list[dict[str, Any]]] = json.loads(results.read_text())["test_results"]
    return found


def main() -> int:
    """Entry point; returns the exit status."""
    if shutil.which("halmos") is None:
        print("halmos is not on the path: `make proofs` installs it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as place:
        compile_for_halmos(Path(place))
        results = proofs_run(Path(place))
    wrong = proved = 0
    for contract, checks in results.items():
        print(contract.rpartition(":")[2])
        for check in checks:
            is_control = check["name"].startswith(CONTROL)
            is_right = check["exitcode"] == (FOUND_COUNTEREXAMPLE if is_control else 0)
            is_right &= not check["num_bounded_loops"]
            wrong += not is_right
            proved += is_right and not is_control
            outcome = ("found out" if is_control else "proved") if is_right else "NOT PROVED"
            print(f"  {outcome}: {check['name'].partition('(')[0]}, {check['num_paths'][0]} paths")
    missing = {path.stem for path in PROOFS.glob("*Proofs.sol")} - {
        contract.rpartition(":")[2] for contract in results
    }
    for name in sorted(missing):
        print(f"{name} was not run")
    print(f"{proved} proved, {wrong + len(missing)} not")
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main())
