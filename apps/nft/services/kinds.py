"""Which call each kind of intent wants of the chain, and how what it holds is given back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from django.db.models import QuerySet

from apps.nft.models import BridgeIntent, ChainIntent, CoinWithdrawal, Contract, DayAnchor
from apps.nft.services.anchors import STREAM, anchor_fail, day_number
from apps.nft.services.coins import withdrawal_fail
from apps.nft.services.facts import block_facts
from apps.nft.services.minting import intent_fail


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call of one of our contracts, signed with the key of a role."""

    contract: Contract
    function: str
    arguments: tuple[Any, ...]
    role: str


class Fail(Protocol):
    """Gives back what an intent holds, where it is still in the state it was seen in."""

    def __call__(self, *, intent_id: int, seen: str, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """`link` is ChainTransaction's field for it, `name` what tasks call it."""

    name: str
    model: type[ChainIntent]
    link: str
    wanted: Callable[[Any], Wanted]
    fail: Fail

    @property
    def rows(self) -> QuerySet[Any]:
        """Every intent of the kind."""
        return self.model._default_manager.all()

    def purpose(self, intent: ChainIntent) -> dict[str, ChainIntent]:
        """What a transaction that carries this intent is for."""
        return {self.link: intent}


def _mint(intent: BridgeIntent) -> Wanted:
    contract = Contract.objects.get(chain=intent.chain_id, name="CarbonCredit")
    arguments = (
        intent.to_address,
        intent.block_id,
        block_facts(intent.block, contract),
        intent.first_serial,
        intent.tonnes,
        intent.chain_key,
    )
    return Wanted(contract, "mintBatch", arguments, "minter")


def _pay(intent: CoinWithdrawal) -> Wanted:
    contracts = {contract.name: contract for contract in intent.chain.contracts.all()}
    if intent.route == CoinWithdrawal.Route.MINT:
        arguments: tuple[Any, ...] = (intent.to_address, intent.amount, intent.chain_key)
        return Wanted(contracts["CCToken"], "mint", arguments, "minter")
    coin = contracts["CCToken" if intent.asset.code == "CC" else intent.asset.code]
    arguments = (coin.address, intent.to_address, intent.amount, intent.chain_key)
    return Wanted(contracts["Vault"], "withdraw", arguments, "withdrawer")


def _fix(intent: DayAnchor) -> Wanted:
    contract = Contract.objects.get(chain=intent.chain_id, name="Anchor")
    root = bytes.fromhex(intent.root.removeprefix("0x"))
    arguments = (STREAM, day_number(intent.day), root, intent.leaves_count)
    return Wanted(contract, "anchor", arguments, "anchorer")


MINT: Final = Kind("mint", BridgeIntent, "intent", _mint, intent_fail)
PAYOUT: Final = Kind("payout", CoinWithdrawal, "withdrawal", _pay, withdrawal_fail)
ANCHOR: Final = Kind("anchor", DayAnchor, "anchor", _fix, anchor_fail)
KINDS: Final = {kind.name: kind for kind in (MINT, PAYOUT, ANCHOR)}
