"""Does the ledger, do the spans, do the tokens and does the chain say the same?

Each check yields one line for each thing that is off, naming it, and nothing when all is well. Each
is one statement, so that what is committed meanwhile cannot make it see double.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection, transaction
from django.db.models import BigIntegerField, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from apps.accounts.ledger.services import BRIDGE
from apps.nft.chain import artifacts
from apps.nft.chain.abi import Interface
from apps.nft.chain.client import ChainClient
from apps.nft.models import Chain, ChainEvent, Contract, Token

# Serials reserved for an intent that is not final belong to its owner's hold, not to the bridge.
# The chain knows a block as it was first issued, so both sides are told by that one.
SPANS_OUT: Final = """
    SELECT coalesce(b.root_id, b.id) AS block_id, s.grams
    FROM registry_span s JOIN registry_serialblock b ON b.id = s.block_id
    WHERE s.state = 'tokenised' AND NOT EXISTS (
        SELECT FROM nft_bridgeintent i
        WHERE i.span_id = s.id AND i.state NOT IN ('final', 'failed')
    )
"""

# Tokens of an intent that is not final are covered by its reservation; a burned token is out
# until its end is final.
TOKENS_OUT: Final = """
    SELECT t.block_id,
           int8range(b.base + (t.serial_number - b.start) * 1000000,
                     b.base + (t.serial_number - b.start + 1) * 1000000) AS grams
    FROM nft_token t JOIN registry_serialblock b ON b.id = t.block_id
    LEFT JOIN nft_bridgeintent i ON i.id = t.intent_id
    WHERE t.state IN ('live', 'burned') AND (i.id IS NULL OR i.state = 'final')
"""

DIFFERENCE: Final = f"""
WITH spans AS (SELECT block_id, range_agg(grams) AS grams FROM ({SPANS_OUT}) s GROUP BY block_id),
tokens AS (SELECT block_id, range_agg(grams) AS grams FROM ({TOKENS_OUT}) t GROUP BY block_id),
both_sides AS (
    SELECT coalesce(s.block_id, t.block_id) AS block_id,
           coalesce(s.grams, '{{}}'::int8multirange) AS spans,
           coalesce(t.grams, '{{}}'::int8multirange) AS tokens
    FROM spans s FULL JOIN tokens t ON t.block_id = s.block_id
)
SELECT b.serial, side.what,
       b.start + (lower(r) - b.base) / 1000000, b.start + (upper(r) - 1 - b.base) / 1000000
FROM both_sides d JOIN registry_serialblock b ON b.id = d.block_id
CROSS JOIN LATERAL (VALUES
    ('tokenised without a token', d.spans - d.tokens),
    ('out as tokens without a tokenised span', d.tokens - d.spans)
) AS side (what, grams)
CROSS JOIN LATERAL unnest(side.grams) AS r
ORDER BY 1, 2, 3
"""  # noqa: S608 - both parts are constants of this module

BRIDGE_BALANCE: Final = f"""
WITH wanted AS (
    SELECT c.asset_id, sum(upper(o.grams) - lower(o.grams)) AS grams
    FROM ({SPANS_OUT}) o
    JOIN registry_serialblock b ON b.id = o.block_id
    JOIN registry_vintage v ON v.id = b.vintage_id
    JOIN registry_creditclass c ON c.id = v.credit_class_id
    GROUP BY c.asset_id
), owned AS (
    SELECT b.asset_id, b.available + b.held AS grams
    FROM accounts_balance b JOIN accounts_owner o ON o.id = b.owner_id
    JOIN accounts_asset a ON a.id = b.asset_id
    WHERE o.platform_name = %s AND a.kind = 'credit'
)
SELECT a.code, coalesce(o.grams, 0), coalesce(w.grams, 0)
FROM owned o FULL JOIN wanted w ON w.asset_id = o.asset_id
JOIN accounts_asset a ON a.id = coalesce(o.asset_id, w.asset_id)
WHERE coalesce(o.grams, 0) <> coalesce(w.grams, 0)
ORDER BY a.code
"""  # noqa: S608 - likewise


def tokens_are_tokenised_spans() -> Iterator[str]:
    """Every NFT that is out has its serial in a tokenised span, and the other way round."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCE)
        for serial, what, first, last in cursor.fetchall():
            yield f"block {serial}: serials {first} to {last} {what}"
    unknown = Token.objects.filter(block__isnull=True, state__in=Token.OUT_STATES)
    for token_id in unknown.order_by("token_id").values_list("token_id", flat=True):
        yield f"token {token_id} is of no block of ours"


def bridge_owns_what_is_out() -> Iterator[str]:
    """Per class, the bridge's balance is the grams whose NFTs are out for good."""
    with connection.cursor() as cursor:
        cursor.execute(BRIDGE_BALANCE, [BRIDGE])
        for code, owned, wanted in cursor.fetchall():
            yield f"{code}: the bridge owns {owned} grams, {wanted} are out as NFTs"


def chain_has_what_was_read(*, chain: Chain, client: ChainClient) -> Iterator[str]:
    """The contract counts as many tonnes, out and retired, as its events that we have read.

    Asked at the newest block we have read; says nothing where that block was just taken back.
    """
    contract = Contract.objects.filter(chain=chain, name="CarbonCredit").first()
    if contract is None:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        newest = chain.blocks.order_by("-number").first()
        live = Token.objects.filter(contract=contract, state=Token.State.LIVE).count()
        events = ChainEvent.objects.filter(contract=contract, name="Retired")
        count = Cast(KeyTextTransform("count", "arguments"), BigIntegerField())
        retired = events.aggregate(tonnes=Sum(count))["tonnes"] or 0
    if newest is None:
        return
    interface = Interface(artifacts.load(contract.name))
    found = {
        name: interface.read(client, contract.address, name, block=newest.number)
        for name in ("totalSupply", "totalRetired")
    }
    if client.header(newest.number).hash != newest.hash:
        return
    if found["totalSupply"] != live:
        yield f"chain {chain}: {found['totalSupply']} NFTs are out, {live} by the events we read"
    if found["totalRetired"] != retired:
        yield f"chain {chain}: {found['totalRetired']} tonnes retired, {retired} by its events"
