"""An order as the book knows it, and the record of a step taken for a command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from apps.orderbook.engine.book.words import DC, GTC, LIMIT

SIZE_MAX: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Terms:
    """How an order is to be treated. Orders share them: few combinations are in use at a time.

    Fees are basis points, fixed when the order is accepted; a maker's never exceed a taker's, and
    are a rebate below 0. A
    `stop` order waits outside the book until a trade reaches `stop_price`. `expires_us`, which
    only GTT orders have, is the end of the order in microseconds since 1970. Of an iceberg no more
    than `display` rests in sight at a time; 0: all of it. A market order trades no more than
    `slippage_bps` away from the best price it finds; None: at any price.
    """

    kind: int = LIMIT
    time_in_force: int = GTC
    post_only: bool = False
    self_trade: int = DC
    maker_bps: int = 0
    taker_bps: int = 0
    stop: int = 0
    stop_price: int = 0
    expires_us: int = 0
    display: int = 0
    slippage_bps: int | None = None
    is_plain: bool = field(init=False)

    def __post_init__(self) -> None:
        plain = self.kind == LIMIT and self.time_in_force == GTC
        object.__setattr__(self, "is_plain", plain and not (self.stop or self.display))


class Order:
    """One order.

    `size` and `remaining` are base micro-units, `filled_notional` and `fees` quote micro-units;
    `hold` is quote for a buy and base for a sell. `remaining` is what others see of an iceberg that
    rests, and `hidden` the rest of it. A self-trade may decrease `size`; apart from that,
    `size - remaining - hidden` has been filled. `funds` is the quote amount of a market order that
    names one. `done` is a reason of `words`, 0 while open. `parked` is a stop order that waits.
    Orders of one `entity` never trade with each other.
    """

    __slots__ = (
        "done", "entity", "fees", "filled_notional", "funds", "hidden", "hold", "id", "owner",
        "parked", "price", "priority", "remaining", "side", "size", "terms",
    )  # fmt: skip

    def __init__(
        self,
        id: int,
        owner: int,
        entity: int,
        side: int,
        price: int,
        size: int,
        terms: Terms,
        funds: int | None = None,
    ) -> None:
        self.id = id
        self.owner = owner
        self.entity = entity
        self.side = side
        self.price = price
        self.size = self.remaining = size
        self.terms = terms
        self.funds = funds
        self.parked = False
        self.hidden = self.hold = self.filled_notional = self.fees = self.priority = self.done = 0

    @property
    def filled_size(self) -> int:
        return self.size - self.remaining - self.hidden

    def __repr__(self) -> str:
        return f"<Order {self.id}: {self.remaining} of {self.size} at {self.price}>"


# A priority is the number of the event that gave it, and below that the turn within the event.
TURN_BITS: Final = 20

# (kind, trade number, taker, maker, price, size, notional, taker's fee, maker's fee,
#  what the maker's hold came down by, what was left of the maker in sight, and how much of an
#  iceberg came into sight because nothing was). A maker with neither is done. A SELF_MATCH trades
# nothing: its trade number, notional and fees are 0, and `size` is what the two orders were
# decreased by. A SELF_CANCEL is one that cancels its maker.
Step: TypeAlias = tuple[int, int, Order, Order, int, int, int, int, int, int, int, int]


class Activation(NamedTuple):
    """A stop order that was set off: what it had held, and what came of it, as from `place`."""

    order: Order
    released: int
    steps: Sequence[Step]
