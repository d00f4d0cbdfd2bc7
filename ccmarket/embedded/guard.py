"""One supervisor per `var/`, and the signals that ask it to stop."""

import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator
from types import FrameType

import psutil

from ccmarket.embedded.layout import EmbeddedError, Layout
from ccmarket.embedded.records import ProcessRecord, record_read, start_mark

# Long enough for every program to be stopped in order, PostgreSQL's last checkpoint included.
SUPERVISOR_STOP_TIMEOUT_S = 90.0


class StopRequested(Exception):
    """Somebody pressed Ctrl-C, closed the terminal or sent SIGTERM."""


class StopSignals:
    """Remembers SIGINT, SIGTERM and SIGHUP until `check` is called, at a moment that suits us.

    Raising from the handler itself could hit between starting a process and writing it down.
    """

    WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.received: signal.Signals | None = None

    def __enter__(self) -> "StopSignals":
        self._before = {number: signal.signal(number, self._handle) for number in self.WATCHED}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.received = self.received or signal.Signals(number)

    def check(self) -> None:
        if self.received is not None:
            raise StopRequested


@contextlib.contextmanager
def only_supervisor(layout: Layout) -> Iterator[None]:
    """Hold the lock on this `var/`. The system lets go of it however the process ends."""
    layout.make()
    path = layout.run / "supervisor.lock"
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EmbeddedError(
                f"ccmarket already runs from {layout.var}.\n"
                "Stop it first: Ctrl-C where it runs, or `make clean-demo` to start over."
            ) from error
        me = psutil.Process()
        ProcessRecord(
            name="supervisor",
            pid=os.getpid(),
            started=start_mark(me),
            argv=tuple(me.cmdline()),
            stop_timeout_s=SUPERVISOR_STOP_TIMEOUT_S,
        ).write_to(path)
        yield


def running_supervisor(layout: Layout) -> tuple[ProcessRecord, psutil.Process] | None:
    """The supervisor that holds this `var/`, if one does."""
    record = record_read(layout.run / "supervisor.lock")
    process = record.find() if record else None
    return (record, process) if record and process else None
