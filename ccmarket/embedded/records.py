"""Which processes are ours: written down when they start, so that a later start can find them.

A process id alone proves nothing, because the system gives it to somebody else later. A record
also has the moment the process started and its command line, and all three must agree.
"""

import contextlib
import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

# The kernel counts in ticks and a corrected clock moves the origin: never off by more than this.
START_TOLERANCE_S = 2.0
KILL_WAIT_S = 5.0


@dataclass(frozen=True)
class ProcessRecord:
    """One process as it was started. `started_s` is seconds since 1970, `argv` what it runs."""

    name: str
    pid: int
    started_s: float
    argv: tuple[str, ...]
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 10.0

    def find(self) -> psutil.Process | None:
        """The very process this record is about, or None if it has ended or the id was reused."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            if abs(process.create_time() - self.started_s) > START_TOLERANCE_S:
                return None
            # While it is being launched, the launcher's own words come first.
            if tuple(process.cmdline()[-len(self.argv) :]) != self.argv:
                return None
        except psutil.Error:
            return None
        return process

    def write(self, folder: Path) -> None:
        draft = folder / f"{self.name}.tmp"
        self.write_to(draft)
        os.replace(draft, folder / f"{self.name}.json")

    def write_to(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2))


def record_read(path: Path) -> ProcessRecord | None:
    """None when the file is no whole record: then it cannot prove anything either."""
    try:
        data = json.loads(path.read_text())
        return ProcessRecord(**{**data, "argv": tuple(data["argv"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def stop_recorded(folder: Path) -> list[str]:
    """Stop every process recorded in `folder` that still runs; returns their names.

    The later a process was started, the earlier it is stopped, as in an orderly stop.
    """
    found = []
    for path in folder.glob("*.json"):
        record = record_read(path)
        process = record.find() if record else None
        if record and process:
            found.append((record, process))
        elif record:
            path.unlink(missing_ok=True)
    found.sort(key=lambda pair: pair[0].started_s, reverse=True)
    for record, process in found:
        stop_process(process, record.stop_signal, record.stop_timeout_s)
        (folder / f"{record.name}.json").unlink(missing_ok=True)
    return [record.name for record, _ in found]


def stop_process(process: psutil.Process, stop_signal: int, timeout_s: float) -> None:
    """Ask, wait, then insist; its process group goes with it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(stop_signal)
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(timeout_s)
    kill_group(process.pid, process)


def kill_group(group_id: int, leader: psutil.Process) -> None:
    """Kill what is left of a group whose leader we started.

    A group lives on while any member does, and its id is not given away before: safe to use.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group_id, signal.SIGKILL)
    with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        if leader.is_running() and leader.status() != psutil.STATUS_ZOMBIE:
            leader.kill()
        leader.wait(KILL_WAIT_S)
