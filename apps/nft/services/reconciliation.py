"""Comparing all books with each other, and stopping the bridge when they differ."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain as joined
from itertools import islice
from typing import Final

from apps.accounts.ledger.invariants import assets_sum_to_zero, balances_equal_transfers
from apps.nft.chain.client import ChainClient
from apps.nft.models import BridgeHalt, Chain
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
from apps.nft.services.halts import halt_create

NAMED_MAX: Final = 20


def books_reconcile(*, chain: Chain, client: ChainClient) -> BridgeHalt | None:
    """Halts the bridge where anything does not add up, naming up to twenty rows or tokens."""
    return _halt_for(
        joined(
            tokens_are_tokenised_spans(),
            bridge_owns_what_is_out(),
            bridge_owns_the_cc_that_is_out(),
            cc_is_backed(),
            chain_has_what_was_read(chain=chain, client=client),
            vault_holds_what_was_read(chain=chain, client=client),
        )
    )


def ledger_reconcile(*, thorough: bool = False) -> BridgeHalt | None:
    """Halts the bridge where value came from nowhere, naming the balances that were edited.

    The sums alone are quick and see whatever changes one side only. `thorough` adds up every
    transfer there ever was, which also sees edits that outweigh each other.
    """
    lines = list(assets_sum_to_zero())
    if lines or thorough:
        lines += balances_equal_transfers()
    if thorough:
        lines += coins_follow_their_events()
    return _halt_for(lines)


def _halt_for(found: Iterable[str]) -> BridgeHalt | None:
    lines = list(islice(found, NAMED_MAX))
    return halt_create(reason="\n".join(lines)) if lines else None
