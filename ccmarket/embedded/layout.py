"""Where things are: the project's folders and the ones under `var/`."""

import hashlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
MANAGE = PROJECT / "manage.py"

# A socket's path may have 104 bytes on macOS and 108 on Linux, its name included.
SOCKET_PATH_BYTES_MAX = 103
SOCKET_NAME = "/.s.PGSQL.65535"


class EmbeddedError(Exception):
    """What went wrong and what to do about it, in sentences for the person at the terminal."""


@dataclass(frozen=True)
class Layout:
    """The folders of one set of services; everything they know is below `var`."""

    var: Path

    @classmethod
    def default(cls) -> "Layout":
        """The demo's: `CCMARKET_VAR`, or `var/` in the project."""
        return cls(Path(os.environ.get("CCMARKET_VAR") or PROJECT / "var").resolve())

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def postgres(self) -> Path:
        return self.var / "postgres"

    @property
    def valkey(self) -> Path:
        return self.var / "valkey"

    @property
    def chain(self) -> Path:
        return self.var / "chain"

    @property
    def test(self) -> Path:
        return self.var / "test"

    @property
    def demo_facts(self) -> Path:
        """Written by `manage.py demo_prepare`: who can sign in."""
        return self.var / "demo.json"

    @property
    def environment(self) -> Path:
        """Where the running demo's services are, so that `manage.py` beside it finds them."""
        return self.run / "environment"

    def make(self) -> None:
        try:
            for folder in (self.run, self.log):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / ".writable").touch()
                (folder / ".writable").unlink()
        except PermissionError as error:
            raise EmbeddedError(
                f"Cannot write to {self.var}: it belongs to somebody else.\n"
                "Give it to yourself (chown), or set CCMARKET_VAR to a folder of your own."
            ) from error

    def sockets(self) -> Path:
        """Folder for Unix sockets: below `var` when that is short enough, else a temporary one."""
        near = self.var / "sock"
        if len(os.fsencode(str(near) + SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
            return near
        digest = hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]
        for base in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 (the folder is made private)
            folder = Path(base) / f"ccmarket-{os.getuid()}-{digest}"
            if len(os.fsencode(str(folder) + SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
                return folder
        raise EmbeddedError("The temporary folder's path is too long for a socket: shorten TMPDIR.")

    def remove_sockets(self) -> None:
        """Sockets may be outside `var`: leave nothing there."""
        shutil.rmtree(self.sockets(), ignore_errors=True)


def python() -> str:
    """The interpreter that runs us, without following the link out of the virtual environment."""
    return sys.executable
