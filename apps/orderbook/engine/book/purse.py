"""The money limit of a market order."""

from __future__ import annotations

from apps.orderbook.engine.book.money import affordable_size, fee_of, notional_of


class Purse:
    """What a market order may still spend (a buy, fees included) or still earn (a sell by funds).

    `by_funds` says that the order named its funds: then a self-trade uses them up as a trade
    would. Otherwise they are only what its owner has, and a self-trade leaves them alone.
    """

    __slots__ = ("by_funds", "fee_bps", "money", "size_increment")

    def __init__(self, money: int, fee_bps: int, size_increment: int, by_funds: bool) -> None:
        self.money = money
        self.fee_bps = fee_bps
        self.size_increment = size_increment
        self.by_funds = by_funds

    def size_at(self, price: int) -> int:
        """The largest size the money is enough for at this price."""
        return affordable_size(price, self.money, self.fee_bps, self.size_increment)

    def spend(self, price: int, size: int) -> None:
        notional = notional_of(price, size)
        self.money -= notional + fee_of(notional, self.fee_bps)
        assert self.money >= 0
