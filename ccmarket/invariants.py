"""Everything that must always be true, by name. docs/ARCHITECTURE.md says why for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from apps.accounts import invariants_accounts as accounts
from apps.accounts import invariants_invoices as invoices
from apps.accounts import invariants_verification as verification
from apps.accounts.ledger import invariants as ledger
from apps.nft import invariants as settlement
from apps.orderbook import invariants as orderbook
from apps.orderbook import invariants_bulk as bulk
from apps.orderbook import invariants_bulk_execution as execution
from apps.orderbook import invariants_quotes as quotes
from apps.registry import invariants as registry
from apps.registry import invariants_entries as reported
from apps.registry import invariants_labels as labels

Check = Callable[[], Iterator[str]]

INVARIANTS: dict[str, Check] = {
    "balances equal their transfers": ledger.balances_equal_transfers,
    "fees stand behind their trades": ledger.fees_stand_behind_their_trades,
    "every asset sums to zero": ledger.assets_sum_to_zero,
    "held equals its holds": ledger.held_equals_holds,
    "moves between accounts are transfers": accounts.moves_are_transfers,
    "verified organisations were approved": verification.verified_organisations_were_approved,
    "verifications are what was decided": verification.verifications_are_what_was_decided,
    "invoices are the fees paid": invoices.invoices_are_the_fees_paid,
    "invoices are numbered without a gap": invoices.invoices_are_numbered_without_a_gap,
    "open orders hold what the rule says": orderbook.holds_follow_the_rule,
    "orders equal their fills": orderbook.orders_equal_their_fills,
    "fees reach their account": orderbook.fees_reach_their_account,
    "volumes equal their fills": orderbook.volumes_equal_their_fills,
    "commands are decided once": orderbook.commands_are_decided_once,
    "events and trades have no gap": orderbook.numbers_have_no_gap,
    "events stand in their months": orderbook.events_stand_in_their_months,
    "candles are their trades": orderbook.candles_are_their_trades,
    "price levels are their orders": orderbook.levels_are_their_orders,
    "bulk orders are their lines": bulk.bulk_orders_are_their_lines,
    "plans account for every gram": bulk.plans_account_for_every_gram,
    "steps of bulk orders are their orders": execution.steps_are_their_orders,
    "bulk fills are allotted to the gram": execution.bulk_fills_are_allotted_to_the_gram,
    "bulk retirements are their parts": execution.bulk_retirements_are_their_parts,
    "bulk executions keep to their totals": execution.bulk_executions_keep_to_their_totals,
    "quotes open as they were sealed": quotes.quotes_open_as_they_were_sealed,
    "quotes are exchanged as they were given": quotes.quotes_are_exchanged_as_given,
    "quotes stand for live requests alone": quotes.quotes_stand_for_live_requests,
    "spans lie inside immobilised blocks": registry.spans_lie_inside_blocks,
    "free grams are those in no span": registry.free_grams_are_those_in_no_span,
    "custody is free grams and spans": registry.custody_is_free_grams_and_spans,
    "retired spans are the retired balance": registry.retired_spans_are_the_retired_balance,
    "retirements cite their grams": registry.retirements_have_their_spans,
    "vintages stay within their issuance": registry.vintages_stay_within_issuance,
    "blocks in custody were received": registry.blocks_in_custody_were_received,
    "retired grams are on the registries' list": registry.retired_grams_are_listed_once,
    "withdrawals have their serials": registry.withdrawals_have_their_serials,
    "blocks stand at their addresses": registry.blocks_stand_at_their_addresses,
    "classes carry the labels of their blocks": labels.classes_carry_the_labels_of_their_blocks,
    "endings measure their serials": reported.endings_measure_their_serials,
    "no ending is in custody": reported.no_ending_is_in_custody,
    "ended blocks are retired": reported.ended_blocks_are_retired,
    "CC is backed gram by gram": settlement.cc_is_backed,
    "NFTs out are the tokenised spans": settlement.tokens_are_tokenised_spans,
    "the bridge owns what is out": settlement.bridge_owns_what_is_out,
    "the bridge owns the CC that is out": settlement.bridge_owns_the_cc_that_is_out,
    "coins follow their events": settlement.coins_follow_their_events,
    "trees of balances are what is owed": settlement.trees_equal_their_leaves,
}
