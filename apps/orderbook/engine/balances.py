"""The balances that a batch touches: known beforehand, read once, locked sorted by primary key.

Ledger services and other engines lock in the same order, all at once, so nobody waits in a circle.
For that, everything has to be known before the first command is matched (`touched`).

They are locked when they are written, right before the commit, or, on request, when they are read
(docs/adr/0013).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from apps.orderbook.engine.session import Connection, array
from apps.orderbook.engine.settlement import Wallet
from apps.orderbook.engine.touched import Key
from apps.orderbook.engine.wire import Answer, Wire

KNOWN_MAX: Final = 500_000

_CREATE: Final = """
INSERT INTO accounts_balance (owner_id, asset_id)
SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS k (owner, asset)
WHERE NOT EXISTS (SELECT FROM accounts_balance WHERE owner_id = owner AND asset_id = asset)
ORDER BY owner, asset
ON CONFLICT (owner_id, asset_id) DO NOTHING
"""
_READ: Final = """
SELECT b.owner_id, b.asset_id, b.id, b.available, b.held
FROM unnest(%s::bigint[], %s::bigint[]) AS k (owner, asset)
JOIN accounts_balance b ON b.owner_id = k.owner AND b.asset_id = k.asset
ORDER BY b.id
"""
_LOCK: Final = f"{_READ} FOR NO KEY UPDATE OF b"


class Balances:
    """Creates balances. Remembers which exist: none is ever deleted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[Key] = set()

    def create_missing(self, keys: Collection[Key]) -> None:
        """Create balances outside the batch, so that nothing waits for them until it ends."""
        missing = [key for key in keys if key not in self._known]
        if not missing:
            return
        owners, assets = zip(*missing, strict=True)
        self._connection.execute(_CREATE, (array(owners), array(assets)))
        if len(self._known) > KNOWN_MAX:
            self._known.clear()
        self._known.update(missing)


def balances_read(wire: Wire, keys: Collection[Key], *, lock: bool) -> Answer:
    """Ask for existing balances, for `wallets`. Locks last for the rest of the transaction."""
    owners, assets = zip(*keys, strict=True)
    return wire.say(_LOCK if lock else _READ, (array(owners), array(assets)))


def wallets(rows: Iterable[tuple[int, int, int, int, int]]) -> dict[int, dict[int, Wallet]]:
    """Balances that were read, by asset and owner."""
    by_asset: defaultdict[int, dict[int, Wallet]] = defaultdict(dict)
    for owner, asset, id_, available, held in rows:
        by_asset[asset][owner] = Wallet(id_, available, held)
    return by_asset
