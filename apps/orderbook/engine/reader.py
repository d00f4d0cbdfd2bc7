"""Reading the journal: the next commands of each market, and those that came late.

Command ids are given out by a sequence before their transactions commit, so they become visible
out of order. Waiting until everything below an id is settled would let any long transaction stop
the market; taking what is visible and going on would lose what commits late. So an id that is
passed over becomes a *hole*. It is looked for at each read and taken when it is there.

A hole is forgotten when nobody can fill it any more. `orderbook_command_id()` makes a transaction
take its own id before it draws a command id, so whichever transaction drew the hole's id has a
transaction id below any that is given out after the hole was seen. `bound` is such a later one,
the id of the batch that passed the hole. Once every transaction below it has ended
(`pg_snapshot_xmin >= bound`) a snapshot taken afterwards shows the command or never will.
(The `xmax` of the snapshot that missed it would not do: it is only one above the last transaction
that *ended*, and the one that fills the hole may be above that.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from typing import Final, TypeAlias

from apps.orderbook.engine.command import COLUMNS, Command
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.session import array
from apps.orderbook.engine.touched import Key, keys_of
from apps.orderbook.engine.wire import Answer, Wire
from apps.orderbook.ids import id_first, id_product

Work: TypeAlias = Sequence[tuple[Market, list[Command]]]

# A gap wider than this is not a few transactions under way but a broken sequence.
GAP_MAX: Final = 1_000_000

_NEXT: Final = f"""
SELECT c.* FROM unnest(%s::bigint[], %s::bigint[]) AS market (after, before)
CROSS JOIN LATERAL (
    SELECT {COLUMNS} FROM orderbook_command
    WHERE id > market.after AND id < market.before ORDER BY id LIMIT %s
) c
"""  # noqa: S608
_LATE: Final = f"SELECT {COLUMNS} FROM orderbook_command WHERE id = ANY(%s::bigint[]) ORDER BY id"  # noqa: S608
_NOW: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_OLDEST: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class BrokenSequence(Exception):
    """Command ids jumped further than any number of transactions under way explains."""


class Reading:
    """A look into the journals of some markets. Said now, and heard with `heard` or after it.

    `work` are the next commands of each market that has any, in the order of their ids, and `at_us`
    is the database's time, in microseconds since 1970 and not before any of the commands. Both are
    there once it was taken.
    """

    def __init__(self, wire: Wire, markets: Sequence[Market], limit: int) -> None:
        self.markets = markets
        self.at_us = 0
        self.work: Work = []
        self._keys: set[Key] | None = None
        self._limit = limit
        after = [market.cursor for market in markets]
        before = [id_first(market.id + 1) for market in markets]
        holes = [hole for market in markets for hole in market.holes]
        self._late: Answer | None = None
        if holes:
            # Who has ended by now is looked up first: the look at the holes is the later one.
            self._oldest = wire.say(_OLDEST)
            self._late = wire.say(_LATE, (array(holes),))
        self._following = wire.say(_NEXT, (array(after), array(before), limit))
        self.heard = wire.say(_NOW)

    def take(self) -> None:
        """Take what was heard. Forgets holes that nobody can fill any more. Apart from that nothing
        changes: what is read again is read again, until `advance` says that it was taken."""
        by_id = {market.id: market for market in self.markets}
        late: list[Command] = []
        if self._late is not None:
            late = [*map(Command._make, self._late.rows)]
            _forget(self.markets, {command.id for command in late}, self._oldest.row[0])
        found: dict[int, list[Command]] = {}
        for command in chain(late, map(Command._make, self._following.rows)):
            found.setdefault(id_product(command.id), []).append(command)
        # Many busy markets share one batch's worth of commands.
        share = max(self._limit // (len(found) or 1), 1)
        self.work = [(by_id[market_id], commands[:share]) for market_id, commands in found.items()]
        self.at_us = self.heard.row[0]

    def foresee(self) -> None:
        """Find out beforehand which balances the work can touch. What goes wrong here goes wrong
        again in its turn, and is then known for its market's."""
        with suppress(Exception):
            self._keys = _keys_of(self.work, self.at_us)

    def keys_of(self, work: Work) -> set[Key]:
        """The balances that this part of the work can touch."""
        if work is self.work and self._keys is not None:
            return self._keys
        return _keys_of(work, self.at_us)


def _keys_of(work: Work, at_us: int) -> set[Key]:
    return {key for market, commands in work for key in keys_of(market, commands, at_us)}


def _forget(markets: Iterable[Market], visible: Collection[int], oldest: int) -> None:
    for market in markets:
        ended = [id for id, bound in market.holes.items() if bound <= oldest and id not in visible]
        for hole in ended:
            del market.holes[hole]
            market.holes_changed = True


def advance(market: Market, commands: Iterable[Command], bound: int) -> None:
    """Record that these commands are taken. `bound` is the taking transaction's own id."""
    taken = {command.id for command in commands}
    for command_id in taken & market.holes.keys():
        del market.holes[command_id]
        market.holes_changed = True
    last = max(taken)
    if last - market.cursor > GAP_MAX:
        raise BrokenSequence(f"{market.code}: from {market.cursor} to {last}")
    for command_id in range(market.cursor + 1, last):
        if command_id not in taken:
            market.holes[command_id] = bound
            market.holes_changed = True
    market.cursor = max(market.cursor, last)
