"""The balances that a batch touches: known beforehand, locked once, sorted by primary key.

Ledger services and other engines lock in the same order, so nobody waits in a circle. For that,
everything has to be locked before the first command is matched: the owners of the commands, and
every owner whose resting order they could trade with or cancel (`book.reach`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from apps.orderbook.engine.book.reach import Wanted, owners_in_reach
from apps.orderbook.engine.command import PLACE, Command
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.session import Connection, Cursor, array
from apps.orderbook.engine.settlement import Wallet

# An (owner, asset) pair.
Key: TypeAlias = tuple[int, int]

KNOWN_MAX: Final = 500_000

_CREATE: Final = """
INSERT INTO accounts_balance (owner_id, asset_id)
SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS k (owner, asset) ORDER BY owner, asset
ON CONFLICT (owner_id, asset_id) DO NOTHING
"""
_LOCK: Final = """
SELECT b.owner_id, b.asset_id, b.id, b.available, b.held
FROM unnest(%s::bigint[], %s::bigint[]) AS k (owner, asset)
JOIN accounts_balance b ON b.owner_id = k.owner AND b.asset_id = k.asset
ORDER BY b.id FOR NO KEY UPDATE OF b
"""


class Balances:
    """Creates and locks balances. Remembers which exist: none is ever deleted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[Key] = set()

    def create_missing(self, keys: Iterable[Key]) -> None:
        """Create balances outside the batch, so that nothing waits for them until it ends."""
        missing = set(keys) - self._known
        if not missing:
            return
        owners, assets = zip(*missing, strict=True)
        self._connection.execute(_CREATE, (array(owners), array(assets)))
        if len(self._known) > KNOWN_MAX:
            self._known.clear()
        self._known |= missing

    def lock(self, keys: Iterable[Key]) -> Cursor:
        """Lock existing balances for the rest of the transaction. Read them with `wallets`."""
        owners, assets = zip(*keys, strict=True)
        return self._connection.execute(_LOCK, (array(owners), array(assets)))


def wallets(rows: Iterable[tuple[int, int, int, int, int]]) -> dict[Key, Wallet]:
    """Locked balances by owner and asset."""
    return {
        (owner, asset): Wallet(id, available, held) for owner, asset, id, available, held in rows
    }


def owners_of(market: Market, commands: Sequence[Command]) -> set[int]:
    """Everyone whose balances these commands of one market can touch, apart from its fees."""
    owners = {command.owner for command in commands}
    orders = (
        Wanted(command.side, command.price, command.size, command.funds)
        for command in commands
        if command.kind == PLACE and command.side is not None
    )
    return owners | owners_in_reach(market.book, orders, entities=owners)
