"""`python -m ccmarket.embedded run -- COMMAND`: private services for one command, then nothing.

Each set has its own folder under `var/test/`, its own ports and its own passwords, so any number
can run at once, beside a demo.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from ccmarket.embedded.guard import StopRequested, StopSignals
from ccmarket.embedded.layout import PROJECT, EmbeddedError, Layout
from ccmarket.embedded.logs import Console
from ccmarket.embedded.records import stop_recorded
from ccmarket.embedded.services import Services
from ccmarket.embedded.supervisor import Supervisor

THROWAWAY_MARK = "CCMARKET_THROWAWAY"
TEND_INTERVAL_S = 0.1
COMMAND_STOP_TIMEOUT_S = 20.0
COMMAND_NOT_FOUND = 127


class ThrowawaySet:
    """Services in a folder of their own that is deleted with them. Use it with `with`."""

    def __init__(
        self,
        parent: Layout,
        *,
        durable: bool = False,
        with_chain: bool = False,
        signals: StopSignals | None = None,
    ) -> None:
        parent.test.mkdir(parents=True, exist_ok=True)
        remove_abandoned(parent.test)
        self.layout = Layout(Path(tempfile.mkdtemp(dir=parent.test, prefix="set-")))
        # Before anything else: an unlocked set counts as abandoned.
        self._lock = _lock(self.layout.var)
        self._services = Services(self.layout, durable=durable, with_chain=with_chain)
        self._supervisor = Supervisor(self.layout, Console(quiet=True), signals or StopSignals())

    @property
    def env(self) -> dict[str, str]:
        """Where the services are; the mark says that nothing in them is worth keeping."""
        return {**self._services.env, THROWAWAY_MARK: "1"}

    def __enter__(self) -> "ThrowawaySet":
        try:
            self._supervisor.start(self._services.prepare(), {})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._supervisor.stop()
        stop_recorded(self.layout.run)  # What the command itself started from this set.
        _remove(self.layout)
        if self._lock:
            self._lock.close()

    def tend(self) -> None:
        """Restart what died: a fault test may kill a server and expect it back."""
        self._supervisor.tend()


def _lock(folder: Path) -> TextIO | None:
    """The lock that says somebody uses this set; None if somebody else does."""
    try:
        file = (folder / "in-use").open("a")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def remove_abandoned(folder: Path) -> None:
    """Stop and delete the sets whose owner is gone, however it went."""
    for path in folder.glob("set-*"):
        age_s = time.time() - path.stat().st_mtime if path.exists() else 0
        if not (path / "in-use").exists() and age_s < 60:
            continue  # Being made at this moment.
        lock = _lock(path)
        if lock is None:
            continue
        with lock:
            layout = Layout(path)
            stop_recorded(layout.run)
            _remove(layout)


def _remove(layout: Layout) -> None:
    layout.remove_sockets()
    shutil.rmtree(layout.var, ignore_errors=True)


def run(
    parent: Layout,
    command: Sequence[str],
    console: Console,
    *,
    durable: bool = False,
    with_chain: bool = False,
) -> int:
    """Run `command` with services of its own; returns its exit code, 128 + n after signal n."""
    if not command:
        raise EmbeddedError("Say what to run: python -m ccmarket.embedded run -- COMMAND...")
    with StopSignals() as signals:
        try:
            services = ThrowawaySet(parent, durable=durable, with_chain=with_chain, signals=signals)
            with services:
                return _run_command(command, services, signals)
        except StopRequested:
            assert signals.received is not None
            return 128 + signals.received


def _run_command(command: Sequence[str], services: ThrowawaySet, signals: StopSignals) -> int:
    try:
        process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **services.env})
    except FileNotFoundError:
        print(f"No such command: {command[0]}")
        return COMMAND_NOT_FOUND
    try:
        while (code := process.poll()) is None:
            signals.check()
            services.tend()
            time.sleep(TEND_INTERVAL_S)
    except StopRequested:
        code = _end(process)
    return code if code >= 0 else 128 - code


def _end(process: subprocess.Popen[bytes]) -> int:
    """Let the command finish in its own way first; Ctrl-C has already reached it."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(COMMAND_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
