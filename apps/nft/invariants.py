"""What must always be true between the ledger, the spans and the chain."""

from __future__ import annotations

from apps.nft.selectors.balances import trees_equal_their_leaves
from apps.nft.selectors.coin_reconciliation import (
    bridge_owns_the_cc_that_is_out,
    coins_follow_their_events,
)
from apps.nft.selectors.pool import cc_is_backed
from apps.nft.selectors.reconciliation import bridge_owns_what_is_out, tokens_are_tokenised_spans

__all__ = [
    "bridge_owns_the_cc_that_is_out",
    "bridge_owns_what_is_out",
    "cc_is_backed",
    "coins_follow_their_events",
    "tokens_are_tokenised_spans",
    "trees_equal_their_leaves",
]
