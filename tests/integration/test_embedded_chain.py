"""The demo's chain is one chain, however often it is started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccmarket.embedded.chain import start_anvil
from ccmarket.embedded.health import rpc
from ccmarket.embedded.layout import Layout
from ccmarket.embedded.miner import Miner

STARTS = 5


@contextmanager
def running(state: Path) -> Iterator[str]:
    options = ["--no-mining", *(("--load-state", str(state)) if state.exists() else ())]
    anvil = start_anvil(Layout.default(), *options)
    yield anvil.url
    anvil.stop()


def block_hash(url: str, number: int) -> str:
    found: str = rpc(url, "eth_getBlockByNumber", hex(number), False)["hash"]
    return found


def test_every_start_finds_the_blocks_of_the_one_before(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    seen: list[str] = []
    for start in range(STARTS):
        with running(state) as url:
            assert [block_hash(url, number) for number in range(len(seen))] == seen
            Miner(url, state).step()
            seen = [block_hash(url, number) for number in range(start + 2)]
