"""The local chain: anvil from the npm package.

The demo's chain survives restarts. anvil can save its state by itself, but writes the file in
place, so a kill in the middle leaves half a file that it then refuses to load, and with a block
every second the file grows without end. So the demo's anvil mines on demand, and `miner.py` decides
when to mine and saves every block whole.
"""

import os

from ccmarket.embedded.binaries import anvil
from ccmarket.embedded.health import chain_answers
from ccmarket.embedded.layout import Layout
from ccmarket.embedded.logs import Console
from ccmarket.embedded.ports import LOOPBACK, choose_port
from ccmarket.embedded.program import Child, Program
from ccmarket.embedded.wait import wait_ready

CHAIN_ID = 31337
# Known to everybody, so worth nothing anywhere else: the keys of a chain that lives on one machine.
MNEMONIC = "test test test test test test test test test test test junk"


def anvil_command(port: int, *options: str) -> list[str]:
    """One slot an epoch makes `finalized` trail `latest` by two blocks instead of sixty-four."""
    return [
        *(anvil(), "--host", LOOPBACK, "--port", str(port), "--chain-id", str(CHAIN_ID)),
        *("--mnemonic", MNEMONIC, "--slots-in-an-epoch", "1", "--quiet"),
        *options,
    ]


class Chain:
    """The demo's chain below `layout.chain`, on `port` of the loopback interface."""

    def __init__(self, layout: Layout, port: int) -> None:
        self._folder = layout.chain
        self._port = port
        self.state = self._folder / "state.json"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    def prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)

    def program(self) -> Program:
        return Program(
            name="chain",
            title="Chain (anvil)",
            command=self._command,
            ready=lambda: chain_answers(self.url),
            stop_timeout_s=5.0,
        )

    def _command(self) -> list[str]:
        options = ["--no-mining", "--cache-path", str(self._folder / "cache")]
        if self.state.exists():
            options += ["--load-state", str(self.state)]
        return anvil_command(self._port, *options)


class Anvil:
    """A chain of a test's own: unless the options say otherwise, a block for each transaction."""

    def __init__(self, layout: Layout, *options: str) -> None:
        self._port = choose_port()
        cache = str(layout.chain / f"{os.getpid()}-{self._port}")
        program = Program(
            name=f"anvil-{self._port}",
            command=lambda: anvil_command(self._port, "--cache-path", cache, *options),
            ready=lambda: chain_answers(self.url),
            stop_timeout_s=5.0,
        )
        layout.make()
        self._child = Child(program, layout, Console(quiet=True))

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        return self._child.pid

    def start(self) -> None:
        self._child.start({})
        wait_ready([self._child])

    def stop(self) -> None:
        self._child.send_stop()
        self._child.finish()


def start_anvil(layout: Layout, *options: str) -> Anvil:
    """A running chain of its own, from block 0; the caller stops it with `.stop()`.

    `options` go to anvil as they are, for example `"--block-time", "1"`.
    """
    chain = Anvil(layout, *options)
    chain.start()
    return chain
