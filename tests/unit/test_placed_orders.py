"""Whether an order rests as it was placed, at the end of the batch that placed it."""

from typing import Any

import pytest

from apps.orderbook.engine.book import Order, Terms
from apps.orderbook.engine.book.words import BUY
from apps.orderbook.engine.command import Command
from apps.orderbook.engine.decide import Placed


def placed(**then: Any) -> Placed:
    order = Order(1, 2, 2, BUY, 1_500_000, 3_000_000, Terms())
    for name, value in then.items():
        setattr(order, name, value)
    nothing = dict.fromkeys(Command._fields)
    asked = Command(**{**nothing, "id": 1, "price": 1_500_000, "size": 3_000_000})  # type: ignore[arg-type]
    return Placed(asked, order, refused=False)


def test_an_order_that_nothing_happened_to_rests_as_it_was_placed() -> None:
    assert placed().rests_as_asked
    assert placed(remaining=500_000, hidden=2_500_000).rests_as_asked, "an iceberg"


@pytest.mark.parametrize(
    "then",
    [
        {"done": 1},
        {"parked": True},
        {"remaining": 1_000_000, "filled_notional": 3_000_000},
        {"size": 2_000_000, "remaining": 2_000_000},
        {"price": 1_400_000},
    ],
)
def test_one_that_ended_waits_traded_or_was_changed_does_not(then: dict[str, Any]) -> None:
    assert not placed(**then).rests_as_asked
