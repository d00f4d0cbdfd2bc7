"""Documentation is tested: a dependency without a line in docs/dependencies.md fails."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def documented() -> set[str]:
    rows = (ROOT / "docs/dependencies.md").read_text().splitlines()
    return {match[1] for row in rows if (match := re.match(r"\| (@?[\w./-]+) \|", row))} - {
        "package"
    }


def declared() -> set[str]:
    names = set()
    for file in sorted(ROOT.glob("requirements*.in")):
        for line in file.read_text().splitlines():
            if match := re.match(r"([A-Za-z0-9][A-Za-z0-9_.-]*)", line):
                names.add(match[1])
    package = json.loads((ROOT / "package.json").read_text())
    return names | package["dependencies"].keys() | package["devDependencies"].keys()


def test_every_dependency_has_a_line() -> None:
    assert declared() - documented() == set()


def test_every_line_is_a_dependency() -> None:
    assert documented() - declared() == set()
