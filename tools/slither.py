"""Slither over the contracts: `python -m tools.slither`.

Slither is no dependency of ours (its licence is the AGPL); `make slither` installs it into an
environment of its own. It wants a native solc: a stand-in hands what it asks for to the solc of
node_modules, so that what is analysed is read by the compiler of what is deployed. It is not
optimised, which takes long and changes nothing of what Slither reads.

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
ROUNDS_DOWN: Final = "the quotient numbers a word or page, and its product is where that begins"
FALSE_ALARMS: Final[dict[tuple[str, str], str]] = {
    ("divide-before-multiply", "RangeERC721._moveInPage"): ROUNDS_DOWN,
    ("divide-before-multiply", "RangeERC721._headOf"): ROUNDS_DOWN,
    ("incorrect-equality", "Guarded.dailyCap"): "two numbers of days, which nobody can nudge",
    ("incorrect-equality", "Vault._deposit"): "a coin must bring exactly what it was told to;"
    " whoever adds to it on the way only has their own deposit refused",
    ("reentrancy-no-eth", "Vault.depositWithPermit"): "every way that moves coins is locked; what a"
    " permit that calls back can see or, as the admin, set is the state before the deposit",
}

STAND_IN: Final = """#!{python}
import json, subprocess, sys, tempfile
if "--version" in sys.argv:
    print("solc, the solidity compiler commandline interface")
    print("Version: {version}")
    sys.exit()
request = json.load(sys.stdin)
request["settings"] = {{**{settings!r}, "outputSelection": request["settings"]["outputSelection"]}}
# To a file: solc.js leaves before a pipe has taken all of a long answer. And it says hello first,
# which slither would take for a part of the answer.
with tempfile.TemporaryFile("w+") as answer:
    ran = subprocess.run({command!r}, input=json.dumps(request), stdout=answer, text=True)
    answer.seek(0)
    text = answer.read()
print(text[text.index("{{"):])
sys.exit(ran.returncode)
"""


def findings() -> list[dict[str, Any]]:
    """Slither's findings in all contracts and what they inherit, libraries of others left out."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shutil.copytree(build.CONTRACTS / "src", folder / "src")
        (folder / "@openzeppelin").symlink_to(build.NODE_MODULES / "@openzeppelin")
        _stand_in(folder)
        command = ["slither", "src", "--solc-standard-json", "--filter-paths", "openzeppelin"]
        command += ["--json", "found.json", "--disable-color"]
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


def _stand_in(folder: Path) -> None:
    solc = build.NODE_MODULES / "solc"
    version = json.loads((solc / "package.json").read_text())["version"]
    command = [build.node_executable(), str(solc / "solc.js"), "--standard-json"]
    command += ["--base-path", str(folder), "--include-path", str(build.NODE_MODULES)]
    text = STAND_IN.format(
        python=sys.executable, version=version, settings=build.UNOPTIMISED, command=command
    )
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
        print("slither is not on the path: `make slither` installs it", file=sys.stderr)
        return 2
    open_ones, triaged = 0, set()
    for finding in findings():
        key = (finding["check"], _where(finding))
        is_triaged = key in FALSE_ALARMS
        is_grave = finding["impact"] in GRAVE and not is_triaged
        open_ones += is_grave
        triaged |= {key} if is_triaged else set()
        mark = "OPEN" if is_grave else "looked into" if is_triaged else "minor"
        why = f": {FALSE_ALARMS[key]}" if is_triaged else ""
        print(f"{mark}: {finding['impact']} {key[0]} in {key[1]}{why}")
        if is_grave:
            print(finding["description"])
    for check, where in FALSE_ALARMS.keys() - triaged:
        print(f"no longer found, so take it out of the list: {check} in {where}")
        open_ones += 1
    print(
        f"{open_ones} open findings of high or medium impact in {len(build.DEPLOYABLE)} contracts"
    )
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
