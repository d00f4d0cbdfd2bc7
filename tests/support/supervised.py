"""Start, watch and end a small stack from a test."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ccmarket.embedded.layout import PROJECT, Layout
from ccmarket.embedded.ports import choose_port
from ccmarket.embedded.records import is_over, record_read
from ccmarket.embedded.services import REPLACEMENTS
from ccmarket.embedded.throwaway import THROWAWAY_MARK

READY = "is running at"
# Only a limit: generous, because a machine that runs many tests is slow.
WAIT_S = 120.0


def eventually(what: str, holds: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, f"Waited {timeout_s:g} s in vain: {what}"
        time.sleep(0.05)


def environment(var: Path, **given: str) -> dict[str, str]:
    """Ours without the services that the tests themselves run on."""
    hidden = {*REPLACEMENTS, THROWAWAY_MARK, "CCMARKET_VAR", "PORT", "BIND"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "CCMARKET_VAR": str(var), **given}


def said_beside_services(module: Sequence[str], var: Path, limit_s: float) -> str:
    """What a module, with its arguments, says on its way to a good end, with durable services of
    its own. What takes too long is asked to end: its services and all that it started end too."""
    private = [sys.executable, "-m", "ccmarket.embedded", "run", "--durable", "--"]
    with subprocess.Popen(
        [*private, sys.executable, "-m", *module],
        cwd=PROJECT,
        env=environment(var),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.terminate()
            said, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, said[-5000:]
    return said


@dataclass
class SmallStackRun:
    """One start of `tests.support.small_stack`, its output in a file."""

    process: subprocess.Popen[bytes]
    layout: Layout
    port: int
    output: Path

    @classmethod
    def start(cls, var: Path, port: int | None = None, **env: str) -> "SmallStackRun":
        port = port or choose_port()
        output = var.parent / f"output-{time.monotonic_ns()}.txt"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.small_stack"],
                cwd=PROJECT,
                env=environment(var, PORT=str(port), **env),
                stdout=file,
                stderr=file,
                # As from a terminal: Ctrl-C must not reach the test as well.
                start_new_session=True,
            )
        return cls(process, Layout(var), port, output)

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def ready(self) -> "SmallStackRun":
        eventually("ready", lambda: READY in self.text or self.process.poll() is not None)
        assert self.process.poll() is None, self.text
        return self

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def named(self, name: str) -> psutil.Process:
        """The process of this name, by its record."""
        found: list[psutil.Process] = []

        def recorded() -> bool:
            record = record_read(self.layout.run / f"{name}.json")
            process = record.find() if record else None
            found[:] = [process] if process else []
            return bool(found)

        eventually(f"{name} runs", recorded)
        return found[0]

    def kill_everything(self) -> None:
        """As when the machine loses power; the supervisor may collect some of them meanwhile."""
        for process in [*self.descendants(), psutil.Process(self.process.pid)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(WAIT_S)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(WAIT_S)


def all_over(processes: list[psutil.Process]) -> bool:
    return all(map(is_over, processes))
