"""A program to keep running, and the running process of it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ccmarket.embedded.layout import PROJECT, Layout
from ccmarket.embedded.logs import Console, LogFile, LogPump
from ccmarket.embedded.records import ProcessRecord, start_mark

LAUNCHER = Path(__file__).with_name("launch.py")


def launcher(parent_died: signal.Signals, user: str | None) -> list[str]:
    """The words to put before a program's own (see launch.py).

    `parent_died` is what the program is sent if we end without stopping it.
    """
    words = [sys.executable, "-I", "-S", str(LAUNCHER), "--parent", str(os.getpid())]
    words += ["--signal", parent_died.name]
    if user:
        words += ["--user", user]
    return [*words, "--"]


@dataclass(frozen=True)
class Program:
    """What to run and how to tell that it is up.

    `command` is asked at every start, because a restart may need other arguments. `ready` answers
    quickly and never raises; without it, a program is as good as ready once started. `user` is the
    user it runs as when we are root. What a talkative program says is for people, also while
    setting up. One that runs once ends by itself, and is not started again.
    """

    name: str
    command: Callable[[], Sequence[str]]
    ready: Callable[[], bool] | None = None
    title: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0
    ready_timeout_s: float = 60.0
    is_talkative: bool = False
    is_once: bool = False

    @property
    def label(self) -> str:
        return self.title or self.name


class Child:
    """The process of a program: started, watched, stopped, recorded on disk.

    Start it from the main thread: Linux ends a child when the *thread* that started it ends.
    """

    def __init__(self, program: Program, layout: Layout, console: Console) -> None:
        self.program = program
        self._layout = layout
        self._console = console
        self._popen: subprocess.Popen[bytes] | None = None
        self._pump: LogPump | None = None
        self.started_s = 0.0

    @property
    def log_path(self) -> Path:
        return self._layout.log / f"{self.program.name}.log"

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and before it was started."""
        return self._popen.poll() if self._popen else None

    def start(self, env: Mapping[str, str]) -> None:
        argv = tuple(self.program.command())
        self._popen = subprocess.Popen(
            [*launcher(self.program.stop_signal, self.program.user), *argv],
            cwd=PROJECT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **env, **self.program.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._popen.stdout is not None
        log = LogFile(self.log_path)
        self._pump = LogPump(self.program.name, self._popen.stdout, log, self._console)
        self._pump.start()
        self.started_s = time.monotonic()
        self._record(argv)

    def _record(self, argv: tuple[str, ...]) -> None:
        assert self._popen is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            ProcessRecord(
                name=self.program.name,
                pid=self._popen.pid,
                started=start_mark(psutil.Process(self._popen.pid)),
                argv=argv,
                stop_signal=self.program.stop_signal,
                stop_timeout_s=self.program.stop_timeout_s,
            ).write(self._layout.run)

    def send_stop(self) -> None:
        if self._popen and self._popen.poll() is None:
            self._popen.send_signal(self.program.stop_signal)

    def finish(self, timeout_s: float | None = None) -> bool:
        """Wait for the end after `send_stop`, insist when it takes too long; True if it complied.

        What the process left behind in its group goes too, and so does its record.
        """
        if self._popen is None:
            return True
        complied = True
        try:
            self._popen.wait(self.program.stop_timeout_s if timeout_s is None else timeout_s)
        except subprocess.TimeoutExpired:
            complied = False
        self.sweep()
        (self._layout.run / f"{self.program.name}.json").unlink(missing_ok=True)
        return complied

    def sweep(self) -> None:
        """Kill what is left of the process group, so that nothing outlives its leader."""
        if self._popen is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self._popen.kill()
        self._popen.wait()
        if self._pump:
            self._pump.join(timeout=1.0)
