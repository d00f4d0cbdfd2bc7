"""A command as the engine reads it from the journal, and the order it asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from apps.orderbook.engine.book import Order, Terms

PLACE: Final = 1
CANCEL: Final = 2
CANCEL_ALL: Final = 3


class Command(NamedTuple):
    """One row of the journal. Amounts in micro-units; `created_at` as PostgreSQL writes it."""

    id: int
    kind: int
    owner: int
    side: int | None
    order_type: int | None
    price: int | None
    size: int | None
    funds: int | None
    time_in_force: int | None
    post_only: bool | None
    self_trade: int | None
    target: int | None
    client_oid: str | None
    created_at: str


# The columns of a command, in the order of its fields.
COLUMNS: Final = (
    "id, kind, owner_id, side, order_type, price, size, funds, time_in_force, post_only, "
    "self_trade, target, client_oid, created_at"
)

terms_of = lru_cache(maxsize=4096)(Terms)


def order_of(command: Command, maker_bps: int, taker_bps: int) -> Order:
    """The order that a place command asks for, under the fees of the moment."""
    assert command.side is not None
    terms = terms_of(
        command.order_type,
        command.time_in_force,
        command.post_only,
        command.self_trade,
        maker_bps,
        taker_bps,
    )
    # Every owner is its own entity until owners can belong together.
    return Order(
        command.id,
        command.owner,
        command.owner,
        command.side,
        command.price or 0,
        command.size or 0,
        terms,
    )
