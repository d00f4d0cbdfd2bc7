"""Slither over the contracts: `python -m tools.slither`.

Slither is no dependency of ours (its licence is the AGPL); have it on the path, for example by
`uv tool install slither-analyzer`. It wants a native solc: a stand-in hands what it asks for to the
solc of node_modules, so that what is analysed is compiled by the compiler of what is deployed.

Fails where a finding of high or medium impact is open. Findings that were looked into and are none
are in FALSE_ALARMS, each with its reason.
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

TIMEOUT_S: Final = 600
GRAVE: Final = ("High", "Medium")

# (check, where): why it is none.
FALSE_ALARMS: Final[dict[tuple[str, str], str]] = {}

STAND_IN: Final = """#!{python}
import subprocess, sys
if "--version" in sys.argv:
    print("solc, the solidity compiler commandline interface")
    print("Version: {version}")
    sys.exit()
sys.exit(subprocess.run({command!r}).returncode)
"""


def findings(name: str) -> list[dict[str, Any]]:
    """Slither's findings in one contract and all it inherits, libraries of others left out."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shutil.copytree(build.CONTRACTS / "src", folder / "src")
        (folder / "@openzeppelin").symlink_to(build.NODE_MODULES / "@openzeppelin")
        (folder / "input.json").write_text(json.dumps(_request(name)))
        _stand_in(folder)
        command = ["slither", "input.json", "--solc-standard-json", "--filter-paths"]
        command += ["openzeppelin", "--json", "found.json", "--disable-color"]
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        ran = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        # Slither's exit status counts findings; what it wrote says whether it ran.
        if not (folder / "found.json").exists():
            raise SystemExit(f"slither did not run:\n{ran.stdout}{ran.stderr}")
        answer = json.loads((folder / "found.json").read_text())
    if not answer["success"]:
        raise SystemExit(f"slither failed: {answer['error']}")
    return list(answer["results"].get("detectors", []))


def _request(name: str) -> dict[str, Any]:
    """A build's request, with the syntax tree that Slither reads."""
    outputs = ["abi", "metadata", "devdoc", "userdoc", "evm.bytecode", "evm.deployedBytecode"]
    return {
        "language": "Solidity",
        "sources": {f"src/{name}.sol": {"urls": [f"src/{name}.sol"]}},
        "settings": {**build.SETTINGS, "outputSelection": {"*": {"*": outputs, "": ["ast"]}}},
    }


def _stand_in(folder: Path) -> None:
    solc = build.NODE_MODULES / "solc"
    version = json.loads((solc / "package.json").read_text())["version"]
    command = [build.node_executable(), str(solc / "solc.js"), "--standard-json"]
    command += ["--base-path", str(folder), "--include-path", str(build.NODE_MODULES)]
    text = STAND_IN.format(python=sys.executable, version=version, command=command)
    (folder / "solc").write_text(text)
    (folder / "solc").chmod(0o755)


def _where(finding: dict[str, Any]) -> str:
    """`Contract.function` of the first element, or its name alone."""
    element = finding["elements"][0]
    parent = element.get("type_specific_fields", {}).get("parent", {}).get("name", "")
    return f"{parent}.{element['name']}".lstrip(".")


def main() -> int:
    """Entry point; returns the exit status."""
    if shutil.which("slither") is None:
        print("slither is not on the path: `uv tool install slither-analyzer`", file=sys.stderr)
        return 2
    open_ones, seen = 0, set()
    for name in build.DEPLOYABLE:
        for finding in findings(name):
            key = (finding["check"], _where(finding))
            if finding["id"] in seen:
                continue
            seen.add(finding["id"])
            is_grave = finding["impact"] in GRAVE and key not in FALSE_ALARMS
            open_ones += is_grave
            mark = "OPEN" if is_grave else "looked into" if key in FALSE_ALARMS else "minor"
            print(f"{mark}: {finding['impact']} {key[0]} in {key[1]}")
            if is_grave:
                print(finding["description"])
    print(
        f"{open_ones} open findings of high or medium impact in {len(build.DEPLOYABLE)} contracts"
    )
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
