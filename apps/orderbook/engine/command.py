"""A command as the engine reads it from the journal, and the order it asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from apps.orderbook.engine.book import Order, Terms

PLACE: Final = 1
CANCEL: Final = 2
CANCEL_ALL: Final = 3
TIME: Final = 4
SET_SWITCH: Final = 5
AMEND: Final = 6
CHANGE: Final = 7
STATE: Final = 8


class Command(NamedTuple):
    """One row of the journal. Amounts in micro-units; `created_at` is microseconds since 2000, as
    PostgreSQL sends it.

    `owner` is 0 for what no owner asked for. `entity` is the owner whose orders are one's own;
    None: oneself. `expires_us` is microseconds since 1970. `rules` is JSON, as `journal.changed`
    reads it.
    """

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
    created_at: int
    entity: int | None = None
    stop: int | None = None
    stop_price: int | None = None
    expires_us: int | None = None
    timeout_s: int | None = None
    display_size: int | None = None
    slippage_bps: int | None = None
    rules: str | None = None


# The columns of a command, in the order of its fields.
COLUMNS: Final = (
    "id, kind, coalesce(owner_id, 0), side, order_type, price, size, funds, time_in_force, "
    "post_only, self_trade, target, client_oid, created_at, entity_id, stop, stop_price, "
    "(extract(epoch FROM expires_at) * 1000000)::bigint, timeout_s, "
    "display_size, slippage_bps, rules"
)

_terms_shared = lru_cache(maxsize=4096)(Terms)


def terms_of(
    kind: int | None,
    time_in_force: int | None,
    post_only: bool | None,
    self_trade: int | None,
    maker_bps: int,
    taker_bps: int,
    stop: int | None,
    stop_price: int | None,
    expires_us: int | None,
    display_size: int | None,
    slippage_bps: int | None,
) -> Terms:
    """The terms of an order, shared where others are likely to have the same."""
    plain = (kind, time_in_force, post_only, self_trade, maker_bps, taker_bps)
    if stop is expires_us is display_size is slippage_bps is None:
        return _terms_shared(*plain)
    rare = (stop or 0, stop_price or 0, expires_us or 0, display_size or 0, slippage_bps)
    return Terms(*plain, *rare)  # type: ignore[arg-type]


def order_of(command: Command, maker_bps: int, taker_bps: int) -> Order:
    """The order that a place command asks for, under the fees of the moment."""
    c = command
    assert c.side is not None
    terms = terms_of(
        c.order_type, c.time_in_force, c.post_only, c.self_trade, maker_bps, taker_bps, c.stop,
        c.stop_price, c.expires_us, c.display_size, c.slippage_bps,
    )  # fmt: skip
    entity = c.owner if c.entity is None else c.entity
    return Order(c.id, c.owner, entity, c.side, c.price or 0, c.size or 0, terms, c.funds)
