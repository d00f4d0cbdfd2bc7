"""What a market charges whom: its schedule of fees, and where an owner stands in it.

Basis points, and quote micro-units or CC micro-units for what a tier asks. Which fees an order came
to is recorded with its event, so the journal replays without any of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple


class Rates(NamedTuple):
    """Basis points of either side; a maker's below 0 are a rebate."""

    maker_bps: int
    taker_bps: int


class Standing(NamedTuple):
    """What an owner traded in 30 days on markets of one quote asset, in its micro-units, and the
    CC that the owner has, held ones included."""

    volume: int
    cc: int


NOBODY: Final = Standing(0, 0)


class Tier(NamedTuple):
    """Other rates for whoever has traded so much or has so much CC; None: not by this."""

    volume_min: int | None
    cc_min: int | None
    maker_bps: int
    taker_bps: int

    def is_reached(self, standing: Standing) -> bool:
        by_volume = self.volume_min is not None and standing.volume >= self.volume_min
        return by_volume or (self.cc_min is not None and standing.cc >= self.cc_min)

    @property
    def rates(self) -> Rates:
        return Rates(self.maker_bps, self.taker_bps)


class Schedule(NamedTuple):
    """What everybody pays, and the tiers from the first to the best."""

    base: Rates
    tiers: tuple[Tier, ...] = ()

    @classmethod
    def of(cls, maker_bps: int, taker_bps: int, tiers: Sequence[Sequence[int | None]]) -> Schedule:
        """As the product's row and the journal have it."""
        return cls(Rates(maker_bps, taker_bps), tuple(Tier(*tier) for tier in tiers))  # type: ignore[arg-type]

    @classmethod
    def of_change(cls, fees: Mapping[str, Any]) -> Schedule:
        """As a change of the market has it."""
        return cls.of(fees["maker_bps"], fees["taker_bps"], fees["tiers"])

    def tier_of(self, standing: Standing) -> int:
        """The best tier that is reached, from 1; 0: none."""
        for number in range(len(self.tiers), 0, -1):
            if self.tiers[number - 1].is_reached(standing):
                return number
        return 0

    def rates_of(self, standing: Standing) -> Rates:
        tier = self.tier_of(standing)
        return self.tiers[tier - 1].rates if tier else self.base


FREE: Final = Schedule(Rates(0, 0))
