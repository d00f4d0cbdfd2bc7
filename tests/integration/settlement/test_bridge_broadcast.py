"""Between a stored signature and a block: deaths, drops, replacements, other people's nonces."""

import pytest

from apps.nft.chain.client import ChainClient
from apps.nft.chain.errors import BroadcastRefused, ChainUnavailable, WrongChain
from apps.nft.models import BridgeHalt, BridgeIntent, ChainTransaction, Signer
from apps.nft.services import bridge
from apps.nft.services.connection import chain_connect
from apps.nft.services.transactions import mined_receipt
from apps.nft.tasks import bridge_sweep
from tests.support.anvil import running_anvil
from tests.support.rpc_proxy import RpcProxy
from tests.support.settlement import TONNE, Died, Mortal, Settlement

GWEI = 10**9


def attempts() -> list[ChainTransaction]:
    return list(ChainTransaction.objects.filter(intent__isnull=False).order_by("attempt"))


def intent() -> BridgeIntent:
    return BridgeIntent.objects.get()


def test_a_death_before_the_broadcast_leaves_bytes_that_the_next_one_sends(
    settlement: Settlement,
) -> None:
    settlement.ask(2)
    settlement.sign_only()
    assert intent().state == "signed"
    [stored] = attempts()
    assert stored.raw
    assert stored.broadcast_at is None
    assert not settlement.client.knows(str(stored.hash))
    assert settlement.work() == ["mined"]
    assert [a.hash for a in attempts()] == [stored.hash]
    assert settlement.client.receipt(str(stored.hash))


def test_a_death_after_the_broadcast_is_noticed_by_looking(settlement: Settlement) -> None:
    settlement.ask(2)
    settlement.sign_only()
    [stored] = attempts()
    settlement.client.broadcast(bytes(stored.raw or b""))
    assert intent().state == "signed", "it died before it could write down that it had sent"
    assert settlement.work() == ["mined"]
    settlement.settle()
    assert settlement.credit.functions.totalSupply().call() == 2
    assert settlement.broken() == []


