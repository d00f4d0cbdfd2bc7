"""The balances that a batch touches: known beforehand, locked sorted by primary key.

Ledger services and other engines lock in the same order, all at once, so nobody waits in a circle.
For that, everything has to be known before the first command is matched (`touched`). What is read
of them are the amounts that a verdict depends on; what this session has seen it remembers, so that
reading is asking which of them have changed.

They are locked when they are written, right before the commit, or, on request, when they are read
(docs/adr/0013).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from apps.orderbook.engine.session import array
from apps.orderbook.engine.settlement import Wallet
from apps.orderbook.engine.touched import Key
from apps.orderbook.engine.wire import Answer, Wire

KNOWN_MAX: Final = 200_000

_CREATE: Final = """
INSERT INTO accounts_balance (owner_id, asset_id)
SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS k (owner, asset)
WHERE NOT EXISTS (SELECT FROM accounts_balance WHERE owner_id = owner AND asset_id = asset)
ORDER BY owner, asset
ON CONFLICT (owner_id, asset_id) DO NOTHING
"""
_LEARN: Final = """
SELECT b.owner_id, b.asset_id, b.id, b.available, b.held
FROM unnest(%s::bigint[], %s::bigint[]) AS k (owner, asset)
JOIN accounts_balance b ON b.owner_id = k.owner AND b.asset_id = k.asset
"""
_CHANGED: Final = """
SELECT b.owner_id, b.asset_id, b.available, b.held
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v (id, available, held)
JOIN accounts_balance b ON b.id = v.id
WHERE (b.available, b.held) <> (v.available, v.held)
"""
_LOCK: Final = """
SELECT b.owner_id, b.asset_id, b.available, b.held
FROM unnest(%s::bigint[]) AS v (id) JOIN accounts_balance b ON b.id = v.id
ORDER BY b.id FOR NO KEY UPDATE OF b
"""


class Balances:
    """The balances that this session has seen, as it read or left them.

    None is ever deleted, so what was seen is still there; what it amounts to may have changed. That
    matters only where it is about to be spent: what is written are differences.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: dict[Key, Wallet] = {}

    def learn(self, keys: Collection[Key]) -> None:
        """Look up those that were never seen, and create the missing, outside the batch: nothing
        waits for them until it ends."""
        if len(self._known) > KNOWN_MAX:
            self._known.clear()
        if unseen := [key for key in keys if key not in self._known]:
            self._look_up(unseen)
            if missing := [key for key in unseen if key not in self._known]:
                self._wire.say(_CREATE, _arrays(missing))
                self._look_up(missing)

    def _look_up(self, keys: Iterable[Key]) -> None:
        found = self._wire.say(_LEARN, _arrays(keys))
        self._wire.hear()
        for owner, asset, *amounts in found.rows:
            self._known[owner, asset] = Wallet(*amounts)

    def read(self, keys: Iterable[Key]) -> Answer:
        """Ask what has become of these, for `wallets`."""
        known = [self._known[key] for key in keys]
        return self._wire.say(
            _CHANGED,
            (
                array([wallet.id for wallet in known]),
                array([wallet.available for wallet in known]),
                array([wallet.held for wallet in known]),
            ),
        )

    def lock(self, keys: Iterable[Key]) -> Answer:
        """The same, and nobody can change them for the rest of the transaction."""
        return self._wire.say(_LOCK, (array([self._known[key].id for key in keys]),))

    def wallets(self, keys: Iterable[Key], read: Answer) -> dict[int, dict[int, Wallet]]:
        """These balances by asset and owner, and no others; what was read, as it was."""
        known = self._known
        for owner, asset, available, held in read.rows:
            known[owner, asset].reset(available, held)
        by_asset: defaultdict[int, dict[int, Wallet]] = defaultdict(dict)
        for key in keys:
            owner, asset = key
            by_asset[asset][owner] = known[key]
        return by_asset

    def forget(self) -> None:
        """What a batch made of them was not written."""
        self._known.clear()


def _arrays(rows: Iterable[tuple[int, ...]]) -> list[str]:
    """The columns of these rows, each as an array."""
    return [array(column) for column in zip(*rows, strict=True)]
