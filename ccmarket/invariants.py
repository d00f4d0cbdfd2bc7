"""Everything that must always be true, by name. docs/ARCHITECTURE.md says why for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from apps.accounts.ledger import invariants as ledger
from apps.nft import invariants as settlement

Check = Callable[[], Iterator[str]]

# SELECTs of (owner_id, asset_id, amount): who holds what, and why.
HOLD_SOURCES: tuple[str, ...] = (
    """
    SELECT o.owner_id, CASE WHEN o.side = 0 THEN p.quote_id ELSE p.base_id END AS asset_id,
           o.hold AS amount
    FROM orderbook_order o JOIN orderbook_product p ON p.id = o.product_id
    WHERE o.status = 1 AND o.hold > 0
    """,
    """
    SELECT i.owner_id, c.asset_id, i.amount_grams
    FROM nft_bridgeintent i JOIN registry_creditclass c ON c.id = i.credit_class_id
    WHERE i.state NOT IN ('final', 'failed')
    """,
)

INVARIANTS: dict[str, Check] = {
    "balances equal their transfers": ledger.balances_equal_transfers,
    "every asset sums to zero": ledger.assets_sum_to_zero,
    "held equals its holds": lambda: ledger.held_equals_holds(sources=HOLD_SOURCES),
    "CC is backed gram by gram": settlement.cc_is_backed,
    "NFTs out are the tokenised spans": settlement.tokens_are_tokenised_spans,
    "the bridge owns what is out": settlement.bridge_owns_what_is_out,
}
