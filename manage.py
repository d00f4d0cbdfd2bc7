#!/usr/bin/env python
"""Django's command line for ccmarket."""

import json
import os
import sys
from pathlib import Path


def use_running_demo() -> None:
    """Without a database of its own, a command speaks to the demo that runs from this folder."""
    var = Path(os.environ.get("CCMARKET_VAR") or Path(__file__).resolve().parent / "var")
    if "DATABASE_URL" in os.environ:
        return
    try:
        environment = json.loads((var / "run" / "environment").read_text())
    except FileNotFoundError:
        return
    for name, value in environment.items():
        os.environ.setdefault(name, value)


def main() -> None:
    use_running_demo()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
