"""`python -m tests.ccxt_suite [--write]`: every exchange test of ccxt, in its three ways.

Needs services of its own (`make ccxt` gives it some). Fails when a test fails or does not end.
`--write` writes the list in docs/api/ccxt.md, `--show` shows what ccxt's runner says.
"""

from __future__ import annotations

import os
import sys
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
    tests = sorted({test for found in results.values() for test in found})
    return "".join(
        f"| `{test}` | {' | '.join(results[way].get(test, '—') for way in results)} |\n"
        for test in tests
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
