"""Many intents under random faults end exactly right, and a bridge with a gap does not.

`FAULT_INTENTS` says how many; `make faults` takes 500.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from apps.nft.chain.client import ChainClient, Header
from apps.nft.chain.quorum import QuorumClient
from apps.nft.models import BridgeIntent, CoinDeposit, CoinWithdrawal, Signer
from apps.nft.services import bridge
from apps.nft.services.indexing import FinalBlockChanged
from apps.nft.services.transactions import nonce_take
from tests.support.chaos import Chaos, limits_lifted
from tests.support.coins import coins_make
from tests.support.rpc_proxy import RpcProxy, running_proxy
from tests.support.settlement import settlement_make

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

INTENTS = int(os.environ.get("FAULT_INTENTS", "20"))
INTENTS_OF_A_CONTROL = 8
TONNES_PER_INTENT = 3


@pytest.fixture
def nodes(fresh_chain: str) -> Iterator[list[RpcProxy]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running_proxy(fresh_chain)) for _node in range(3)]


@pytest.fixture
def unlimited(settings: Any) -> None:
    limits_lifted(settings)


def chaos_make(url: str, nodes: list[RpcProxy], *, seed: int, intents: int = INTENTS) -> Chaos:
    settlement = settlement_make(url, tonnes=20 + TONNES_PER_INTENT * intents)
    chaos = Chaos(coins_make(settlement), nodes, seed)
    if nodes:
        settlement.client = QuorumClient([ChainClient(node.url) for node in nodes])
    return chaos


@pytest.mark.parametrize("seed", [1, 2])
def test_random_faults_end_with_every_book_exact(
    fresh_chain: str, nodes: list[RpcProxy], unlimited: None, seed: int
) -> None:
    chaos = chaos_make(fresh_chain, nodes, seed=seed)
    chaos.until_asked(INTENTS)
    chaos.rest()
    assert [*chaos.off()] == []
    for model in (BridgeIntent, CoinWithdrawal, CoinDeposit):
        assert model.objects.exists(), "the dice left nothing to do"


class Hasty(ChainClient):
    """Takes the newest block for final."""

    def finalized(self) -> Header:
        return self.header(self.head_number())


def test_a_reader_that_does_not_wait_for_finality_is_found_out(
    fresh_chain: str, unlimited: None
) -> None:
    chaos = chaos_make(fresh_chain, [], seed=1, intents=INTENTS_OF_A_CONTROL)
    chaos.settlement.client = Hasty(fresh_chain)
    with suppress(FinalBlockChanged):
        chaos.until_asked(INTENTS_OF_A_CONTROL)
        chaos.settlement.settle()
        chaos.reorganise()
        chaos.rest()
    assert any("which it had called final" in line for line in chaos.off())


def test_a_worker_that_loses_a_nonce_is_found_out(
    fresh_chain: str, unlimited: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = chaos_make(fresh_chain, [], seed=1, intents=INTENTS_OF_A_CONTROL)

    def forgetful(*, signer: Signer) -> int:
        nonce_take(signer=signer)
        return nonce_take(signer=signer)

    chaos.take_out()
    with monkeypatch.context() as patch:
        patch.setattr(bridge, "nonce_take", forgetful)
        chaos.settlement.work()
    chaos.until_asked(INTENTS_OF_A_CONTROL)
    chaos.rest()
    off = [*chaos.off()]
    assert any("the chain waits for nonce" in line for line in off)
    assert any("is broadcast" in line for line in off)
