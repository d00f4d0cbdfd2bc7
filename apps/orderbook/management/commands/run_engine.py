"""`manage.py run_engine`: match orders until told to stop."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from apps.orderbook.engine.engine import Engine
from apps.orderbook.engine.service import BATCH_MAX


class Command(BaseCommand):
    help = "Match orders. Any number may run: they share the markets and stand in for each other."
    # They import every page: a third of the time until it matches.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-max", type=int, default=BATCH_MAX, help="commands in one transaction at most"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        # Collections at random moments walk through every order; the engine collects when idle.
        gc.disable()
        name = f"engine {socket.gethostname()}:{os.getpid()}"
        Engine(
            name=name, redis_url=settings.REDIS_URL, stop=stop, batch_max=options["batch_max"]
        ).run()
