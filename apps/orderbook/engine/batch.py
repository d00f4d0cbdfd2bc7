"""One batch: from commands of the journal to everything that came of them, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final

import psycopg

from apps.accounts.ledger.numbers import DRAW
from apps.orderbook.engine import reader, store
from apps.orderbook.engine.balances import Balances
from apps.orderbook.engine.decide import Decisions
from apps.orderbook.engine.fees import Schedule
from apps.orderbook.engine.leases import LeaseLost
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.reader import Reading, Work
from apps.orderbook.engine.session import Connection, array
from apps.orderbook.engine.settlement import Wallet, Wallets
from apps.orderbook.engine.standings import look_up_standings
from apps.orderbook.engine.touched import Key, spent_by
from apps.orderbook.engine.wire import Wire

# Decided in one go before their transfers are passed on: enough to be worth a packet.
SLICE: Final = 50
# What so many commands come to is said together; what more come to is copied.
TOGETHER_MAX: Final = 100

# Locks the rows of the leases, in the order of their keys, if they are still ours: an engine
# that was paused and replaced finds another epoch. The product's row says which fees apply now.
_FENCE: Final = """
SELECT p.id, p.maker_bps, p.taker_bps, p.fee_tiers, p.price_increment, p.size_increment
FROM unnest(%s::bigint[], %s::bigint[]) AS mine (product, epoch)
JOIN orderbook_productlease l ON l.product_id = mine.product AND l.epoch = mine.epoch
JOIN orderbook_product p ON p.id = l.product_id
ORDER BY l.product_id FOR NO KEY UPDATE OF l
"""
_NUMBERS: Final = f"""
SELECT pg_current_xact_id()::text::bigint, {DRAW}
"""
_COVERED: Final = "accounts_balance_available_not_negative"


class Overspent(Exception):
    """Money that this batch decided to spend was spent elsewhere before its commit. Nothing was
    written."""


def carry_out(
    wire: Wire,
    known: Balances,
    reading: Reading,
    work: Work,
    *,
    lock: bool,
    look_ahead: Callable[[], Reading],
    tell: Callable[[Sequence[Decisions]], None],
) -> list[Decisions]:
    """Decide these commands, all or some of what was read, and commit what comes of them.

    `look_ahead` says the next reading. After a long batch it is heard and prepared while the server
    is writing; after a short one it comes last, so that it has what was accepted meanwhile, and
    while the server reads, `tell` is told what is committed by then.

    With `lock` nobody can change the balances meanwhile; without it Overspent may be raised.
    Raises LeaseLost, with nothing changed anywhere. After any other error the markets in memory
    are ahead of the database and have to be loaded again.
    """
    try:
        with _undone(wire.connection, known):
            batch, ahead, changed = _carry_out(wire, known, reading, work, lock, look_ahead)
            committed = wire.say("COMMIT")
            if ahead:
                wire.hear(ahead.heard)
                ahead.take()
                ahead.foresee()
                wire.hear()
                tell(batch)
            else:
                ahead = look_ahead()
                wire.hear(committed)
                tell(batch)
                wire.hear()
                ahead.take()
    except psycopg.errors.CheckViolation as error:
        if lock or error.diag.constraint_name != _COVERED:
            raise
        raise Overspent(error.diag.message_detail) from error
    for wallet in changed:
        wallet.reset(wallet.available, wallet.held)
    return batch


@contextmanager
def _undone(connection: Connection, known: Balances) -> Iterator[None]:
    """After an error nothing is left of the transaction."""
    try:
        yield
    except Exception:
        known.forget()
        if not connection.broken:
            connection.rollback()
        raise


def _carry_out(
    wire: Wire,
    known: Balances,
    reading: Reading,
    work: Work,
    lock: bool,
    look_ahead: Callable[[], Reading],
) -> tuple[list[Decisions], Reading | None, list[Wallet]]:
    """All but the commit. With the decisions come the next reading, where it was said already, and
    the wallets that changed."""
    keys, at_us = reading.keys_of(work), reading.at_us
    known.learn(keys)
    is_long = sum(len(commands) for _, commands in work) > TOGETHER_MAX
    wire.say("BEGIN")
    fence = wire.say(_FENCE, (array(m.id for m, _ in work), array(m.epoch for m, _ in work)))
    numbers = wire.say(_NUMBERS)
    found = known.lock(keys) if lock else known.read(_spent_by(work))
    wire.hear()
    _apply_fees(work, fence.rows)
    own_id, number = numbers.row
    look_up_standings(wire, work, at_us)
    wallets = known.wallets(keys, found)
    batch = [_decisions(market, wallets, at_us) for market, _ in work]
    with store.Transfers(wire, number, is_long=is_long) as transfers:
        for decisions, (market, commands) in zip(batch, work, strict=True):
            for first in range(0, len(commands), SLICE):
                for command in commands[first : first + SLICE]:
                    decisions.decide(command)
                # The server takes them in while the next commands are decided.
                transfers.write(decisions)
            reader.advance(market, commands, bound=own_id)
        # Said before all that is written: the answer comes while the server writes.
        ahead = look_ahead() if is_long else None
        orders = store.order_rows(batch, at_us, is_long=is_long)
    read = chain(*(w.values() for w in wallets.values()))
    changed = store.write(wire, batch, orders, read, at_us=at_us, is_long=is_long)
    return batch, ahead, changed


def _spent_by(work: Work) -> set[Key]:
    return {key for market, commands in work for key in spent_by(market, commands)}


def _apply_fees(work: Work, rows: Sequence[tuple[Any, ...]]) -> None:
    """Take over what the products' rows say now. Raises LeaseLost when a lease is not ours."""
    fees = {row[0]: row[1:] for row in rows}
    if len(fees) < len(work):
        raise LeaseLost([market.id for market, _ in work if market.id not in fees])
    for market, _ in work:
        maker_bps, taker_bps, tiers, *increments = fees[market.id]
        market.schedule = Schedule.of(maker_bps, taker_bps, tiers)
        if market.book.event_number == 0:  # the database fixes them with the first command
            market.book.price_increment, market.book.size_increment = increments


def _decisions(market: Market, wallets: Mapping[int, dict[int, Wallet]], at_us: int) -> Decisions:
    quote = wallets[market.quote]
    mine = Wallets(base=wallets.get(market.base, {}), quote=quote, fees=quote[market.fee_owner])
    return Decisions(market, mine, at_us)
