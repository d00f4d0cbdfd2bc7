"""A chain, our contracts on it, somebody with credits and a wallet, and the bridge step by step."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from web3 import HTTPProvider, Web3
from web3.types import RPCEndpoint, TxReceipt

from apps.accounts.ledger.invariants import held_equals_holds
from apps.accounts.ledger.services import platform_owner_get
from apps.accounts.models import Balance, Owner
from apps.nft.chain import artifacts
from apps.nft.chain.client import ChainClient
from apps.nft.chain.keys import DevKeyring
from apps.nft.models import BridgeHalt, BridgeIntent, Chain, Contract, MintRequest
from apps.nft.selectors.coin_reconciliation import (
    bridge_owns_the_cc_that_is_out,
    coins_follow_their_events,
    vault_holds_what_was_read,
)
from apps.nft.selectors.pool import cc_is_backed
from apps.nft.selectors.reconciliation import (
    bridge_owns_what_is_out,
    chain_has_what_was_read,
    tokens_are_tokenised_spans,
)
from apps.nft.services.bridge import Bridge, intent_advance
from apps.nft.services.deployment import contracts_deploy
from apps.nft.services.facts import block_facts
from apps.nft.services.kinds import KINDS, MINT, Kind
from apps.nft.services.minting import mint_request
from apps.nft.services.settlement import settlement_turn
from apps.registry.models import CreditClass, SerialBlock
from tests.support.factories import wallet_make
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make

# With one slot an epoch, anvil calls a block final when two more have come.
BLOCKS_TO_FINAL = 2
TURNS_MAX = 20
# The first four sign for the platform.
PLATFORM_ACCOUNTS = 4


class Died(Exception):
    """The process ended here."""


class Mortal:
    """A client that kills its process instead of making one kind of call."""

    def __init__(self, client: ChainClient, dies_at: str) -> None:
        self._client = client
        self._dies_at = dies_at

    def __getattr__(self, name: str) -> Any:
        if name == self._dies_at:
            raise Died
        return getattr(self._client, name)


@dataclass
class Settlement:
    """Everything a test of the bridge needs; `web3` is the wallet's and the test's own view."""

    web3: Web3
    client: ChainClient
    keyring: DevKeyring
    chain: Chain
    credit: Any
    owner: Owner
    credit_class: CreditClass
    block: SerialBlock
    wallet: str
    stranger: str

    # ------------------------------------------------------------- what people do

    def ask(self, tonnes: int = 3, *, key: str = "key", to: str | None = None) -> MintRequest:
        """The owner takes tonnes out."""
        return mint_request(
            owner=self.owner,
            credit_class=self.credit_class,
            tonnes=tonnes,
            to_address=to or self.wallet,
            idempotency_key=key,
        )

    def send(self, sender: str, call: Any) -> TxReceipt:
        """A wallet's own transaction."""
        transaction_hash = call.transact({"from": sender})
        receipt = self.web3.eth.wait_for_transaction_receipt(transaction_hash, poll_latency=0.01)
        assert receipt["status"] == 1
        return receipt

    def redeem(self, ranges: list[tuple[int, int]], tag: str | None = None) -> TxReceipt:
        account = bytes.fromhex(tag.removeprefix("0x")) if tag else bytes(32)
        return self.send(self.wallet, self.credit.functions.redeem(ranges, account))

    def mint_call(self, intent: BridgeIntent, *, key: bytes, to: str) -> Any:
        """The same serials for another intent, as only the bridge's key can mint them."""
        contract = Contract.objects.get(name="CarbonCredit")
        return self.credit.functions.mintBatch(
            to,
            intent.block_id,
            block_facts(intent.block, contract),
            intent.first_serial,
            intent.tonnes,
            key,
        )

    # ------------------------------------------------------------- what our processes do

    def sign_only(self) -> None:
        """A worker that dies after it has stored the signed transactions."""
        for pk in self.open_ids():
            with suppress(Died):
                self.advance(pk, client=Mortal(self.client, "broadcast"))

    def work(self) -> list[str]:
        """A worker looks once at every open intent; their states after."""
        return [
            self.advance(pk, kind=kind) for kind in KINDS.values() for pk in self.open_ids(kind)
        ]

    def advance(self, intent_id: int, client: Any = None, kind: Kind = MINT) -> str:
        """A worker takes up one intent."""
        bridge = Bridge(client or self.client, self.keyring)
        return intent_advance(intent_id=intent_id, bridge=bridge, kind=kind)

    def open_ids(self, kind: Kind = MINT) -> list[int]:
        found = kind.rows.filter(state__in=BridgeIntent.OPEN_STATES)
        return list(found.order_by("pk").values_list("pk", flat=True))

    def follow(self) -> None:
        """The indexer reads up to the head and applies what is final."""
        for _turn in range(TURNS_MAX):
            if settlement_turn(chain=self.chain, client=self.client).is_idle:
                return
        raise AssertionError("the indexer does not reach the head")

    def settle(self) -> None:
        """Worker and indexer, until what is under way is final."""
        self.work()
        self.mine(BLOCKS_TO_FINAL)
        self.work()
        self.follow()

    # ------------------------------------------------------------- the chain

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.rpc("anvil_mine", hex(blocks))

    def reorganise(self, blocks: int = 1) -> None:
        """The chain takes back its last blocks; others, without their transactions, come instead.

        Another miner makes them: by the same one, at the same second, an empty block would be the
        very same block again.
        """
        before = self.web3.eth.get_block("latest")
        miner = int(before["miner"], 16) + 1
        self.rpc("anvil_setCoinbase", f"0x{miner:040x}")
        self.rpc("anvil_reorg", blocks, [])
        assert self.web3.eth.get_block("latest")["hash"] != before["hash"]

    def owner_of(self, token_id: int) -> str:
        return str(self.credit.functions.ownerOf(token_id).call())

    # ------------------------------------------------------------- what must hold

    def available(self, owner: Owner | None = None) -> int:
        """Grams the owner has available, of the class of this test."""
        return self._balance(owner or self.owner).available

    def held(self) -> int:
        return self._balance(self.owner).held

    def platform(self, name: str) -> int:
        """Grams one of the platform's own accounts has."""
        return self._balance(platform_owner_get(name=name)).total

    def _balance(self, owner: Owner) -> Balance:
        found = Balance.objects.filter(owner=owner, asset=self.credit_class.asset).first()
        return found or Balance(available=0, held=0)

    def first_token(self, offset: int = 0) -> int:
        return int(self.block.pk * 10**10 + offset)

    def broken(self) -> list[str]:
        """Everything that does not add up, in all books and on chain; halts too."""
        lines: Iterable[str] = (
            *broken_invariants(),
            *held_equals_holds(),
            *tokens_are_tokenised_spans(),
            *bridge_owns_what_is_out(),
            *bridge_owns_the_cc_that_is_out(),
            *coins_follow_their_events(),
            *cc_is_backed(),
            *chain_has_what_was_read(chain=self.chain, client=self.client),
            *vault_holds_what_was_read(chain=self.chain, client=self.client),
            *(halt.reason for halt in BridgeHalt.objects.filter(ended_at__isnull=True)),
        )
        return list(lines)


def settlement_make(url: str, *, tonnes: int = 10) -> Settlement:
    """Deploys, links a wallet, and gives its owner a block of credits."""
    assert url == settings.CHAIN_RPC_URL, "point the settings to this chain first"
    web3 = Web3(HTTPProvider(url))
    client, keyring = ChainClient(url), DevKeyring()
    contracts = contracts_deploy(client=client, keyring=keyring)
    credit = contracts["CarbonCredit"]
    wallet, stranger = web3.eth.accounts[PLATFORM_ACCOUNTS : PLATFORM_ACCOUNTS + 2]
    block = block_make(tonnes=tonnes)
    owner, credit_class = holder_make(block)
    wallet_make(owner, wallet)
    return Settlement(
        web3=web3,
        client=client,
        keyring=keyring,
        chain=Chain.objects.get(),
        credit=web3.eth.contract(credit.address, abi=artifacts.load("CarbonCredit").abi),  # type: ignore[call-overload]
        owner=owner,
        credit_class=credit_class,
        block=block,
        wallet=wallet,
        stranger=stranger,
    )


__all__ = ["BLOCKS_TO_FINAL", "TONNE", "Died", "Mortal", "Settlement", "settlement_make"]
