"""The indexer believes a node only if what it says fits together, and unsays what is taken back."""

import threading
from typing import Any

import pytest
from django.db import connection

from apps.nft.chain.client import ChainClient
from apps.nft.chain.errors import ChainUnavailable, IncompleteAnswer
from apps.nft.models import BridgeHalt, ChainEvent, IndexedBlock, Token
from apps.nft.services.indexing import FinalBlockChanged, index_step
from apps.nft.services.settlement import settlement_turn
from tests.support.rpc_proxy import Lie, RpcProxy
from tests.support.settlement import TONNE, Settlement

EMPTY_BLOOM = "0x" + "00" * 256


def read_up(settlement: Settlement, client: ChainClient | None = None) -> None:
    """Index to the head without applying anything."""
    for _step in range(20):
        if index_step(chain=settlement.chain, client=client or settlement.client).is_at_head:
            return
    raise AssertionError("the indexer does not reach the head")


def snapshot() -> tuple[Any, ...]:
    """Everything that was read, comparable."""
    return (
        list(IndexedBlock.objects.order_by("number").values_list("number", "hash")),
        list(
            ChainEvent.objects.order_by("block_number", "log_index").values_list(
                "transaction_hash", "log_index", "block_hash", "name"
            )
        ),
        list(Token.objects.order_by("token_id").values_list("token_id", "owner_address", "state")),
    )


def test_every_event_is_stored_once_with_its_place(settlement: Settlement) -> None:
    settlement.ask(3)
    settlement.work()
    read_up(settlement)
    names = list(ChainEvent.objects.exclude(name__startswith="Role").values_list("name", flat=True))
    assert names[-5:] == ["BlockRecorded", "BatchMinted", "Transfer", "Transfer", "Transfer"]
    before = snapshot()
    read_up(settlement)
    assert snapshot() == before


def test_reading_in_small_steps_gives_the_same(settlement: Settlement) -> None:
    settlement.ask(2)
    settlement.settle()
    settlement.send(
        settlement.wallet,
        settlement.credit.functions.transferFrom(
            settlement.wallet, settlement.stranger, settlement.first_token()
        ),
    )
    read_up(settlement)
    whole = snapshot()
    ChainEvent.objects.all().delete()
    IndexedBlock.objects.all().delete()
    Token.objects.all().delete()
    while not index_step(chain=settlement.chain, client=settlement.client, blocks=1).is_at_head:
        pass
    assert snapshot() == whole


def test_the_holder_is_always_the_newest(settlement: Settlement) -> None:
    settlement.ask(3)
    settlement.settle()
    first = settlement.first_token()
    settlement.send(
        settlement.wallet,
        settlement.credit.functions.transferRanges(
            settlement.wallet, settlement.stranger, [(first, 2)]
        ),
    )
    settlement.follow()
    owners = Token.objects.order_by("token_id").values_list("owner_address", flat=True)
    assert list(owners) == [settlement.stranger] * 2 + [settlement.wallet]
    assert settlement.broken() == []


def test_a_reorganisation_is_unread_and_read_anew(settlement: Settlement) -> None:
    settlement.ask(2)
    settlement.settle()
    first = settlement.first_token()
    before = snapshot()
    move = settlement.credit.functions.transferFrom(settlement.wallet, settlement.stranger, first)
    receipt = settlement.send(settlement.wallet, move)
    read_up(settlement)
    assert Token.objects.get(token_id=first).owner_address == settlement.stranger
    settlement.reorganise()
    settlement.rpc("anvil_dropTransaction", receipt["transactionHash"].to_0x_hex())
    step = index_step(chain=settlement.chain, client=settlement.client)
    assert step.rewound == 1
    assert snapshot() == before
    settlement.follow()
    assert Token.objects.get(token_id=first).owner_address == settlement.wallet
    assert settlement.owner_of(first) == settlement.wallet
    assert settlement.broken() == []


def test_a_mint_that_is_taken_back_leaves_no_token(settlement: Settlement) -> None:
    settlement.ask(2)
    settlement.work()
    read_up(settlement)
    assert Token.objects.count() == 2
    settlement.rpc("evm_setAutomine", False)
    settlement.reorganise()
    index_step(chain=settlement.chain, client=settlement.client)
    assert Token.objects.count() == 0
    settlement.follow()
    assert settlement.held() == 2 * TONNE
    settlement.settle()
    settlement.mine(3)
    settlement.settle()
    assert Token.objects.filter(state="live").count() == 2
    assert settlement.broken() == []


def test_a_burn_that_is_taken_back_leaves_the_token_live(settlement: Settlement) -> None:
    settlement.ask(2)
    settlement.settle()
    settlement.redeem([(settlement.first_token(), 2)])
    read_up(settlement)
    assert set(Token.objects.values_list("state", flat=True)) == {"burned"}
    settlement.rpc("evm_setAutomine", False)
    settlement.reorganise()
    index_step(chain=settlement.chain, client=settlement.client)
    assert set(Token.objects.values_list("state", flat=True)) == {"live"}
    assert set(Token.objects.values_list("owner_address", flat=True)) == {settlement.wallet}


def test_a_token_whose_second_mint_is_taken_back_is_redeemed_again(settlement: Settlement) -> None:
    first = settlement.first_token()
    settlement.ask(1, key="one")
    settlement.settle()
    settlement.redeem([(first, 1)])
    settlement.mine(2)
    settlement.follow()
    before = Token.objects.values("state", "intent_id", "owner_address").get()
    assert before["state"] == "redeemed"
    settlement.ask(1, key="two")
    settlement.work()
    read_up(settlement)
    assert Token.objects.get().state == "live"
    settlement.rpc("evm_setAutomine", False)
    settlement.reorganise()
    index_step(chain=settlement.chain, client=settlement.client)
    assert Token.objects.values("state", "intent_id", "owner_address").get() == before


