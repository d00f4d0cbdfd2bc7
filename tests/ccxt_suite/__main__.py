"""`python -m tests.ccxt_suite [--write]`: every exchange test of ccxt, in its three ways.

Needs services of its own (`make ccxt` gives it some). Fails when a test fails or does not end.
`--write` writes the list in docs/api/ccxt.md, `--show` shows what ccxt's runner says.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import django
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = ROOT / "docs" / "api" / "ccxt.md"
HEAD = "| test | sync | async | pro |\n|---|---|---|---|\n"


def main(words: list[str]) -> int | str:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
    os.environ.setdefault("API_LIMIT_KEY_PER_S", "1000")
    django.setup()
    call_command("migrate", verbosity=0)
    found = everything(show="--show" in words)
    if "--write" in words:
        before, _head, _old = LIST.read_text().partition(HEAD)
        LIST.write_text(before + HEAD + found)
    print(found)
    wrong = [row for row in found.splitlines() if "| failed |" in row or "did not end" in row]
    return "\n".join(["Not as they should be:", *wrong]) if wrong else 0


def everything(*, show: bool) -> str:
    """The rows of the list."""
    # Their modules need Django to be set up.
    from tests.ccxt_suite import running, world
    from tests.support.live import matching, serving

    product, user = world.market_make()
    results = {}
    with serving() as live, matching(), world.traded(product, user):
        folder = running.folder_prepare(world.settings_of(live, user))
        for way in running.WAYS:
            results[way], said = running.run(folder, way, world.SYMBOL)
            if show:
                print(said)
    return listed(results)


def listed(results: Mapping[str, Mapping[str, str]]) -> str:
    """A row for each test that ran, by way, and the names of those that ccxt has nothing to run
    for."""
    from tests.ccxt_suite.running import UNIMPLEMENTED, UNSUPPORTED

    said: defaultdict[str, set[str]] = defaultdict(set)
    for found in results.values():
        for test, result in found.items():
            said[test].add(result)
    rows = [
        f"| `{test}` | {' | '.join(found.get(test, '—') for found in results.values())} |\n"
        for test in sorted(said)
        if not said[test] <= {UNSUPPORTED, UNIMPLEMENTED}
    ]
    reasons = {
        UNSUPPORTED: "What this exchange class has no method for",
        UNIMPLEMENTED: "What ccxt has no test for in Python",
    }
    for reason, words in reasons.items():
        names = ", ".join(f"`{test}`" for test in sorted(said) if said[test] == {reason})
        rows.append(f"\n{words}: {names}.\n")
    return "".join(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
