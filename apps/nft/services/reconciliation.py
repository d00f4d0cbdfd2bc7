"""Comparing all books with each other, and stopping the bridge when they differ."""

from __future__ import annotations

from itertools import chain as joined
from itertools import islice
from typing import Final

from apps.nft.chain.client import ChainClient
from apps.nft.models import BridgeHalt, Chain
from apps.nft.selectors.reconciliation import (
    bridge_owns_what_is_out,
    chain_has_what_was_read,
    tokens_are_tokenised_spans,
)
from apps.nft.services.halts import halt_create

NAMED_MAX: Final = 20


def books_reconcile(*, chain: Chain, client: ChainClient) -> BridgeHalt | None:
    """Halts the bridge where anything does not add up, naming up to twenty rows or tokens."""
    found = joined(
        tokens_are_tokenised_spans(),
        bridge_owns_what_is_out(),
        chain_has_what_was_read(chain=chain, client=client),
    )
    lines = list(islice(found, NAMED_MAX))
    return halt_create(reason="\n".join(lines)) if lines else None
