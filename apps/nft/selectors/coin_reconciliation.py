"""Do the ledger, our withdrawals and deposits, the events and the vault say the same of coins?

Each check yields one line for each thing that is off, naming it, and nothing when all is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection, transaction

from apps.accounts.ledger.services import BRIDGE
from apps.nft.chain import artifacts
from apps.nft.chain.abi import Interface
from apps.nft.chain.client import ChainClient
from apps.nft.models import Chain, Contract

CC_OUT: Final = """
SELECT coalesce((SELECT sum(b.available + b.held) FROM accounts_balance b
                 JOIN accounts_owner o ON o.id = b.owner_id
                 JOIN accounts_asset a ON a.id = b.asset_id
                 WHERE o.platform_name = %s AND a.code = 'CC'), 0),
       coalesce((SELECT sum(w.amount) FROM nft_coinwithdrawal w
                 JOIN accounts_asset a ON a.id = w.asset_id
                 WHERE w.state = 'final' AND a.code = 'CC'), 0)
     - coalesce((SELECT sum(d.amount) FROM nft_coindeposit d
                 JOIN accounts_asset a ON a.id = d.asset_id WHERE a.code = 'CC'), 0)
"""

UNLIKE_THEIR_EVENTS: Final = """
SELECT moved.what, moved.amount, (e.arguments->>'amount')::numeric
FROM (SELECT 'deposit ' || id AS what, amount, event_id FROM nft_coindeposit
      UNION ALL
      SELECT 'withdrawal ' || public_id, amount, event_id FROM nft_coinwithdrawal
      WHERE state = 'final') moved
JOIN nft_chainevent e ON e.id = moved.event_id
WHERE moved.amount <> (e.arguments->>'amount')::numeric
ORDER BY 1
"""

EVENT_SUMS: Final = """
SELECT e.name, coalesce(e.arguments->>'coin', ''), sum((e.arguments->>'amount')::numeric)
FROM nft_chainevent e JOIN nft_contract c ON c.id = e.contract_id
WHERE c.chain_id = %s AND c.name IN ('Vault', 'CCToken') AND e.token_id IS NULL
  AND e.name IN ('Deposited', 'Withdrawn', 'BridgeMinted', 'BridgeBurned')
GROUP BY 1, 2
"""


def bridge_owns_the_cc_that_is_out() -> Iterator[str]:
    """The bridge's balance of CC is what left for wallets and did not come back."""
    with connection.cursor() as cursor:
        cursor.execute(CC_OUT, [BRIDGE])
        owned, out = cursor.fetchone()
    if owned != out:
        yield f"CC: the bridge owns {owned} micro-units, {out} are out on chain"


def coins_follow_their_events() -> Iterator[str]:
    """Every deposit and every final withdrawal is of the amount that its event says."""
    with connection.cursor() as cursor:
        cursor.execute(UNLIKE_THEIR_EVENTS)
        for row, amount, told in cursor.fetchall():
            yield f"{row}: {amount} micro-units, {told} by its event"


def vault_holds_what_was_read(*, chain: Chain, client: ChainClient) -> Iterator[str]:
    """The vault holds, and CC has, what the events that we have read add up to.

    Asked at the newest block we have read; says nothing where that block was just taken back.
    """
    contracts = {it.name: it for it in chain.contracts.filter(confirmed_at__isnull=False)}
    if "Vault" not in contracts:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        newest = chain.blocks.order_by("-number").first()
        cursor.execute(EVENT_SUMS, [chain.pk])
        sums = {(name, coin): int(total) for name, coin, total in cursor.fetchall()}
    if newest is None:
        return
    lines = list(_differences(contracts, sums, client, newest.number))
    if client.header(newest.number).hash == newest.hash:
        yield from lines


def _differences(
    contracts: dict[str, Contract],
    sums: dict[tuple[str, str], int],
    client: ChainClient,
    block: int,
) -> Iterator[str]:
    vault, erc20 = contracts["Vault"], Interface(artifacts.load("CCToken"))
    for name in ("CCToken", "USDC"):
        if name not in contracts:
            continue
        coin = contracts[name].address
        read = sums.get(("Deposited", coin), 0) - sums.get(("Withdrawn", coin), 0)
        reader = Interface(artifacts.load("Vault"))
        held = reader.read(client, vault.address, "heldOf", coin, block=block)
        if held != read:
            yield f"{name}: the vault holds {held} micro-units, {read} by the events we read"
        # More may lie there: anybody can send coins to any address.
        lies = erc20.read(client, coin, "balanceOf", vault.address, block=block)
        if lies < held:
            yield f"{name}: only {lies} micro-units lie in the vault, which holds {held}"
    supply = erc20.read(client, contracts["CCToken"].address, "totalSupply", block=block)
    minted = sums.get(("BridgeMinted", ""), 0) - sums.get(("BridgeBurned", ""), 0)
    if supply != minted:
        yield f"CCToken: {supply} micro-units are out, {minted} by the events we read"
