"""How an incoming order meets the resting orders of the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apps.orderbook.engine.book.ladder import Ladder, Level
from apps.orderbook.engine.book.money import BPS, MICRO, hold_of, maker_fee_of
from apps.orderbook.engine.book.order import Order, Step
from apps.orderbook.engine.book.purse import Purse
from apps.orderbook.engine.book.words import (
    CB,
    CN,
    CO,
    DC,
    FILLED,
    INSUFFICIENT_FUNDS,
    MATCH,
    SELF_CANCEL,
    SELF_MATCH,
    SELF_TRADE,
)

if TYPE_CHECKING:
    from apps.orderbook.engine.book.core import Book

# Better than any level: a taker with this limit is through.
NO_LEVEL: Final = 1 << 64


def fillable(taker: Order, ladder: Ladder, limit_key: int) -> bool:
    """Whether the taker can be filled whole, given what its self-trade prevention would do."""
    wanted = taker.remaining
    for maker in ladder.walk(limit_key):
        if maker.entity != taker.entity:
            wanted -= maker.remaining + maker.hidden
            if wanted <= 0:
                return True
        elif taker.terms.self_trade != CO:
            return False
    return False


def take(
    book: Book, taker: Order, ladder: Ladder, limit_key: int, purse: Purse | None = None
) -> list[Step]:
    """Trade down the ladder as far as the limit, the size and the purse go.

    The taker is `done` afterwards when it cannot go on: INSUFFICIENT_FUNDS means that the purse
    stopped it. The engine spends its time here, so what a trade changes stays in local variables
    until the level is left, and the arithmetic of `money` is spelled out.
    """
    keys, levels, open_orders = ladder.keys, ladder.levels, book.orders.by_id
    entity, remaining, taker_bps = taker.entity, taker.remaining, taker.terms.taker_bps
    trade_number, notionals, fees = book.trade_number, 0, 0
    is_bought = ladder.sign > 0  # by the makers
    steps: list[Step] = []
    while remaining and keys and keys[-1] >= limit_key:
        level = levels[keys[-1]]
        price, queue, count, before = level.price, level.queue, level.count, remaining
        while remaining and count:
            maker = queue[0]
            if maker.done:  # cancelled earlier
                queue.popleft()
                continue
            left = maker.remaining
            size = left if left <= remaining else remaining
            if purse is not None and not (size := min(size, purse.size_at(price))):
                taker.done, limit_key = INSUFFICIENT_FUNDS, NO_LEVEL
                break
            if maker.entity == entity:
                level.size -= before - remaining
                level.count, taker.remaining = count, remaining
                steps.append(meet_self(book, taker, maker, level, purse))
                count, before = level.count, taker.remaining
                remaining = before
                if taker.done:
                    limit_key = NO_LEVEL
                    break
                continue
            terms, released, fresh = maker.terms, maker.hold, 0
            left -= size
            if left:
                maker.remaining = left
                hold = left + maker.hidden
                if is_bought:
                    hold = price * hold // MICRO
                    hold += hold * terms.taker_bps // BPS
                maker.hold = hold
                released -= hold
            else:
                queue.popleft()
                if maker.hidden:
                    fresh = show_more(book, maker, level)
                    released -= maker.hold
                else:
                    count -= 1
                    maker.done = FILLED
                    maker.remaining = maker.hold = 0
                    del open_orders[maker.id]
            remaining -= size
            notional = price * size // MICRO
            taker_fee = notional * taker_bps // BPS
            maker_fee = notional * terms.maker_bps // BPS
            if maker_fee < 0:
                maker_fee = maker_fee_of(notional, terms.maker_bps, taker_fee)
            maker.filled_notional += notional
            maker.fees += maker_fee
            notionals += notional
            fees += taker_fee
            trade_number += 1
            if purse is not None:
                purse.spend(price, size)
            steps.append(
                (MATCH, trade_number, taker, maker, price, size, notional, taker_fee, maker_fee,
                 released, left, fresh)
            )  # fmt: skip
        level.size -= before - remaining
        level.count = count
        if not count:
            ladder.drop(keys[-1])
    book.trade_number = trade_number
    taker.remaining = remaining
    taker.filled_notional += notionals
    taker.fees += fees
    if not remaining and not taker.done:
        taker.done = FILLED
    if notionals:
        last = steps[-1]
        book.last_price = last[4] if last[0] == MATCH else _last_trade(steps)
        if book.stops:
            first = next(step[4] for step in steps if step[0] == MATCH)
            book.stops.trigger(first, book.last_price)
    return steps


def _last_trade(steps: list[Step]) -> int:
    """The price of the last step that was a trade."""
    return next(step[4] for step in reversed(steps) if step[0] == MATCH)


def meet_self(book: Book, taker: Order, maker: Order, level: Level, purse: Purse | None) -> Step:
    """Apply the taker's self-trade prevention to the order at the head of the level."""
    rule, size = taker.terms.self_trade, 0
    if rule == DC:
        size = min(maker.remaining, taker.remaining)
        if purse is not None and purse.by_funds:
            size = min(size, purse.size_at(maker.price))
            purse.spend(maker.price, size)
        for order in (taker, maker):
            order.size -= size
            order.remaining -= size
        level.size -= size
    if rule in (CN, CB) or not taker.remaining:
        taker.done = SELF_TRADE
    kind, released, left, fresh = SELF_MATCH, maker.hold, maker.remaining, 0
    if rule in (CO, CB) or not (left or maker.hidden):
        kind = SELF_CANCEL
        maker.done, maker.hold = SELF_TRADE, 0
        level.queue.popleft()
        level.count -= 1
        level.size -= left
        book.orders.remove(maker)
    elif left:
        maker.hold = hold_of(maker.side, maker.price, left + maker.hidden, maker.terms.taker_bps)
        released -= maker.hold
    else:
        level.queue.popleft()
        fresh = show_more(book, maker, level)
        released -= maker.hold
    return (kind, 0, taker, maker, maker.price, size, 0, 0, 0, released, left, fresh)


def show_more(book: Book, maker: Order, level: Level) -> int:
    """Put the next part of an iceberg in sight, behind everybody at its price. Returns its size."""
    maker.remaining = min(maker.terms.display, maker.hidden)
    maker.hidden -= maker.remaining
    maker.hold = hold_of(
        maker.side, maker.price, maker.remaining + maker.hidden, maker.terms.taker_bps
    )
    maker.priority = book.next_turn()
    level.queue.append(maker)
    level.size += maker.remaining
    return maker.remaining
