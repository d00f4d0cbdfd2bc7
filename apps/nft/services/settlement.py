"""One turn of the indexer: read, apply, hand out, compare."""

from __future__ import annotations

from dataclasses import dataclass

from apps.nft.chain.client import ChainClient
from apps.nft.models import Chain
from apps.nft.services.finality import events_apply
from apps.nft.services.indexing import index_step
from apps.nft.services.reconciliation import books_reconcile
from apps.nft.services.redemptions import redemptions_claim


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn did; `is_idle` when there is nothing more to do before the next block."""

    block_number: int
    applied: int
    claimed: int
    is_idle: bool


def settlement_turn(*, chain: Chain, client: ChainClient, reconcile: bool = True) -> Turn:
    """Reads the next blocks, applies what is final, credits claims, compares the books.

    Any of it may be done twice or by two processes. Raises ChainError (call again),
    FinalBlockChanged (the bridge is halted).
    """
    step = index_step(chain=chain, client=client)
    applied = events_apply(chain=chain, client=client)
    claimed = redemptions_claim()
    if reconcile and step.is_at_head:
        books_reconcile(chain=chain, client=client)
    return Turn(step.number, applied, claimed, step.is_at_head)
