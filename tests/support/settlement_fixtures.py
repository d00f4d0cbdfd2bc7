"""The fixtures of tests of the bridge; a conftest imports them.

A conftest is read before Django is set up, so models are imported when a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from web3 import HTTPProvider, Web3
from web3.types import RPCEndpoint

from tests.support.rpc_proxy import RpcProxy, running_proxy

if TYPE_CHECKING:
    from tests.support.settlement import Settlement


@pytest.fixture
def fresh_chain(chain_url: str, settings: Any) -> Iterator[str]:
    """The session's chain as it was before the test, after the test."""
    provider = Web3(HTTPProvider(chain_url)).provider
    snapshot = provider.make_request(RPCEndpoint("evm_snapshot"), [])["result"]
    settings.CHAIN_RPC_URL = chain_url
    settings.CHAIN_ADMIN_DELAY_S = 0
    settings.WALLET_COOLING_OFF_S = 0
    yield chain_url
    # What still waits would be mined as soon as mining is automatic, beside the way back.
    provider.make_request(RPCEndpoint("anvil_dropAllTransactions"), [])
    assert provider.make_request(RPCEndpoint("evm_revert"), [snapshot])["result"]
    provider.make_request(RPCEndpoint("evm_setAutomine"), [True])


@pytest.fixture
def settlement(fresh_chain: str, transactional_db: None) -> Settlement:
    from tests.support.settlement import settlement_make

    return settlement_make(fresh_chain)


@pytest.fixture
def proxy(fresh_chain: str) -> Iterator[RpcProxy]:
    """A node in between that can be told to lie, hang, or be away."""
    with running_proxy(fresh_chain) as found:
        yield found
