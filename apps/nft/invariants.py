"""What must always be true between the ledger, the spans and the chain."""

from __future__ import annotations

from collections.abc import Iterator

from apps.nft.selectors.pool import pool_state
from apps.nft.selectors.reconciliation import bridge_owns_what_is_out, tokens_are_tokenised_spans

__all__ = ["bridge_owns_what_is_out", "cc_is_backed", "tokens_are_tokenised_spans"]


def cc_is_backed() -> Iterator[str]:
    """The supply of CC equals the grams in the pool."""
    state = pool_state()
    if state.supply_grams != state.backing_grams:
        yield f"{state.supply_grams} CC micro-units issued, {state.backing_grams} grams pooled"
