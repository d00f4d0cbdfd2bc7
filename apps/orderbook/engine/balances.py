"""The balances that a batch touches: known beforehand, read once, locked sorted by primary key.

Ledger services and other engines lock in the same order, all at once, so nobody waits in a circle.
For that, everything has to be known before the first command is matched: balances of the commands'
owners, and of every owner whose resting order they could trade with or cancel (`book.reach`).

They are locked when they are written, right before the commit, or, on request, when they are read
(docs/adr/0013).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from apps.orderbook.engine.book import Book, Order
from apps.orderbook.engine.book.order import SIZE_MAX as PRICE_MAX
from apps.orderbook.engine.book.reach import Wanted, reach_of
from apps.orderbook.engine.book.words import BUY
from apps.orderbook.engine.command import AMEND, CANCEL_ALL, CHANGE, Command
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.session import Connection, array
from apps.orderbook.engine.settlement import Wallet
from apps.orderbook.engine.wire import Answer, Wire

# An (owner, asset) pair.
Key: TypeAlias = tuple[int, int]

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


def keys_of(market: Market, commands: Sequence[Command], at_us: int) -> Iterator[Key]:
    """Every balance that these commands of one market can touch, some of them repeatedly.

    Whoever might trade needs both assets. An order that cannot trade, because neither the book
    nor the batch has anything for it at its price, touches only what it holds. `at_us` is the
    time that the commands are given.
    """
    base, quote, book = market.base, market.quote, market.book
    yield market.fee_owner, quote
    if _may_turn(book, commands, at_us):
        # An auction may end, and anything can trade: then it is everybody.
        everybody = {command.owner for command in commands if command.owner}
        everybody.update(book.orders.owners())
        yield from ((owner, asset) for owner in everybody for asset in (base, quote))
        return
    orders = [*_wanted(book, commands)]
    entities = {command.entity or command.owner for command in commands}
    entities.update(order.entity for order in _canceled(book, commands))
    reach = reach_of(book, orders, entities, at_us)
    lowest, highest = _tradable(book, reach.orders)
    for command in commands:
        side, price, owner = command.side, command.price, command.owner
        if not owner:
            continue
        if side is None or price is None or (price >= lowest if side == BUY else price <= highest):
            yield owner, base
            yield owner, quote
        else:
            yield owner, quote if side == BUY else base
    for owner in reach.owners:
        yield owner, base
        yield owner, quote


def _may_turn(book: Book, commands: Iterable[Command], at_us: int) -> bool:
    """Whether the market's state may end, or be changed, while these commands are carried out."""
    is_over = bool(book.until_us) and book.until_us <= at_us
    return is_over or any(command.kind == CHANGE for command in commands)


def _wanted(book: Book, commands: Iterable[Command]) -> Iterator[Wanted]:
    """The orders that these commands let in: placed, or changed and let in anew."""
    furthest: dict[int, Wanted] = {}
    for c in commands:
        if c.side is not None:
            furthest[c.id] = Wanted(c.side, c.price, c.size, c.funds)
            yield furthest[c.id]
        elif c.kind == AMEND and c.target is not None:
            before = furthest.get(c.target) or _resting(book, c.owner, c.target)
            if before is not None and before.price is not None:
                furthest[c.target] = _further(before, before.price, c)
                yield furthest[c.target]


def _resting(book: Book, owner: int, order_id: int) -> Wanted | None:
    order = book.get(owner, order_id)
    return Wanted(order.side, order.price or None, order.size, None) if order else None


def _further(before: Wanted, price: int, change: Command) -> Wanted:
    """An order changed more than once may combine the price of one change and the size of another,
    and any of them may be refused: this is the furthest that it can come to."""
    further = max if before.side == BUY else min
    size = max(before.size or 0, change.size or 0)
    return Wanted(before.side, further(price, change.price or price), size, None)


def _canceled(book: Book, commands: Iterable[Command]) -> Iterator[Order]:
    """The orders from before that these commands cancel or change. They may count for another."""
    for command in commands:
        if command.kind == CANCEL_ALL:
            yield from book.orders.of(command.owner)
        elif command.target and (order := book.get(command.owner, command.target)):
            yield order


def _tradable(book: Book, orders: Iterable[Wanted]) -> tuple[int, int]:
    """The lowest price that a buy, and the highest that a sell, would have to have to trade."""
    lowest, highest = book.asks.best or PRICE_MAX, book.bids.best or 0
    for order in orders:
        if order.side == BUY:
            highest = PRICE_MAX if order.price is None else max(highest, order.price)
        else:
            lowest = min(lowest, order.price or 0)
    return lowest, highest
