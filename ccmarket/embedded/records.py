"""Which processes are ours: written down when they start, so that a later start can find them.

A process id alone proves nothing, because the system gives it to somebody else later. A record
also has the moment the process started and its command line, and all three must agree.
"""

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

KILL_WAIT_S = 5.0
POLL_S = 0.05


@dataclass(frozen=True)
class ProcessRecord:
    """One process as it was started: `started` is its `start_mark`, `argv` what it runs."""

    name: str
    pid: int
    started: str
    argv: tuple[str, ...]
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 10.0

    def find(self) -> psutil.Process | None:
        """The very process this record is about, or None if it has ended or the id was reused."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            if start_mark(process) != self.started:
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


def start_mark(process: psutil.Process) -> str:
    """When the process started, in words that a corrected clock cannot change.

    On Linux the boot's id and the kernel's ticks since then (proc_pid_stat(5), field 22), elsewhere
    the second since 1970.
    """
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"second {process.create_time():.0f}"
    return f"boot {boot} tick {stat.rpartition(')')[2].split()[19]}"


def record_read(path: Path) -> ProcessRecord | None:
    """None when the file is no whole record: then it cannot prove anything either."""
    try:
        data = json.loads(path.read_text())
        return ProcessRecord(**{**data, "argv": tuple(data["argv"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def stop_recorded(folder: Path) -> list[str]:
    """Stop every process recorded in `folder` that still runs; returns their names.

    The later one was written down, the earlier it is stopped, as in an orderly stop.
    """
    found = []
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        record = record_read(path)
        process = record.find() if record else None
        if record and process:
            found.append((record, process))
        elif record:
            path.unlink(missing_ok=True)
    for record, process in found:
        stop_process(process, record.stop_signal, record.stop_timeout_s)
        (folder / f"{record.name}.json").unlink(missing_ok=True)
    return [record.name for record, _ in found]


def stop_process(process: psutil.Process, stop_signal: int, timeout_s: float) -> None:
    """Ask, wait, then insist; what is left of its process group goes with it.

    A group's id is not given away while it has a member, so killing by it hits nobody else.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(stop_signal)
    if not wait_over(process, timeout_s):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    wait_over(process, KILL_WAIT_S)


def is_over(process: psutil.Process) -> bool:
    """True when it has ended, even if its parent has not collected it yet (a zombie)."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE or not process.is_running()
    except psutil.NoSuchProcess:
        return True


def wait_over(process: psutil.Process, timeout_s: float) -> bool:
    """Wait for the end of a process that need not be our child; True if it came in time."""
    deadline_s = time.monotonic() + timeout_s
    while not is_over(process):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(POLL_S)
    return True
