"""A private anvil for tests that rewind, reorganise or stop the chain."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket

from web3 import HTTPProvider, Web3

ROOT = Path(__file__).resolve().parents[2]
STARTED_WITHIN_S = 20
POLL_S = 0.05
# With one slot an epoch, finality is two blocks behind the head.
USUAL_ARGUMENTS: tuple[str, ...] = ("--slots-in-an-epoch", "1")


def anvil_executable() -> Path:
    """The platform's own binary: npm's wrapper script would leave it behind when killed."""
    return next((ROOT / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil*"))


def free_port() -> int:
    """A port nobody listens on just now."""
    with closing(socket(AF_INET, SOCK_STREAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_anvil(*arguments: str, port: int | None = None) -> Iterator[str]:
    """Run anvil until the block ends; yields its URL. Finality is two blocks behind the head."""
    port = port or free_port()
    command = [str(anvil_executable()), "--port", str(port), "--silent"]
    command += [*USUAL_ARGUMENTS, *arguments]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(url, process)
        yield url
    finally:
        process.kill()
        process.wait(timeout=STARTED_WITHIN_S)


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    web3 = Web3(HTTPProvider(url))
    deadline = time.monotonic() + STARTED_WITHIN_S
    while not web3.is_connected():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("anvil did not start")
        time.sleep(POLL_S)
