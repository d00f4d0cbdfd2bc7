"""Mines the demo's chain and saves it: `python -m ccmarket.embedded.miner RPC_URL STATE_FILE`.

A block comes a second after a transaction, then enough empty ones for it to become final, then one
now and then so that the chain's clock moves: an idle demo stays small. A block is saved before the
next one is mined, so whatever has become final is on disk, and the file is replaced whole.
"""

import gzip
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ccmarket.embedded.health import rpc

BLOCK_TIME_S = 1.0
# `finalized` trails by two blocks; one more lets a reader that polls `latest` notice in time.
BLOCKS_AFTER_TRANSACTION = 4
IDLE_BLOCK_TIME_S = 15.0
RPC_TIMEOUT_S = 30.0


def save_state(rpc_url: str, path: Path) -> None:
    """Write anvil's state to `path` so that after a crash either the old or the new file is there.

    `anvil_dumpState` answers hexadecimal gzip; `--load-state` reads the JSON inside.
    """
    packed = rpc(rpc_url, "anvil_dumpState", timeout_s=RPC_TIMEOUT_S)
    state = json.loads(gzip.decompress(bytes.fromhex(packed.removeprefix("0x"))))
    genesis = rpc(rpc_url, "eth_getBlockByNumber", "0x0", False)
    state["blocks"] = [block for block in state["blocks"] if _is_ours(block["header"], genesis)]
    draft = path.with_suffix(".tmp")
    with draft.open("w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _is_ours(header: dict[str, Any], genesis: dict[str, Any]) -> bool:
    """Not the first block of another run.

    Every start of anvil makes a first block of its own and dumps it beside the loaded one; of two
    it takes either at the next start, and the chain would begin with another hash.
    """
    is_first = int(header["number"], 16) == 0
    return not is_first or int(header["timestamp"], 16) == int(genesis["timestamp"], 16)


class Miner:
    """Decides once a second whether the chain at `rpc_url` gets a block."""

    def __init__(self, rpc_url: str, state: Path) -> None:
        self._rpc_url = rpc_url
        self._state = state
        # After a start, the last transaction may still be short of blocks.
        self._blocks_owed = BLOCKS_AFTER_TRANSACTION
        self._mined_at_s = 0.0

    def step(self) -> bool:
        """Mine and save one block if one is due; True if it did."""
        pending = int(rpc(self._rpc_url, "txpool_status")["pending"], 16)
        if pending:
            self._blocks_owed = 1 + BLOCKS_AFTER_TRANSACTION
        idle_s = time.monotonic() - self._mined_at_s
        if not self._blocks_owed and idle_s < IDLE_BLOCK_TIME_S:
            return False
        rpc(self._rpc_url, "evm_mine", timeout_s=RPC_TIMEOUT_S)
        save_state(self._rpc_url, self._state)
        self._blocks_owed = max(0, self._blocks_owed - 1)
        self._mined_at_s = time.monotonic()
        return True

    def run(self, stop: threading.Event) -> None:
        """Mine until `stop` is set, never leaving a block unsaved. It waits for an absent chain."""
        away = False
        while not stop.is_set():
            started_s = time.monotonic()
            try:
                self.step()
                away = False
            except OSError as error:
                if not away:
                    print(f"The chain does not answer: {error}", flush=True)
                away = True
            stop.wait(max(0.1, BLOCK_TIME_S - (time.monotonic() - started_s)))


def main(rpc_url: str, state: str) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Miner(rpc_url, Path(state)).run(stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
