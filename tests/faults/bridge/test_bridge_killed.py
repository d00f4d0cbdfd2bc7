"""`kill -9` of a worker or an indexer in the middle of a call: the next one finishes the work."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from apps.nft.models import BridgeIntent, ChainEvent, ChainTransaction
from tests.support.rpc_proxy import RpcProxy
from tests.support.settlement import TONNE, Settlement

pytestmark = pytest.mark.faults

ROOT = Path(__file__).resolve().parents[3]
REACHES_THE_NODE_WITHIN_S = 60
SWEEP = "from apps.nft.tasks import bridge_sweep; bridge_sweep()"


def killed_at(proxy: RpcProxy, method: str, *command: str) -> None:
    """Run `manage.py command` until it makes that call, which never returns; then kill it."""
    url = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))
    proxy.hang_on = method
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database, "CHAIN_RPC_URL": proxy.url},
    )
    try:
        assert proxy.hanging.wait(REACHES_THE_NODE_WITHIN_S), "it never made the call"
        assert process.poll() is None
    finally:
        process.kill()
        process.wait(timeout=REACHES_THE_NODE_WITHIN_S)


def test_killed_between_storing_and_broadcasting(settlement: Settlement, proxy: RpcProxy) -> None:
    settlement.ask(2)
    killed_at(proxy, "eth_sendRawTransaction", "shell", "-c", SWEEP)
    stored = ChainTransaction.objects.get(intent__isnull=False)
    assert BridgeIntent.objects.get().state == "signed"
    assert stored.raw is not None
    assert not settlement.client.knows(str(stored.hash))
    settlement.settle()
    assert ChainTransaction.objects.get(intent__isnull=False).hash == stored.hash
    assert BridgeIntent.objects.get().state == "final"
    assert settlement.broken() == []


@pytest.mark.parametrize(
    "method",
    ["eth_chainId", "eth_estimateGas", "eth_maxPriorityFeePerGas", "eth_getTransactionReceipt"],
)
def test_killed_at_another_call(settlement: Settlement, proxy: RpcProxy, method: str) -> None:
    settlement.ask(2)
    killed_at(proxy, method, "shell", "-c", SWEEP)
    settlement.settle()
    assert BridgeIntent.objects.get().state == "final"
    assert ChainTransaction.objects.filter(intent__isnull=False).count() == 1
    assert settlement.credit.functions.totalSupply().call() == 2
    assert settlement.broken() == []


def redeem(settlement: Settlement) -> None:
    settlement.redeem([(settlement.first_token(), 2)])


def retire(settlement: Settlement) -> None:
    call = settlement.credit.functions.retire([(settlement.first_token(), 2)], "B", "", "")
    settlement.send(settlement.wallet, call)


@pytest.mark.parametrize("method", ["eth_getBlockReceipts", "eth_call"])
@pytest.mark.parametrize(("burn", "account"), [(redeem, "owner"), (retire, "retired")])
def test_an_indexer_killed_in_the_middle_is_taken_over(
    settlement: Settlement,
    proxy: RpcProxy,
    method: str,
    burn: Callable[[Settlement], None],
    account: str,
) -> None:
    settlement.ask(5)
    settlement.settle()
    burn(settlement)
    settlement.mine(2)
    killed_at(proxy, method, "run_indexer", "--once")
    settlement.follow()
    assert settlement.platform("bridge") == 3 * TONNE
    moved = (
        settlement.available() - 5 * TONNE if account == "owner" else settlement.platform(account)
    )
    assert moved == 2 * TONNE
    assert not ChainEvent.objects.filter(applied_at=None, block_number=0).exists()
    assert settlement.broken() == []
