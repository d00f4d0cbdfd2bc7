"""A product as the engine that leases it has it in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from apps.orderbook.engine.book import Book
from apps.orderbook.engine.fees import FREE, NOBODY, Rates, Schedule, Standing


@dataclass(slots=True)
class Market:
    """One leased product: its book, how far its journal has come, and what applies to it now.

    `holes` are command ids below the cursor that were not visible when they were passed, each
    with a transaction id that is above that of whichever transaction may still bring it. `hash`
    and `sequence` are those of the last event. `standings` are those of the batch's owners, where
    the schedule of fees asks for them.
    """

    id: int
    code: str
    base: int
    quote: int
    fee_owner: int
    epoch: int
    book: Book
    cursor: int
    sequence: int
    hash: bytes
    holes: dict[int, int] = field(default_factory=dict)
    holes_changed: bool = False
    schedule: Schedule = FREE
    standings: dict[int, Standing] = field(default_factory=dict)

    def rates_of(self, owner: int) -> Rates:
        """What this owner's orders pay now."""
        if not self.schedule.tiers:
            return self.schedule.base
        return self.schedule.rates_of(self.standings.get(owner, NOBODY))
