"""Whatever process sends a task sends it to our broker."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings

SENDS_NOTHING_YET = """
import django; django.setup()
from celery import current_app
print(current_app.main, current_app.conf.broker_url)
"""


def test_a_process_that_only_sets_up_django_has_our_celery() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SENDS_NOTHING_YET], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["ccmarket", settings.CELERY_BROKER_URL]