def test_what_was_final_is_not_unread_but_halts(settlement: Settlement) -> None:
    settlement.ask(2)
    settlement.settle()
    applied = ChainEvent.objects.filter(applied_at__isnull=False).count()
    assert applied
    settlement.reorganise(4)
    with pytest.raises(FinalBlockChanged):
        settlement_turn(chain=settlement.chain, client=settlement.client)
    assert "final" in BridgeHalt.objects.get().reason
    assert ChainEvent.objects.filter(applied_at__isnull=False).count() == applied
    assert settlement.platform("bridge") == 2 * TONNE


# ---------------------------------------------------------------- nodes that lie


def drop_last_receipt(method: str, result: Any) -> Any:
    return result[:-1] if method == "eth_getBlockReceipts" else result


def no_receipts(method: str, result: Any) -> Any:
    return None if method == "eth_getBlockReceipts" else result


def drop_a_log(method: str, result: Any) -> Any:
    if method == "eth_getBlockReceipts":
        for receipt in result:
            receipt["logs"] = receipt["logs"][:-1]
    return result


def drop_a_log_and_renumber(method: str, result: Any) -> Any:
    if method == "eth_getBlockReceipts":
        for receipt in result:
            receipt["logs"] = receipt["logs"][1:]
            for index, log in enumerate(receipt["logs"]):
                log["logIndex"] = hex(index)
    return result


def another_receiver(method: str, result: Any) -> Any:
    if method == "eth_getBlockReceipts":
        for receipt in result:
            for log in receipt["logs"]:
                log["topics"] = [*log["topics"][:-1], "0x" + "11" * 32]
    return result


def logs_of_another_block(method: str, result: Any) -> Any:
    if method == "eth_getBlockReceipts":
        for receipt in result:
            for log in receipt["logs"]:
                log["blockHash"] = "0x" + "22" * 32
    return result


def blocks_that_do_not_link(method: str, result: Any) -> Any:
    if method == "eth_getBlockByNumber" and int(result["number"], 16) % 2:
        return {**result, "parentHash": "0x" + "33" * 32}
    return result


LIES: list[Lie] = [
    drop_last_receipt,
    no_receipts,
    drop_a_log,
    drop_a_log_and_renumber,
    another_receiver,
    logs_of_another_block,
    blocks_that_do_not_link,
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_range_that_does_not_fit_together_is_not_stored(
    settlement: Settlement, proxy: RpcProxy, lie: Lie
) -> None:
    settlement.ask(2)
    settlement.work()
    settlement.mine(2)
    proxy.lie = lie
    client = ChainClient(proxy.url)
    with pytest.raises((IncompleteAnswer, ChainUnavailable)):
        read_up(settlement, client)
    assert ChainEvent.objects.count() == IndexedBlock.objects.count() == 0
    proxy.lie = None
    read_up(settlement, client)
    assert Token.objects.count() == 2


def test_a_node_that_hides_a_block_s_events_altogether_is_caught_by_the_count(
    settlement: Settlement, proxy: RpcProxy
) -> None:
    """Header and receipts agree in their lie; the contract's own count does not."""
    settlement.ask(2)
    settlement.work()

    def hide(method: str, result: Any) -> Any:
        if method == "eth_getBlockByNumber":
            return {**result, "logsBloom": EMPTY_BLOOM}
        return result

    proxy.lie = hide
    settlement_turn(chain=settlement.chain, client=ChainClient(proxy.url))
    assert "2 NFTs are out, 0 by the events we read" in BridgeHalt.objects.get().reason


def test_while_the_node_is_away_nothing_is_read_and_nothing_lost(
    settlement: Settlement, proxy: RpcProxy
) -> None:
    settlement.ask(1)
    settlement.work()
    client = ChainClient(proxy.url)
    proxy.is_down = True
    with pytest.raises(ChainUnavailable):
        read_up(settlement, client)
    proxy.is_down = False
    read_up(settlement, client)
    assert Token.objects.count() == 1


def test_two_indexers_store_everything_once(settlement: Settlement) -> None:
    settlement.ask(3)
    settlement.work()
    settlement.mine(2)
    raised: list[Exception] = []

    def follow() -> None:
        try:
            settlement.follow()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert raised == []
    assert ChainEvent.objects.filter(name="BatchMinted").count() == 1
    assert settlement.platform("bridge") == 3 * TONNE
    assert settlement.broken() == []


def test_bytes_that_are_no_text_do_not_stop_the_reader(settlement: Settlement) -> None:
    settlement.ask(1)
    settlement.settle()
    data = settlement.credit.encode_abi("retire", [[(settlement.first_token(), 1)], "AAAA", "", ""])
    broken = data.replace(b"AAAA".hex(), "ff00fe41")
    transaction = {"from": settlement.wallet, "to": settlement.credit.address, "data": broken}
    sent = settlement.web3.eth.send_transaction(transaction)  # type: ignore[arg-type]
    assert settlement.web3.eth.wait_for_transaction_receipt(sent)["status"] == 1
    settlement.mine(2)
    settlement.follow()
    text = ChainEvent.objects.get(name="Retired").arguments["beneficiary"]
    assert text == "\N{REPLACEMENT CHARACTER}" * 3 + "A"
    assert settlement.broken() == []
