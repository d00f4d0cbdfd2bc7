"""Loopback ports: chosen once and kept, so that a restart finds everything where it was."""

import errno
import json
import random
import socket
from pathlib import Path

import psutil

from ccmarket.embedded.layout import EmbeddedError

LOOPBACK = "127.0.0.1"
# Below every system's range for outgoing connections, which could take a port while we are down.
PORT_MIN, PORT_MAX = 20_000, 29_999
ATTEMPTS_MAX = 200


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """True when a server could listen on `port` now; connections still closing do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
            candidate.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def choose_port(taken: set[int] | None = None) -> int:
    """A free loopback port outside `taken`, at random so that sets starting at once differ."""
    for _ in range(ATTEMPTS_MAX):
        port = random.SystemRandom().randint(PORT_MIN, PORT_MAX)
        if port not in (taken or set()) and is_free(port):
            return port
    raise EmbeddedError(f"No free port between {PORT_MIN} and {PORT_MAX}: stop something first.")


class PortBook:
    """The ports of one set of services, remembered in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = {}
        if path.exists():
            try:
                self._ports = {str(k): int(v) for k, v in json.loads(path.read_text()).items()}
            except (ValueError, AttributeError):
                self._ports = {}  # Half-written by a machine that lost power: choose again.

    def port(self, name: str) -> int:
        """The port `name` had before if it is still free, else a fresh one."""
        known = self._ports.get(name)
        if known is not None and is_free(known):
            return known
        self._ports[name] = choose_port(set(self._ports.values()))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._ports, indent=2))
        return self._ports[name]


def holder(port: int) -> str:
    """Who listens on `port`, as far as this user may know: ` (python, process 123)` or nothing."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.laddr:
                continue
            if connection.laddr.port == port and connection.pid:
                return f" ({psutil.Process(connection.pid).name()}, process {connection.pid})"
    except psutil.Error:
        pass
    return ""


def require_free(port: int, host: str) -> None:
    """Raises EmbeddedError saying who has `port` and how to choose another."""
    if not 0 < port < 65_536:
        raise EmbeddedError(f"PORT must be between 1 and 65535, not {port}.")
    if not is_free(port, host):
        raise EmbeddedError(
            f"Port {port} is taken by another program{holder(port)}.\n"
            f"Stop it, or choose another port: make demo PORT={port + 1}"
        )
