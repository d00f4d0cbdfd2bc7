"""What a bulk order needs to run, to be killed at any time, and who looks at its page meanwhile."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.test import Client
from django.urls import reverse

from apps.accounts.amounts import text_from_micro
from apps.orderbook.models import BulkOrder
from ccmarket.embedded.layout import PROJECT
from ccmarket.embedded.ports import choose_port
from ccmarket.embedded.program import launcher

ANSWER_S_MAX = 60.0
LOOK_EVERY_S = 1.0
UP_S_MAX = 60.0
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Processes:
    """An engine, two workers and the web, each replaced by another when it is killed."""

    def __init__(self) -> None:
        self.port = choose_port()
        place = ("--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning")
        self.commands = {
            "engine": [sys.executable, str(PROJECT / "manage.py"), "run_engine"],
            "worker": [sys.executable, "-m", "tests.faults.bulk_worker"],
            "web": [sys.executable, "-m", "uvicorn", "ccmarket.asgi:application", *place],
        }
        self.kills = dict.fromkeys(self.commands, 0)
        self.peak_mb = dict.fromkeys(self.commands, 0)
        self.running = [(kind, self._start(kind)) for kind in ("engine", "worker", "worker", "web")]

    def strike(self, draw: random.Random) -> None:
        """Kills one of them, whatever it is doing, and starts another."""
        at = draw.randrange(len(self.running))
        kind, process = self.running[at]
        process.kill()
        process.wait()
        self.kills[kind] += 1
        self.running[at] = kind, self._start(kind)

    def watch(self) -> None:
        """Keeps in mind the most memory that one of each kind has had."""
        for kind, process in self.running:
            status = Path(f"/proc/{process.pid}/status").read_text()
            if peak := re.search(r"VmHWM:\s+(\d+) kB", status):
                self.peak_mb[kind] = max(self.peak_mb[kind], int(peak[1]) // 1_000)

    def stop(self) -> None:
        for _kind, process in self.running:
            process.kill()
            process.wait()

    def _start(self, kind: str) -> subprocess.Popen[bytes]:
        # Ends with us, however we end.
        command = [*launcher(signal.SIGKILL, user=None), *self.commands[kind]]
        return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)


class Visitor:
    """A member in front of the pages. Where the web is away, it is asked again until it is back."""

    def __init__(self, processes: Processes, client: Client) -> None:
        self.site, self.pages = f"http://localhost:{processes.port}", 0
        self.looked_s = self.slowest_s = 0.0
        self.session = requests.Session()
        name = settings.SESSION_COOKIE_NAME
        self.session.cookies.set(name, client.cookies[name].value)

    def look_at(self, order: BulkOrder) -> None:
        """The order's page, which asks for itself once a second."""
        if time.monotonic() - self.looked_s < LOOK_EVERY_S:
            return
        self._answer("GET", reverse("bulk_order", args=[order.public_id]))
        self.looked_s, self.pages = time.monotonic(), self.pages + 1

    def bring(self, content: bytes, *, quote: str) -> None:
        """Uploads a file by the form."""
        form = {"name": "Travel", "quote": quote}
        page = reverse("bulk_order_new")
        self._send(page, page, form, files={"file": ("lines.csv", content)})

    def ask_for(self, order: BulkOrder, *, plan_id: int, total: int, **said: str) -> None:
        """Has the plan carried out, as `said`. Asking again for the same changes nothing."""
        form = {"plan_id": str(plan_id), "total_max": text_from_micro(total), **said}
        names = [order.public_id]
        self._send(
            reverse("bulk_order", args=names), reverse("bulk_order_execute", args=names), form
        )

    def _send(self, page: str, to: str, form: dict[str, str], **more: Any) -> None:
        token = _TOKEN.search(self._answer("GET", page).text)
        assert token, "the page has no form"
        self._answer("POST", to, data={**form, "csrfmiddlewaretoken": token[1]}, **more)

    def _answer(self, method: str, path: str, **terms: Any) -> requests.Response:
        began_s = time.monotonic()
        while True:
            asked_s = time.monotonic()
            try:
                answer = self.session.request(
                    method, self.site + path, timeout=ANSWER_S_MAX, **terms
                )
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                assert time.monotonic() - began_s < UP_S_MAX, "the web does not come back"
                time.sleep(0.1)
                continue
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:2_000])
            self.slowest_s = max(self.slowest_s, time.monotonic() - asked_s)
            return answer
