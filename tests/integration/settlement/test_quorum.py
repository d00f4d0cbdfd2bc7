"""Three nodes as one: a single liar is outvoted, and without a majority nothing is believed."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from apps.nft.chain.client import ChainClient
from apps.nft.chain.errors import BroadcastRefused, ChainUnavailable, IncompleteAnswer, WrongChain
from apps.nft.chain.quorum import QuorumClient
from apps.nft.models import BridgeIntent
from apps.nft.services.connection import client_open
from tests.support.rpc_proxy import RpcProxy, running_proxy
from tests.support.settlement import Settlement

FORGED = "0x" + "66" * 32


@pytest.fixture
def nodes(fresh_chain: str) -> Iterator[list[RpcProxy]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running_proxy(fresh_chain)) for _node in range(3)]


@pytest.fixture
def quorum(nodes: list[RpcProxy]) -> QuorumClient:
    return QuorumClient([ChainClient(node.url) for node in nodes])


def forge(node: RpcProxy, forged: str = FORGED) -> None:
    """The node has a block of its own at every height."""

    def lie(method: str, result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result:
            return result | {"hash": forged}
        return None if method == "eth_getTransactionReceipt" else result

    node.lie = lie


def test_one_liar_is_outvoted(
    settlement: Settlement, nodes: list[RpcProxy], quorum: QuorumClient
) -> None:
    forge(nodes[0])
    assert ChainClient(nodes[0].url).finalized().hash == FORGED, "alone, it would be believed"
    settlement.client = quorum
    settlement.ask(2)
    settlement.settle()
    assert BridgeIntent.objects.get().state == "final"
    assert settlement.broken() == []


def test_without_a_majority_nothing_is_believed(
    nodes: list[RpcProxy], quorum: QuorumClient
) -> None:
    forge(nodes[0])
    forge(nodes[1], "0x" + "77" * 32)
    with pytest.raises(IncompleteAnswer, match="no 2 of 3 nodes agree"):
        quorum.header(0)


def test_one_node_may_be_away_and_two_may_not(nodes: list[RpcProxy], quorum: QuorumClient) -> None:
    honest = quorum.header(0)
    nodes[0].is_down = True
    assert quorum.header(0) == honest
    assert quorum.fees().max_fee_per_gas > 0
    assert quorum.head_number() >= 0
    nodes[2].is_down = True
    for ask in (lambda: quorum.header(0), quorum.finalized):
        with pytest.raises(ChainUnavailable, match="1 of 3 nodes answer"):
            ask()
    nodes[1].is_down = True
    for ask in (quorum.fees, lambda: quorum.broadcast(b"\x02")):
        with pytest.raises(ChainUnavailable):
            ask()


def test_a_node_that_is_far_ahead_does_not_make_blocks_final(
    nodes: list[RpcProxy], quorum: QuorumClient
) -> None:
    nodes[1].lie = lambda method, result: "0xffff" if method == "eth_blockNumber" else result
    assert quorum.head_number() < 0xFFFF


def test_bytes_are_refused_only_where_no_node_takes_them(
    settlement: Settlement, nodes: list[RpcProxy], quorum: QuorumClient
) -> None:
    with pytest.raises(BroadcastRefused):
        quorum.broadcast(b"\x02\x01")
    settlement.ask(1)
    settlement.sign_only()
    attempt = BridgeIntent.objects.get().transactions.get()
    assert attempt.raw is not None
    assert not quorum.knows(attempt.hash or "")
    nodes[0].is_down = True
    quorum.broadcast(bytes(attempt.raw))
    assert quorum.knows(attempt.hash or "")


def test_the_settings_name_the_witnesses(
    nodes: list[RpcProxy], settings: Any, quorum: QuorumClient
) -> None:
    assert not isinstance(client_open(), QuorumClient)
    settings.CHAIN_RPC_WITNESSES = [node.url for node in nodes]
    client = client_open()
    assert isinstance(client, QuorumClient)
    client.require(quorum.identity())
    for node in nodes:
        node.lie = lambda method, result: "0x2" if method == "eth_chainId" else result
    with pytest.raises(WrongChain):
        client.require(ChainClient(settings.CHAIN_RPC_URL).identity())
