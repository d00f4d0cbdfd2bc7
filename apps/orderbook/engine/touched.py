"""Which balances a batch can touch, known before its first command is matched.

Those of the commands' owners, and of every owner whose resting order they could trade with or
cancel (`book.reach`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from apps.orderbook.engine.book import Book, Order
from apps.orderbook.engine.book.order import SIZE_MAX as PRICE_MAX
from apps.orderbook.engine.book.reach import Wanted, reach_of
from apps.orderbook.engine.book.words import BUY
from apps.orderbook.engine.command import AMEND, CANCEL_ALL, CHANGE, PLACE, Command
from apps.orderbook.engine.market import Market

# An (owner, asset) pair.
Key: TypeAlias = tuple[int, int]


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


def spent_by(market: Market, commands: Iterable[Command]) -> Iterator[Key]:
    """Those of `keys_of` whose amount a verdict depends on: what new and changed orders would hold
    or spend. All others are credited, or give what an order holds, whatever they amount to."""
    base, quote = market.base, market.quote
    for command in commands:
        if command.kind == PLACE:
            yield command.owner, quote if command.side == BUY else base
        elif command.kind == AMEND:  # of which side is not said
            yield command.owner, base
            yield command.owner, quote


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
