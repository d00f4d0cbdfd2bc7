"""A chain with fresh contracts for every test: one anvil, rewound after each."""

from collections.abc import Iterator

import pytest
from web3 import HTTPProvider, Web3

from tests.support.anvil import running_anvil
from tests.support.contracts import World, deploy_world


@pytest.fixture(scope="session")
def deployed() -> Iterator[World]:
    with running_anvil() as url:
        yield deploy_world(Web3(HTTPProvider(url)))


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    snapshot = deployed.rpc("evm_snapshot")
    yield deployed
    assert deployed.rpc("evm_revert", snapshot)
