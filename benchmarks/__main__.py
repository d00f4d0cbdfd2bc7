"""`python -m benchmarks [NAME...]`: measure, print a table, write benchmarks/results.json.

Needs PostgreSQL, Redis and a chain of its own: `make bench`, or `python -m ccmarket.embedded run
--durable --with-chain -- python -m benchmarks`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Final

import django
from django.core.management import call_command

from apps.orderbook.engine import compiled
from benchmarks.figures import Figure, show, write

NAMES: Final = (
    "matching", "durable", "engines", "live", "growth", "gas", "registry", "bulk", "http", "feed",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all")
    chosen = parser.parse_args().names or NAMES
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    print(f"The engine is {'compiled' if compiled.is_running() else 'Python'}.")
    figures: list[Figure] = []
    for name in chosen:
        measured = benchmark(name)()
        show(measured)
        figures += measured
    write(figures)


def benchmark(name: str) -> Callable[[], list[Figure]]:
    # Their modules need Django to be set up.
    from benchmarks import bulk, durable, engines, gas, growth, live, matching, registry
    from benchmarks.web import feed, orders

    return {
        "matching": matching.measure,
        "durable": durable.measure,
        "engines": engines.measure,
        "live": live.measure,
        "growth": growth.measure,
        "gas": gas.measure,
        "registry": registry.measure,
        "bulk": bulk.measure,
        "http": orders.measure,
        "feed": feed.measure,
    }[name]


if __name__ == "__main__":
    main()
