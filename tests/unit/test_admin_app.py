"""The pages of the admin are imported by who needs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = """
import sys
import django
from django.core.checks import run_checks
django.setup()
print("apps.accounts.admin" in sys.modules)
run_checks(tags=["admin"])
print("apps.accounts.admin" in sys.modules)
"""


def test_only_who_checks_or_serves_the_admin_imports_its_pages() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "ccmarket.settings"}
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False", "True"]
