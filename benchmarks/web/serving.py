"""A web process and an engine of one's own, as `make demo` starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ccmarket.embedded.health import http_ok
from ccmarket.embedded.ports import choose_port
from ccmarket.embedded.stack import WEB_ENVIRONMENT, Address, manage, uvicorn

START_S: Final = 60.0
STOP_S: Final = 15.0


@contextmanager
def serving() -> Iterator[int]:
    """The port at which the site answers, with an engine behind it, until the block ends."""
    address = Address("127.0.0.1", choose_port())
    with ExitStack() as stack:
        stack.enter_context(_running("engine", manage("run_engine")))
        log = stack.enter_context(_running("web", web(address), WEB_ENVIRONMENT))
        end_s = time.monotonic() + START_S
        while not http_ok(address.health_url):
            assert time.monotonic() < end_s, log.read_text()[-2_000:]
            time.sleep(0.1)
        yield address.port


def web(address: Address) -> Sequence[str]:
    """The website's process with the benchmark's application in place of the site's."""
    names = {"ccmarket.asgi:application": "benchmarks.web.asgi:application"}
    return [names.get(word, word) for word in uvicorn(address)]


@contextmanager
def _running(
    name: str, command: Sequence[str], more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Path]:
    """The process's log. It is stopped when the block ends."""
    environment = {
        **os.environ,
        **more,
        "DJANGO_SETTINGS_MODULE": "benchmarks.web.settings",
        "CCMARKET_PROCESS": name,
        "LOG_LEVEL": "WARNING",
    }
    with tempfile.NamedTemporaryFile(prefix=f"ccmarket-{name}-", suffix=".log") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield Path(log.name)
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if text := Path(log.name).read_text().strip():
                print(f"{name} said:\n{text[-4_000:]}", file=sys.stderr)