def test_a_death_between_nonce_and_signature_wastes_no_nonce(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    settlement.ask(2)
    before = Signer.objects.get(role="minter").next_nonce

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(settlement.keyring, "sign", die)
        with pytest.raises(Died):
            settlement.work()
    [unsigned] = attempts()
    assert (unsigned.nonce, unsigned.raw, intent().state) == (before, None, "queued")
    assert settlement.work() == ["mined"]
    assert [a.nonce for a in attempts()] == [before]


@pytest.mark.parametrize("call", ["estimate_gas", "fees", "broadcast", "receipt", "knows"])
def test_a_death_at_any_call_is_survived(settlement: Settlement, call: str) -> None:
    settlement.rpc("evm_setAutomine", False)
    settlement.ask(2)
    intent_id = intent().pk
    with pytest.raises(Died):
        settlement.advance(intent_id, client=Mortal(settlement.client, call))
    settlement.work()
    settlement.mine(3)
    settlement.settle()
    assert intent().state == "final"
    assert settlement.broken() == []


def test_a_dropped_transaction_is_sent_again_as_it_was(settlement: Settlement) -> None:
    settlement.rpc("evm_setAutomine", False)
    settlement.ask(2)
    assert settlement.work() == ["broadcast"]
    [sent] = attempts()
    settlement.rpc("anvil_dropTransaction", sent.hash)
    assert not settlement.client.knows(str(sent.hash))
    assert settlement.work() == ["broadcast"]
    assert settlement.client.knows(str(sent.hash))
    assert [bytes(a.raw or b"") for a in attempts()] == [bytes(sent.raw or b"")]
    settlement.mine(3)
    settlement.settle()
    assert settlement.broken() == []


def test_control_a_worker_that_does_not_look_for_it_loses_a_dropped_transaction(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    settlement.rpc("evm_setAutomine", False)
    settlement.ask(2)
    settlement.work()
    settlement.rpc("anvil_dropTransaction", attempts()[0].hash)
    monkeypatch.setattr(settlement.client, "knows", lambda transaction_hash: True)
    settlement.work()
    settlement.mine(3)
    settlement.settle()
    assert intent().state == "broadcast", "and there it would stay"
    monkeypatch.undo()
    for _round in range(2):
        settlement.settle()
    assert intent().state == "final"


def test_a_stuck_transaction_is_replaced_by_one_that_pays_more(
    settlement: Settlement, settings: object
) -> None:
    settlement.rpc("evm_setAutomine", False)
    settlement.ask(2)
    settlement.work()
    assert settlement.work() == ["broadcast"]
    assert len(attempts()) == 1, "it is not stuck yet"
    settings.CHAIN_REPLACE_AFTER_S = 0  # type: ignore[attr-defined]
    assert settlement.work() == ["broadcast"]
    old, new, *_ = attempts()
    assert new.nonce == old.nonce
    assert bytes(new.data) == bytes(old.data)
    assert new.max_fee_per_gas * 100 >= old.max_fee_per_gas * 125
    assert new.max_priority_fee_per_gas * 100 >= old.max_priority_fee_per_gas * 125
    settings.CHAIN_REPLACE_AFTER_S = 120  # type: ignore[attr-defined]
    settlement.mine(3)
    settlement.settle()
    mined = [a for a in attempts() if a.block_number is not None]
    assert len(mined) == 1
    assert intent().state == "final"
    assert settlement.credit.functions.totalSupply().call() == 2
    assert settlement.broken() == []


def test_a_replaced_transaction_may_still_be_the_one_that_is_mined(
    settlement: Settlement, settings: object
) -> None:
    settlement.rpc("evm_setAutomine", False)
    settlement.ask(2)
    settlement.work()
    settings.CHAIN_REPLACE_AFTER_S = 0  # type: ignore[attr-defined]
    with pytest.raises(Died):
        settlement.advance(intent().pk, client=Mortal(settlement.client, "broadcast"))
    assert len(attempts()) == 2
    settlement.mine(1)
    assert settlement.work() == ["mined"]
    assert [a.block_number is not None for a in attempts()] == [True, False]
    settlement.mine(2)
    settlement.settle()
    assert settlement.broken() == []


def test_control_a_worker_that_knows_only_its_newest_attempt_takes_the_older_for_another_s(
    settlement: Settlement, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settlement.rpc("evm_setAutomine", False)
    settlement.ask(2)
    settlement.work()
    settings.CHAIN_REPLACE_AFTER_S = 0  # type: ignore[attr-defined]
    with pytest.raises(Died):
        settlement.advance(intent().pk, client=Mortal(settlement.client, "broadcast"))
    settings.CHAIN_REPLACE_AFTER_S = 120  # type: ignore[attr-defined]

    def of_the_newest(*, attempts: list[ChainTransaction], client: ChainClient) -> object:
        return mined_receipt(attempts=attempts[:1], client=client)

    settlement.mine(1)
    monkeypatch.setattr(bridge, "mined_receipt", of_the_newest)
    assert settlement.work() == ["signed"]
    assert "not ours" in BridgeHalt.objects.get().reason


def test_no_replacement_pays_more_than_the_maximum(
    settlement: Settlement, settings: object
) -> None:
    settlement.rpc("evm_setAutomine", False)
    settlement.ask(2)
    settlement.work()
    paid = attempts()[0].max_fee_per_gas
    settings.CHAIN_REPLACE_AFTER_S = 0  # type: ignore[attr-defined]
    settings.CHAIN_FEE_MAX_GWEI = paid // GWEI  # type: ignore[attr-defined]
    settlement.work()
    assert len(attempts()) == 1


def test_a_nonce_that_somebody_else_used_halts(settlement: Settlement) -> None:
    settlement.ask(2)
    settlement.sign_only()
    minter = settlement.keyring.address("minter")
    transaction = {"from": minter, "to": settlement.stranger, "value": 0}
    settlement.web3.eth.wait_for_transaction_receipt(
        settlement.web3.eth.send_transaction(transaction)  # type: ignore[arg-type]
    )
    assert settlement.work() == ["signed"]
    halt = BridgeHalt.objects.get()
    assert str(attempts()[0].nonce) in halt.reason
    assert settlement.held() == 2 * TONNE, "people decide what becomes of it"


class MinesMeanwhile(Mortal):
    """A node that refuses, while a block with our transaction comes between two questions."""

    def __init__(self, settlement: Settlement) -> None:
        super().__init__(settlement.client, "nothing")
        self._settlement = settlement

    def broadcast(self, raw: bytes) -> None:
        raise BroadcastRefused("busy")

    def receipt(self, transaction_hash: str) -> object:
        found = self._settlement.client.receipt(transaction_hash)
        self._settlement.mine(1)
        return found

    def next_nonce(self, address: str) -> int:
        found = self._settlement.client.next_nonce(address)
        self._settlement.mine(1)
        return found


def test_our_own_block_between_two_questions_is_not_taken_for_another_s(
    settlement: Settlement,
) -> None:
    settlement.rpc("evm_setAutomine", False)
    settlement.ask(2)
    settlement.sign_only()
    [stored] = attempts()
    settlement.client.broadcast(bytes(stored.raw or b""))
    settlement.advance(intent().pk, client=MinesMeanwhile(settlement))
    assert BridgeHalt.objects.count() == 0
    assert settlement.work() == ["mined"]


def test_a_reorganisation_takes_a_mined_intent_back(settlement: Settlement) -> None:
    settlement.ask(2)
    assert settlement.work() == ["mined"]
    [sent] = attempts()
    settlement.rpc("evm_setAutomine", False)
    settlement.reorganise()
    settlement.rpc("anvil_dropTransaction", sent.hash)
    assert settlement.client.receipt(str(sent.hash)) is None
    assert settlement.work() == ["broadcast"]
    assert [a.hash for a in attempts()] == [sent.hash]
    settlement.mine(3)
    settlement.settle()
    assert intent().state == "final"
    assert settlement.broken() == []


def test_while_the_node_is_away_nothing_is_lost(settlement: Settlement, proxy: RpcProxy) -> None:
    settlement.ask(2)
    proxy.is_down = True
    with pytest.raises(ChainUnavailable):
        settlement.advance(intent().pk, client=ChainClient(proxy.url))
    assert intent().state == "queued"
    proxy.is_down = False
    assert settlement.advance(intent().pk, client=ChainClient(proxy.url)) == "mined"


def test_a_sweep_without_a_node_waits_for_the_next(
    settlement: Settlement, proxy: RpcProxy, settings: object
) -> None:
    settlement.ask(2)
    settings.CHAIN_RPC_URL = proxy.url  # type: ignore[attr-defined]
    proxy.is_down = True
    bridge_sweep()
    assert intent().state == "queued"
    proxy.is_down = False
    bridge_sweep()
    assert intent().state == "mined"


def test_a_node_of_another_chain_is_not_spoken_to(settlement: Settlement, settings: object) -> None:
    settlement.ask(2)
    with running_anvil() as other:
        settings.CHAIN_RPC_URL = other  # type: ignore[attr-defined]
        with pytest.raises(WrongChain):
            chain_connect()
        bridge_sweep()
    assert intent().state == "queued"
