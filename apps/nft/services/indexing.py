"""Writing down what the chain says, block after block, and taking it back when it does.

One call of `index_step` reads a run of blocks and stores it in one transaction. Reading happens
before, without a lock; the transaction then checks under the chain's lock that nobody else moved
on in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import transaction

from apps.nft.chain import artifacts
from apps.nft.chain.abi import Event, Interface
from apps.nft.chain.client import ChainClient, Log
from apps.nft.models import Chain, ChainEvent, Contract, IndexedBlock
from apps.nft.services.halts import halt_create
from apps.nft.services.reading import BlockRead, blocks_read
from apps.nft.services.tokens import tokens_follow, tokens_rewind

log = structlog.get_logger(__name__)

BLOCKS_PER_STEP: Final = 100


class FinalBlockChanged(Exception):
    """The chain took back a block it had called final. Nothing can be trusted until people look."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: the block it ended at, and whether there is more."""

    number: int
    is_at_head: bool
    rewound: int = 0


def index_step(*, chain: Chain, client: ChainClient, blocks: int = BLOCKS_PER_STEP) -> Step:
    """Reads and stores up to `blocks` further blocks, or rewinds to where the chain parted.

    Raises IncompleteAnswer, ChainUnavailable (call again), FinalBlockChanged (the bridge halts).
    """
    head = client.head_number()
    last = chain.blocks.order_by("-number").first()
    if last is not None:
        parted = _parted(chain, client, last, head)
        if parted is not None:
            return _rewind(chain, to_number=parted, from_number=last.number)
    first = chain.indexed_from if last is None else last.number + 1
    end = min(head, first + blocks - 1)
    if end < first:
        return Step(first - 1, is_at_head=True)
    # USDC is the whole world's: what of it concerns us, our vault tells.
    ours = chain.contracts.exclude(name="USDC")
    contracts = {contract.address: contract for contract in ours}
    read = blocks_read(client=client, first=first, last=end, addresses=contracts)
    if last is not None and read[0].header.parent_hash != last.hash:
        # It changed while we read: the next step finds out where.
        return Step(last.number, is_at_head=False)
    if not _store(chain, last, read, contracts):
        return Step(first - 1, is_at_head=False)
    return Step(end, is_at_head=end == head)


def _parted(chain: Chain, client: ChainClient, last: IndexedBlock, head: int) -> int | None:
    """The last block that we and the node share; None while ours is still canonical."""
    if head >= last.number and client.header(last.number).hash == last.hash:
        return None
    for block in chain.blocks.filter(number__lte=head).order_by("-number").iterator(100):
        if client.header(block.number).hash == block.hash:
            return block.number
    return chain.indexed_from - 1


def _rewind(chain: Chain, *, to_number: int, from_number: int) -> Step:
    with transaction.atomic():
        locked = Chain.objects.select_for_update().get(pk=chain.pk)
        is_allowed = to_number >= locked.final_number
        if is_allowed:
            tokens_rewind(chain=chain, to_number=to_number)
            ChainEvent.objects.filter(chain=chain, block_number__gt=to_number).delete()
            chain.blocks.filter(number__gt=to_number).delete()
    if not is_allowed:
        halt_create(
            reason=f"chain {chain} took back blocks after {to_number}, which it had called final"
        )
        raise FinalBlockChanged(f"blocks after {to_number} were final and are gone")
    log.warning("chain_rewound", chain=chain.pk, to_number=to_number, from_number=from_number)
    return Step(to_number, is_at_head=False, rewound=from_number - to_number)


def _store(
    chain: Chain,
    last: IndexedBlock | None,
    read: list[BlockRead],
    contracts: dict[str, Contract],
) -> bool:
    """Everything of these blocks in one transaction; False where somebody else was faster."""
    interfaces = {
        address: Interface(artifacts.load(contract.name)) for address, contract in contracts.items()
    }
    with transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain.pk)
        newest = chain.blocks.order_by("-number").values_list("hash", flat=True).first()
        if newest != (last.hash if last else None):
            return False
        IndexedBlock.objects.bulk_create(_block(chain, item) for item in read)
        events = [
            _event(chain, contracts[entry.address], entry, decoded)
            for item in read
            for entry in item.logs
            if (decoded := interfaces[entry.address].event(entry)) is not None
        ]
        ChainEvent.objects.bulk_create(events, batch_size=2000)
        tokens_follow(events=events)
    return True


def _block(chain: Chain, item: BlockRead) -> IndexedBlock:
    header = item.header
    return IndexedBlock(
        chain=chain,
        number=header.number,
        hash=header.hash,
        parent_hash=header.parent_hash,
        timestamp=datetime.fromtimestamp(header.timestamp, UTC),
    )


def _event(chain: Chain, contract: Contract, entry: Log, decoded: Event) -> ChainEvent:
    moves_token = contract.name == "CarbonCredit" and decoded.name == "Transfer"
    return ChainEvent(
        chain=chain,
        contract=contract,
        block_number=entry.block_number,
        block_hash=entry.block_hash,
        transaction_hash=entry.transaction_hash,
        log_index=entry.log_index,
        name=decoded.name,
        arguments=decoded.arguments,
        token_id=decoded.arguments["tokenId"] if moves_token else None,
    )
