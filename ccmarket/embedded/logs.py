"""Logs of the processes: each into its own capped file, all onto the console with a prefix."""

import os
import sys
import threading
from pathlib import Path
from typing import IO, TextIO

LOG_BYTES_MAX = 5_000_000
TAIL_LINES = 25

# Told apart on a dark and on a light background: no black, white or yellow.
COLOURS = (36, 32, 35, 34, 33, 96, 92, 95, 94)
DIM, RED, BOLD = 2, 31, 1


class LogFile:
    """Append-only file that is set aside as NAME.log.1 when it has grown to `bytes_max`."""

    def __init__(self, path: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
        self.path = path
        self.bytes_max = bytes_max
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        if self._file.tell() + len(line) > self.bytes_max:
            self._file.close()
            os.replace(self.path, self.path.with_name(self.path.name + ".1"))
            self._file = self.path.open("ab", buffering=0)
        self._file.write(line)

    def close(self) -> None:
        self._file.close()


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, for an error message."""
    if not path.exists():
        return ""
    text = path.read_bytes()[-20_000:].decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


class Console:
    """The terminal: what people read while the set runs. Colour on a terminal only."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._colours: dict[str, int] = {}
        self._colour = self._stream.isatty() and not os.environ.get("NO_COLOR")
        self.quiet = quiet
        self._followed: set[str] | None = set()

    def paint(self, text: str, code: int) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    def say(self, text: str = "") -> None:
        if not self.quiet:
            self._print(text)

    def warn(self, text: str) -> None:
        self._print(self.paint(text, RED))

    def follow(self, *names: str) -> None:
        """Show these processes' logs only: while setting up, progress lines speak for the rest."""
        self._followed = set(names)

    def follow_all(self) -> None:
        self._followed = None

    def log(self, name: str, line: bytes) -> None:
        if self.quiet or (self._followed is not None and name not in self._followed):
            return
        with self._lock:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        prefix = self.paint(f"{name:>9} |", colour)
        self._print(f"{prefix} {line.decode(errors='replace').rstrip()}")

    def _print(self, text: str) -> None:
        """A console that went away (a closed terminal, a broken pipe) must not stop anything."""
        with self._lock:
            try:
                print(text, file=self._stream, flush=True)
            except (OSError, ValueError):
                self.quiet = True


class LogPump(threading.Thread):
    """Carries one process's output to its file and to the console until the process ends."""

    def __init__(self, name: str, source: IO[bytes], file: LogFile, console: Console) -> None:
        super().__init__(name=f"log-{name}", daemon=True)
        self._label = name
        self._source = source
        self._file = file
        self._console = console

    def run(self) -> None:
        with self._source:
            for line in self._source:
                self._file.write(line if line.endswith(b"\n") else line + b"\n")
                self._console.log(self._label, line)
        self._file.close()
