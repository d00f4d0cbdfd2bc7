"""The event of a command: canonical JSON that suffices to replay it, and the chain of hashes.

A body has three parts. `asked` is the command, `given` is what came from outside the book (the
time, the money that was available, the fees, whether the market was open), `result` is what the
book made of it. JSON is canonical when its keys are sorted and nothing is padded; the texts are
put together by hand because this is done for every command, and tests hold them against `json`.

Amounts are micro-units, `at` is microseconds since 1970. Words are those of the API.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Final

from apps.orderbook.engine.book import Order, Step
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.command import CANCEL, Command

SIDES: Final = ("buy", "sell")
TYPES: Final = ("limit", "market")
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK")
SELF_TRADES: Final = ("dc", "co", "cn", "cb")
REASONS: Final = {
    w.FILLED: "filled",
    w.CANCELED: "canceled",
    w.SELF_TRADE: "self_trade",
    w.NOT_FILLABLE: "not_fillable",
    w.INSUFFICIENT_FUNDS: "insufficient_funds",
    w.POST_ONLY: "post_only",
    w.NOT_OPEN: "not_open",
    w.INVALID: "invalid",
}
_DONE: Final = {0: "null", **{reason: f'"{word}"' for reason, word in REASONS.items()}}
_BOOL: Final = ("false", "true")


def chain(previous: bytes, body: str) -> bytes:
    """The hash of an event: SHA-256 over the hash of the one before it and its own body."""
    return hashlib.sha256(previous + body.encode()).digest()


def place_body(
    command: Command,
    order: Order,
    steps: Iterable[Step],
    *,
    at_us: int,
    available: int,
    is_open: bool,
) -> str:
    """The event of a place command, taken right after it."""
    c, terms = command, order.terms
    oid = "null" if c.client_oid is None else json.dumps(c.client_oid)
    price = "null" if c.price is None else c.price
    size, remaining = ("null", "null") if c.size is None else (c.size, order.remaining)
    funds = "null" if c.funds is None else c.funds
    return (
        f'{{"asked":{{"client_oid":{oid},"funds":{funds},"owner":{c.owner},'
        f'"post_only":{_BOOL[terms.post_only]},"price":{price},'
        f'"self_trade":"{SELF_TRADES[terms.self_trade]}","side":"{SIDES[order.side]}",'
        f'"size":{size},"time_in_force":"{TIMES_IN_FORCE[terms.time_in_force]}",'
        f'"type":"{TYPES[terms.kind]}"}},"command":{c.id},'
        f'"given":{{"at":{at_us},"available":{available},"maker_bps":{terms.maker_bps},'
        f'"open":{_BOOL[is_open]},"taker_bps":{terms.taker_bps}}},"kind":"place",'
        f'"result":{{"done":{_DONE[order.done]},"fees":{order.fees},'
        f'"filled_notional":{order.filled_notional},"filled_size":{order.size - order.remaining},'
        f'"hold":{order.hold},"remaining":{remaining},"steps":[{",".join(map(_step, steps))}]}}}}'
    )


def _step(step: Step) -> str:
    kind, trade, _, maker, price, size, notional, taker_fee, maker_fee, _ = step
    if kind == w.MATCH:
        return (
            f'{{"left":{maker.remaining},"maker":{maker.id},"maker_fee":{maker_fee},'
            f'"notional":{notional},"price":{price},"size":{size},"taker_fee":{taker_fee},'
            f'"trade":{trade}}}'
        )
    return (
        f'{{"canceled":{_BOOL[maker.done != 0]},"decreased":{size},"left":{maker.remaining},'
        f'"maker":{maker.id},"price":{price}}}'
    )


def cancel_body(command: Command, orders: Iterable[Order], *, at_us: int) -> str:
    """The event of a cancel or cancel-all command, with the orders it cancelled, if any."""
    target = "null" if command.target is None else command.target
    canceled = ",".join(
        f'{{"hold":{o.hold},"order":{o.id},"price":{o.price},"remaining":{o.remaining},'
        f'"side":"{SIDES[o.side]}"}}'
        for o in orders
    )
    return (
        f'{{"asked":{{"owner":{command.owner},"target":{target}}},"command":{command.id},'
        f'"given":{{"at":{at_us}}},'
        f'"kind":"{"cancel" if command.kind == CANCEL else "cancel_all"}",'
        f'"result":{{"canceled":[{canceled}]}}}}'
    )
