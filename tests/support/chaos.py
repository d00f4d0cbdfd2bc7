"""Everything that may befall the bridge, in any order, all by one seed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import override_settings

from apps.accounts.errors import ServiceError
from apps.nft.chain.errors import ChainUnavailable, IncompleteAnswer
from apps.nft.models import BridgeIntent, ChainTransaction, CoinWithdrawal, Signer, Token
from apps.nft.services.kinds import KINDS, MINT, PAYOUT, Kind
from apps.nft.services.settlement import settlement_turn
from tests.support.coins import UNIT, Coins
from tests.support.rpc_proxy import RpcProxy
from tests.support.settlement import TONNE, Died, Mortal, Settlement

WORKER_CALLS = ("estimate_gas", "fees", "broadcast", "receipt", "knows", "finalized")
INDEXER_CALLS = ("head_number", "header", "receipts", "finalized", "call")
MONEY = 10**6 * UNIT
ROUNDS_TO_REST = 12
WORKER_LIMIT_S = 60
# Whatever a wallet sends is mined in a block of its own time, so nothing is estimated before.
GAS = {"gas": 500_000}


class Chaos:
    """People who ask and wallets that send, processes that die, nodes that lie, and a chain that
    takes back. `nodes` stand between the bridge and the chain; the bridge's client is of all."""

    def __init__(self, coins: Coins, nodes: list[RpcProxy], seed: int) -> None:
        self.coins, self.nodes = coins, nodes
        self.settlement: Settlement = coins.settlement
        self.dice = random.Random(seed)
        self.keys = 0
        self._fill_the_wallet()
        self.settlement.rpc("evm_setAutomine", False)

    def _fill_the_wallet(self) -> None:
        s, wallet = self.settlement, self.settlement.wallet
        self.coins.deposit_final(MONEY // 10)
        s.send(wallet, self.coins.usdc.functions.mint(wallet, MONEY))
        for coin in (self.coins.usdc, self.coins.cc_token):
            s.send(wallet, coin.functions.approve(self.coins.vault.address, MONEY))

    # ------------------------------------------------------------- what happens

    def until_asked(self, intents: int) -> None:
        """Goes on until that many intents were taken on."""
        while self.asked() < intents:
            self.step()

    def asked(self) -> int:
        return BridgeIntent.objects.count() + CoinWithdrawal.objects.count()

    def step(self) -> None:
        actions: list[tuple[int, Callable[[], None]]] = [
            (8, self.take_out),
            (6, self.withdraw),
            (7, self.work),
            (1, self.two_workers),
            (1, self.deliver_again),
            (3, self.die_working),
            (1, self.replace),
            (5, self.mine),
            (3, self.follow),
            (2, self.die_following),
            (1, self.reorganise),
            (1, self.drop),
            (2, self.bring_back),
            (2, self.deposit),
            (2, self.nodes_change),
        ]
        weights, choices = zip(*actions, strict=True)
        with suppress(ChainUnavailable, IncompleteAnswer):
            self.dice.choices(choices, weights)[0]()

    # ------------------------------------------------------------- people

    def take_out(self) -> None:
        self.keys += 1
        with suppress(ServiceError):
            self.settlement.ask(self.dice.randint(1, 5), key=f"key {self.keys}")

    def withdraw(self) -> None:
        self.keys += 1
        asset = self.dice.choice([self.coins.usdc_asset, self.coins.cc_asset])
        amount = self.dice.randint(1, UNIT // 4)
        with suppress(ServiceError):
            self.coins.withdraw(amount, asset, key=f"key {self.keys}")

    def bring_back(self) -> None:
        """The holder redeems a few tonnes that happen to be out."""
        live = list(Token.objects.filter(state="live").values_list("token_id", flat=True))
        for token_id in self.dice.sample(live, min(len(live), 5)):
            self._send(self.settlement.credit.functions.redeem([(token_id, 1)], bytes(32)))

    def deposit(self) -> None:
        coin = self.dice.choice([self.coins.usdc, self.coins.cc_token])
        amount = self.dice.randint(1, UNIT // 4)
        self._send(self.coins.vault.functions.deposit(coin.address, amount, bytes(32)))

    def _send(self, call: Any) -> None:
        # What it is about may have been taken back by a reorganisation.
        with suppress(Exception):
            call.transact({"from": self.settlement.wallet, **GAS})

    # ------------------------------------------------------------- processes

    def work(self) -> None:
        for kind, pk in self._some(self.dice.randint(1, 5)):
            self.settlement.advance(pk, kind=kind)

    def two_workers(self) -> None:
        """Both take up the same intents at the same time."""
        some = self._some(3)

        def run() -> None:
            with suppress(ChainUnavailable, IncompleteAnswer):
                for kind, pk in some:
                    self.settlement.advance(pk, kind=kind)
            connection.close()

        threads = [threading.Thread(target=run) for _worker in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=WORKER_LIMIT_S)
        assert not any(thread.is_alive() for thread in threads), "locked up"

    def deliver_again(self) -> None:
        """A task comes a second time, whatever has become of its intent."""
        for kind in (MINT, PAYOUT):
            ids = list(kind.rows.values_list("pk", flat=True))
            for pk in self.dice.sample(ids, min(len(ids), 3)):
                self.settlement.advance(pk, kind=kind)

    def die_working(self) -> None:
        mortal = Mortal(self.settlement.client, self.dice.choice(WORKER_CALLS))
        for kind, pk in self._some(3):
            with suppress(Died):
                self.settlement.advance(pk, client=mortal, kind=kind)

    def replace(self) -> None:
        """To this worker everything takes too long."""
        with override_settings(CHAIN_REPLACE_AFTER_S=0):
            self.work()

    def follow(self) -> None:
        self.settlement.follow()

    def die_following(self) -> None:
        mortal: Any = Mortal(self.settlement.client, self.dice.choice(INDEXER_CALLS))
        with suppress(Died):
            settlement_turn(chain=self.settlement.chain, client=mortal)

    def _some(self, count: int) -> list[tuple[Kind, int]]:
        found = [(kind, pk) for kind in (MINT, PAYOUT) for pk in self.settlement.open_ids(kind)]
        self.dice.shuffle(found)
        return found[:count]

    # ------------------------------------------------------------- nodes and the chain

    def nodes_change(self) -> None:
        """At most one lies; any number may be away."""
        for node in self.nodes:
            node.is_down, node.lie = self.dice.random() < 0.2, None
        if self.nodes and self.dice.random() < 0.5:
            self.dice.choice(self.nodes).lie = lie

    def mine(self) -> None:
        self.settlement.mine(self.dice.randint(1, 3))

    def reorganise(self) -> None:
        self.settlement.reorganise()

    def drop(self) -> None:
        sent = ChainTransaction.objects.filter(broadcast_at__isnull=False, block_number=None)
        if hashes := list(sent.values_list("hash", flat=True)):
            with suppress(AssertionError):  # It may be in a block by now.
                self.settlement.rpc("anvil_dropTransaction", self.dice.choice(hashes))

    # ------------------------------------------------------------- how it ends

    def rest(self) -> None:
        """No more faults: everything that is under way comes to its end."""
        for node in self.nodes:
            node.is_down, node.lie = False, None
        for _round in range(ROUNDS_TO_REST):
            self.settlement.settle()

    def off(self) -> Iterator[str]:
        """A line for each book that does not add up, each intent that hangs, each nonce lost."""
        yield from self.settlement.broken()
        for kind in KINDS.values():
            for intent in kind.rows.exclude(state="final"):
                yield f"{kind.name} {intent.pk} is {intent.state}: {intent.failure}"
        for signer in Signer.objects.filter(role__in=("minter", "withdrawer")):
            yield from self._nonces_off(signer)
        wallet = self.coins.in_wallet(self.coins.usdc)
        on_ledger = sum(self.coins.balance(self.coins.usdc_asset))
        if wallet + on_ledger != MONEY + MONEY // 10:
            yield f"USDC: {wallet} in the wallet and {on_ledger} on the ledger"
        out = self.settlement.credit.functions.totalSupply().call()
        pooled = self.settlement.platform("pool")
        if self.settlement.available() + out * TONNE + pooled != self._tonnes() * TONNE:
            yield f"{self.settlement.available()} grams available, {out} tonnes out"

    def _tonnes(self) -> int:
        block = self.settlement.block
        return block.end - block.start + 1

    def _nonces_off(self, signer: Signer) -> Iterator[str]:
        given = ChainTransaction.objects.filter(signer=signer).values_list("nonce", flat=True)
        used = set(given)
        if used and (holes := set(range(min(used), signer.next_nonce)) - used):
            yield f"{signer.role}: nonces {sorted(holes)} were given out and never used"
        if (seen := self.settlement.client.next_nonce(signer.address)) != signer.next_nonce:
            yield f"{signer.role}: the chain waits for nonce {seen}, next is {signer.next_nonce}"


def lie(method: str, result: Any) -> Any:
    """A node with blocks of its own, that has seen nothing of ours."""
    if method == "eth_getBlockByNumber" and result:
        return result | {"hash": "0x" + "66" * 32}
    return None if method == "eth_getTransactionReceipt" else result


def limits_lifted(options: Any) -> None:
    """So that people may ask as often and for as much as the dice say."""
    options.COIN_WITHDRAWALS_HOURLY_MAX = 10**6
    options.COIN_WITHDRAWAL_OWNER_DAILY = options.COIN_WITHDRAWAL_DAILY = 10**6
    assert settings.COIN_WITHDRAWAL_DAILY == 10**6
