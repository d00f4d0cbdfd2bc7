"""Many intents under random deaths, drops, reorganisations and late workers end exactly right."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from apps.accounts.errors import Conflict, InsufficientFunds
from apps.nft.models import BridgeIntent, ChainTransaction, Signer, Token
from apps.nft.services.settlement import settlement_turn
from tests.support.settlement import TONNE, Died, Mortal, Settlement, settlement_make

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

TONNES = 400
STEPS = 160
INTENTS_MIN = 15
WORKER_CALLS = ("estimate_gas", "fees", "broadcast", "receipt", "knows", "finalized")
INDEXER_CALLS = ("head_number", "header", "receipts", "finalized", "call")


class Chaos:
    """What may happen next, in any order, all by one seed."""

    def __init__(self, settlement: Settlement, seed: int) -> None:
        self.settlement = settlement
        self.dice = random.Random(seed)
        self.keys = 0

    def step(self) -> None:
        actions: list[tuple[int, Callable[[], None]]] = [
            (4, self.ask),
            (6, self.work),
            (3, self.die_working),
            (4, self.mine),
            (3, self.follow),
            (2, self.die_following),
            (1, self.reorganise),
            (1, self.drop),
            (1, self.come_back),
        ]
        weights, choices = zip(*actions, strict=True)
        self.dice.choices(choices, weights)[0]()

    def ask(self) -> None:
        self.keys += 1
        with suppress(Conflict, InsufficientFunds):
            self.settlement.ask(self.dice.randint(1, 5), key=f"key {self.keys}")

    def work(self) -> None:
        ids = self.settlement.open_ids()
        self.dice.shuffle(ids)
        for pk in ids[: self.dice.randint(1, 4)]:
            self.settlement.advance(pk)

    def die_working(self) -> None:
        mortal = Mortal(self.settlement.client, self.dice.choice(WORKER_CALLS))
        for pk in self.settlement.open_ids()[:3]:
            with suppress(Died):
                self.settlement.advance(pk, client=mortal)

    def mine(self) -> None:
        self.settlement.mine(self.dice.randint(1, 3))

    def follow(self) -> None:
        self.settlement.follow()

    def die_following(self) -> None:
        mortal = Mortal(self.settlement.client, self.dice.choice(INDEXER_CALLS))
        with suppress(Died):
            settlement_turn(chain=self.settlement.chain, client=mortal)  # type: ignore[arg-type]

    def reorganise(self) -> None:
        self.settlement.rpc("anvil_reorg", 1, [])

    def drop(self) -> None:
        sent = ChainTransaction.objects.filter(
            intent__state="broadcast", broadcast_at__isnull=False
        ).values_list("hash", flat=True)
        if hashes := list(sent):
            with suppress(AssertionError):  # It may be in a block by now.
                self.settlement.rpc("anvil_dropTransaction", self.dice.choice(hashes))

    def come_back(self) -> None:
        """The holder redeems a few tonnes that happen to be out."""
        live = list(Token.objects.filter(state="live").values_list("token_id", flat=True))
        for token_id in self.dice.sample(live, min(len(live), 3)):
            call = self.settlement.credit.functions.redeem([(token_id, 1)], bytes(32))
            with suppress(Exception):  # It may have been taken back by a reorganisation.
                call.transact({"from": self.settlement.wallet, "gas": 500_000})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_faults_end_with_every_book_exact(fresh_chain: str, seed: int) -> None:
    settlement = settlement_make(fresh_chain, tonnes=TONNES)
    settlement.rpc("evm_setAutomine", False)
    first_nonce = Signer.objects.get(role="minter").next_nonce
    chaos = Chaos(settlement, seed)
    for _step in range(STEPS):
        chaos.step()
    for _round in range(10):
        settlement.settle()
    assert settlement.broken() == []
    states = set(BridgeIntent.objects.values_list("state", flat=True))
    assert states == {"final"}
    assert BridgeIntent.objects.count() >= INTENTS_MIN, "the dice left nothing to do"
    signer = Signer.objects.get(role="minter")
    nonces = ChainTransaction.objects.filter(signer=signer).values_list("nonce", flat=True)
    assert set(nonces) == set(range(first_nonce, signer.next_nonce)), "no hole"
    assert settlement.client.next_nonce(signer.address) == signer.next_nonce
    assert settlement.held() == 0
    out = Token.objects.filter(state="live").count()
    assert settlement.available() + out * TONNE == TONNES * TONNE
    assert out == settlement.credit.functions.totalSupply().call()
