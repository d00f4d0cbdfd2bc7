"""Documentation is tested: a setting without a line in docs/operations.md fails."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def documented() -> set[str]:
    return set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/operations.md").read_text(), re.M))


def read_by_settings() -> set[str]:
    names: set[str] = set()
    for file in (ROOT / "ccmarket/settings").glob("*.py"):
        names |= set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', file.read_text()))
    return names


def test_every_setting_has_a_line() -> None:
    assert read_by_settings() - documented() == set()


def test_every_line_is_a_setting() -> None:
    assert documented() - read_by_settings() == set()
