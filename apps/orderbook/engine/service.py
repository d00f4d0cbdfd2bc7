"""The markets that one session serves: leased, loaded, and carried on batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

import structlog

from apps.orderbook.engine.balances import Balances
from apps.orderbook.engine.batch import Overspent, carry_out
from apps.orderbook.engine.command import TIME
from apps.orderbook.engine.decide import Decisions
from apps.orderbook.engine.leases import LeaseLost, Leases
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.reader import Reading, Work
from apps.orderbook.engine.recovery import market_load
from apps.orderbook.engine.session import Connection
from apps.orderbook.engine.wire import Wire

log = structlog.get_logger(__name__)

BATCH_MAX: Final = 1_000
# After money turned out to be spent elsewhere, balances are locked first for so long.
CAREFUL_S: Final = 60.0

_TIME: Final = """
INSERT INTO orderbook_command (id, product_id, kind)
VALUES (orderbook_command_id(%(product)s), %(product)s, %(kind)s)
"""


class Service:
    """Lives and dies with its connection: after an error it is thrown away, memory and all.

    `working_on` are the products of the batch that is under way. `tell` is told of each batch as
    soon as it is committed.
    """

    def __init__(
        self,
        connection: Connection,
        name: str,
        batch_max: int = BATCH_MAX,
        tell: Callable[[Sequence[Decisions]], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._wire = Wire(connection)
        self._leases = Leases(connection, name)
        self._balances = Balances(self._wire)
        self._batch_max = batch_max
        self._tell = tell
        self.markets: dict[int, Market] = {}
        self.working_on: list[int] = []
        self._reading: Reading
        self._ahead: Reading | None = None
        self._careful_until_s = 0.0

    def share_out(self) -> None:
        """Take free products up to a fair share, give back what exceeds it."""
        seen = self._leases.look()
        if ended := self._leases.end_silent(set(seen.holders.values())):
            log.warning("ended the sessions of silent engines", pids=ended)
        for product in list(self.markets)[seen.share :]:
            self._give_back(product)
        for product in seen.free:
            if len(self.markets) < seen.share:
                self.take(product)

    def take(self, product: int) -> None:
        """Take a product and load its market, unless another engine has it."""
        if epoch := self._leases.take(product):
            market = self.markets[product] = market_load(self._connection, product, epoch)
            log.info("market taken", product=market.code, open_orders=len(market.book))

    def _give_back(self, product: int) -> None:
        market = self.markets.pop(product)
        self._leases.give_back(product)
        log.info("market given back", product=market.code)

    def next_work(self, without: set[int], one_by_one: bool) -> Work:
        """Commands that wait, except for some products; of one product only when told so."""
        markets = [market for id_, market in self.markets.items() if id_ not in without]
        if not markets:
            return []
        self._reading = self._read(markets)
        work = self._reading.work
        self._let_time_pass(markets, {market.id for market, _ in work})
        return work[:1] if one_by_one else work

    def _read(self, markets: Sequence[Market]) -> Reading:
        """What was read with the last commit, if there was anything; else what is there now."""
        ahead, self._ahead = self._ahead, None
        if ahead and ahead.work and [*map(id, ahead.markets)] == [*map(id, markets)]:
            return ahead
        reading = Reading(self._wire, markets, self._batch_max)
        self._wire.hear()
        reading.take()
        return reading

    def _look_ahead(self) -> Reading:
        self._ahead = Reading(self._wire, self._reading.markets, self._batch_max)
        return self._ahead

    def _let_time_pass(self, markets: Iterable[Market], busy: Collection[int]) -> None:
        """Say what time it is where something is due and nobody else says anything.

        It is a command like any other, so the journal alone tells when what was due ended. A
        second one, from whichever engine, finds nothing due.
        """
        for market in markets:
            if market.id not in busy and market.book.next_due() <= self._reading.at_us:
                self._connection.execute(_TIME, {"product": market.id, "kind": TIME})

    def carry_out(self, work: Work) -> list[Decisions]:
        """Commit one batch. A market that turns out to be another engine's is let go.

        When money was spent elsewhere meanwhile, nothing was carried out and the markets are loaded
        again; for a while balances are then locked before anything is decided.
        """
        self.working_on[:] = [market.id for market, _ in work]
        lock = time.monotonic() < self._careful_until_s
        try:
            batch = carry_out(
                self._wire, self._balances, self._reading, work, lock=lock,
                look_ahead=self._look_ahead, tell=self._tell,
            )  # fmt: skip
        except Overspent as overspent:
            log.warning("money was spent elsewhere meanwhile", balance=str(overspent))
            self._ahead = None
            self._careful_until_s = time.monotonic() + CAREFUL_S
            self._load_again(work)
            batch = []
        except LeaseLost as lost:
            log.warning("markets were taken over", products=lost.products)
            for product in lost.products:
                self._give_back(product)
            batch = []
        self.working_on.clear()
        return batch

    def _load_again(self, work: Work) -> None:
        for market, _ in work:
            try:
                loaded = market_load(self._connection, market.id, market.epoch)
            except LeaseLost:
                self._give_back(market.id)
            else:
                self.markets[market.id] = loaded
