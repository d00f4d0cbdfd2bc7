"""Tonnes out as NFTs, as their holders see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Owner
from apps.accounts.selectors import wallets_of
from apps.nft.models import (
    BridgeIntent,
    ChainEvent,
    ChainTransaction,
    CoinWithdrawal,
    Contract,
    DayAnchor,
    MintRequest,
    Token,
)
from apps.registry.models import SerialBlock
from apps.registry.selectors import serial_of

REQUESTS_LATEST = 10


def tokens_of(owner: Owner) -> QuerySet[Token]:
    """The NFTs that are now in the owner's linked wallets, by token id."""
    addresses = [wallet.address.lower() for wallet in wallets_of(owner)]
    return (
        Token.objects.annotate(holder=Lower("owner_address"))
        .filter(holder__in=addresses, state=Token.State.LIVE)
        .select_related("contract", "block__vintage__credit_class__project")
        .order_by("token_id")
    )


def token_by_id(token_id: int) -> Token | None:
    """A tonne that is or was out, by its id on chain."""
    return (
        Token.objects.select_related("block__vintage__project__registry")
        .filter(token_id=token_id, contract__name="CarbonCredit")
        .first()
        if token_id < 2**63
        else None
    )


def mint_requests_of(owner: Owner) -> QuerySet[MintRequest]:
    """What the owner asked to take out, the newest first."""
    return (
        MintRequest.objects.filter(owner=owner)
        .select_related("credit_class__project")
        .prefetch_related("intents")
        .order_by("-created_at")[:REQUESTS_LATEST]
    )


def mint_request_of(owner: Owner, public_id: object) -> MintRequest | None:
    """One such request of the owner's."""
    return (
        MintRequest.objects.filter(owner=owner, public_id=public_id)
        .select_related("credit_class__project")
        .first()
    )


def intents_of(request: MintRequest) -> QuerySet[BridgeIntent]:
    """Its mints, each of one contiguous serial range, with the transactions that carry them."""
    return (
        request.intents.select_related("block")
        .prefetch_related("transactions")
        .order_by("block_id", "first_serial")
    )


def carrying_transaction(
    intent: BridgeIntent | CoinWithdrawal | DayAnchor,
) -> ChainTransaction | None:
    """The transaction that carries an intent: the mined one, else the newest that was sent."""
    sent = [item for item in intent.transactions.all() if item.broadcast_at is not None]
    mined = [item for item in sent if item.block_number is not None]
    return next(iter(mined or sent[::-1]), None)


@dataclass(frozen=True, slots=True)
class TonnesMoved:
    """What one event did: `minted`, `redeemed` or `retired` some consecutive tonnes of a block."""

    kind: str
    label: str
    address: str
    count: int
    first_serial: int
    block: SerialBlock | None
    block_number: int
    is_final: bool

    @property
    def serial(self) -> str:
        """The registry's spelling of the tonnes; empty for a block that is not ours."""
        if self.block is None:
            return ""
        last = self.first_serial + self.count - 1
        return serial_of(self.block, self.first_serial, last)


# Event on chain: kind, name for people, and which argument names the wallet.
_MOVES: Final = {
    "BatchMinted": ("minted", _("Taken out as NFTs to"), "to"),
    "Redeemed": ("redeemed", _("Brought back by"), "holder"),
    "Retired": ("retired", _("Retired on chain by"), "holder"),
}


def events_in_transaction(transaction_hash: str) -> list[TonnesMoved]:
    """What a transaction did to tonnes, in its order; empty for one we know nothing of."""
    events = list(
        ChainEvent.objects.filter(transaction_hash=transaction_hash.lower(), name__in=_MOVES)
        .select_related("chain")
        .order_by("log_index")
    )
    ids = {int(event.arguments["blockId"]) for event in events}
    blocks = SerialBlock.objects.select_related("vintage__project").in_bulk(
        [pk for pk in ids if pk < 2**63]
    )
    return [_moved(event, blocks) for event in events]


def _moved(event: ChainEvent, blocks: dict[int, SerialBlock]) -> TonnesMoved:
    kind, label, wallet = _MOVES[event.name]
    return TonnesMoved(
        kind=kind,
        label=str(label),
        address=event.arguments[wallet],
        count=int(event.arguments["count"]),
        first_serial=int(event.arguments["firstSerial"]),
        block=blocks.get(int(event.arguments["blockId"])),
        block_number=event.block_number,
        is_final=event.block_number <= event.chain.final_number,
    )


def credit_contract() -> Contract | None:
    """The contract whose tokens we credit, once it is deployed."""
    return Contract.objects.filter(name="CarbonCredit").select_related("chain").first()
