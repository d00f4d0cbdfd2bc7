"""A real worker for tests: its own process, on this test's database, Redis and files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from celery import current_app
from django.conf import settings
from django.db import connection

from ccmarket.embedded.layout import PROJECT

STOP_S_MAX = 20


def environment() -> dict[str, str]:
    """Where a process of this test finds what the test uses."""
    url = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    return {
        **os.environ,
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{name}")),
        "CCMARKET_VAR": str(Path(settings.MEDIA_ROOT).parent),
        "CCMARKET_PROCESS": "worker",
    }


@contextmanager
def worker_running() -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker as in production, which takes up what is asked from now on."""
    current_app.control.purge()
    words = (sys.executable, "-m", "celery", "--quiet", "-A", "ccmarket.celery", "worker")
    pool = ("--pool", "threads", "--concurrency", "2")
    process = subprocess.Popen([*words, *pool], cwd=PROJECT, env=environment())
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
