"""The event of a command: canonical JSON that suffices to replay it, and the chain of hashes.

A body has three parts. `asked` is the command, `given` is what came from outside the book (the
time, the money that was available, the fees), `result` is what the book made of it. Two more are
there when they are not empty: `due` is what came before the command, and `then` the stop orders
that it set off, one after the other. In `due` are, in the order of their times, orders whose time
was over and states of the market that ended, with the auctions that ended with them; in a market's
first event also what applied at its beginning. What few orders ask for (`stop`, `stop_price`,
`expires`, `entity`, `display`, `slippage_bps`) is in `asked` only when it is asked, and what few
steps do (`fresh`: more of an iceberg came into sight) in the step only when it is done.

JSON is canonical when its keys are sorted and nothing is padded; the texts are
put together by hand because this is done for every command, and tests hold them against `json`.

Amounts are micro-units, `at` is microseconds since 1970. Words are those of the API.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from apps.orderbook.engine.book import Activation, Amendment, Book, Order, Rules, Step, Turn
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.book.auction import Cross, Less
from apps.orderbook.engine.command import CANCEL, Command

SIDES: Final = ("buy", "sell")
TYPES: Final = ("limit", "market")
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK", "GTT")
STATES: Final = ("open", "post_only", "cancel_only", "halted", "auction")
STOPS: Final = ("", "loss", "entry")
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
    w.EXPIRED: "expired",
    w.NOT_FOUND: "not_found",
    w.OUT_OF_LIMITS: "out_of_limits",
    w.OUT_OF_BAND: "out_of_band",
}
_DONE: Final = {0: "null", **{reason: f'"{word}"' for reason, word in REASONS.items()}}
_BOOL: Final = ("false", "true")
_PARKED: Final = ("", '"parked":true,')
_EXPIRED: Final = ("", '"reason":"expired",')


def chain(previous: bytes, body: str) -> bytes:
    """The hash of an event: SHA-256 over the hash of the one before it and its own body."""
    return hashlib.sha256(previous + body.encode()).digest()


def place_body(
    command: Command,
    order: Order,
    steps: Iterable[Step],
    due: str,
    *,
    at_us: int,
    available: int,
) -> str:
    """The event of a place command, taken right after it; `due` as of `due_text`."""
    c, terms = command, order.terms
    oid = "null" if c.client_oid is None else json.dumps(c.client_oid)
    price = "null" if c.price is None else c.price
    size, remaining = ("null", "null") if c.size is None else (c.size, order.remaining)
    funds = "null" if c.funds is None else c.funds
    display = "" if c.display_size is None else f'"display":{c.display_size},'
    slippage = "" if c.slippage_bps is None else f'"slippage_bps":{c.slippage_bps},'
    entity = "" if c.entity is None else f'"entity":{c.entity},'
    expires = "" if c.expires_us is None else f'"expires":{c.expires_us},'
    stop = "" if c.stop is None else f'"stop":"{STOPS[c.stop]}","stop_price":{c.stop_price},'
    return (
        f'{{"asked":{{"client_oid":{oid},{display}{entity}{expires}"funds":{funds},"owner":{c.owner},'
        f'"post_only":{_BOOL[terms.post_only]},"price":{price},'
        f'"self_trade":"{SELF_TRADES[terms.self_trade]}","side":"{SIDES[order.side]}",'
        f'"size":{size},{slippage}{stop}"time_in_force":"{TIMES_IN_FORCE[terms.time_in_force]}",'
        f'"type":"{TYPES[terms.kind]}"}},"command":{c.id},{_due(due)}'
        f'"given":{{"at":{at_us},"available":{available},"maker_bps":{terms.maker_bps},'
        f'"taker_bps":{terms.taker_bps}}},"kind":"place",'
        f'"result":{{"done":{_DONE[order.done]},"fees":{order.fees},'
        f'"filled_notional":{order.filled_notional},"filled_size":{order.filled_size},'
        f'{_hidden(order)}"hold":{order.hold},{_PARKED[order.parked]}"remaining":{remaining},'
        f'"steps":[{",".join([_step(step) for step in steps])}]}}}}'
    )


def activation_text(activation: Activation) -> str:
    """A stop order that was set off, taken right after it: what the market hears of it, and all
    that it came to."""
    order, released, steps = activation
    terms = order.terms
    price = order.price if terms.kind == w.LIMIT else "null"
    size, remaining = ("null", "null") if order.funds else (order.size, order.remaining)
    display = f'"display":{terms.display},' if terms.display else ""
    return (
        f'{{{display}"done":{_DONE[order.done]},"fees":{order.fees},'
        f'"filled_notional":{order.filled_notional},"filled_size":{order.filled_size},'
        f'"funds":{order.funds or "null"},{_hidden(order)}"hold":{order.hold},'
        f'"maker_bps":{terms.maker_bps},'
        f'"order":{order.id},"owner":{order.owner},"price":{price},"released":{released},'
        f'"remaining":{remaining},"side":"{SIDES[order.side]}","size":{size},'
        f'"steps":[{",".join([_step(step) for step in steps])}],"taker_bps":{terms.taker_bps},'
        f'"type":"{TYPES[terms.kind]}"}}'
    )


def with_activations(body: str, then: Iterable[str]) -> str:
    """The event of a command that set off stop orders."""
    return f'{body[:-1]},"then":[{",".join(then)}]}}'


def _hidden(order: Order) -> str:
    return f'"hidden":{order.hidden},' if order.hidden else ""


def _due(due: str) -> str:
    return f'"due":[{due}],' if due else ""


def _step(step: Step) -> str:
    kind, trade, _, maker, price, size, notional, taker_fee, maker_fee, _, left, shown = step
    fresh = f'"fresh":{shown},' if shown else ""
    if kind == w.MATCH:
        return (
            f'{{{fresh}"left":{left},"maker":{maker.id},"maker_fee":{maker_fee},'
            f'"notional":{notional},"price":{price},"size":{size},"taker_fee":{taker_fee},'
            f'"trade":{trade}}}'
        )
    return (
        f'{{"canceled":{_BOOL[kind == w.SELF_CANCEL]},"decreased":{size},{fresh}"left":{left},'
        f'"maker":{maker.id},"price":{price}}}'
    )


def orders_text(orders: Iterable[Order]) -> str:
    """Orders that ended without a trade, each with what it still holds."""
    return ",".join(
        f'{{"hold":{o.hold},"order":{o.id},{_PARKED[o.parked]}"price":{o.price},'
        f'{_EXPIRED[o.done == w.EXPIRED]}"remaining":{o.remaining},"side":"{SIDES[o.side]}"}}'
        for o in orders
    )


def cancel_body(command: Command, due: str, canceled: str, *, at_us: int) -> str:
    """The event of a cancel or cancel-all command; `canceled` as of `orders_text`."""
    target = "null" if command.target is None else command.target
    return (
        f'{{"asked":{{"owner":{command.owner},"target":{target}}},"command":{command.id},'
        f'{_due(due)}"given":{{"at":{at_us}}},'
        f'"kind":"{"cancel" if command.kind == CANCEL else "cancel_all"}",'
        f'"result":{{"canceled":[{canceled}]}}}}'
    )


def amend_body(
    command: Command,
    amendment: Amendment,
    due: str,
    *,
    at_us: int,
    available: int,
) -> str:
    """The event of a changed order, taken right after it."""
    c, a, order = command, amendment, amendment.order
    head = (
        f'{{"asked":{{"owner":{c.owner},"price":{c.price or "null"},"size":{c.size or "null"},'
        f'"target":{c.target}}},"command":{c.id},{_due(due)}'
        f'"given":{{"at":{at_us},"available":{available}}},'
        f'"kind":"amend",'
    )
    if a.refused or order is None:
        return f'{head}"result":{{"refused":"{REASONS[a.refused]}"}}}}'
    return (
        f'{head}"result":{{"done":{_DONE[order.done]},"fees":{order.fees},'
        f'"filled_notional":{order.filled_notional},"filled_size":{order.filled_size},'
        f'{_hidden(order)}"hold":{order.hold},"kept_place":{_BOOL[a.kept_place]},'
        f'"old_price":{a.old_price},"old_remaining":{a.old_remaining},"order":{order.id},'
        f'"price":{order.price},"released":{a.released},"remaining":{order.remaining},'
        f'"side":"{SIDES[order.side]}","size":{order.size},'
        f'"steps":[{",".join(map(_step, a.steps))}]}}}}'
    )


class Changed(NamedTuple):
    """What applies after a change of the market; None: it does not change this."""

    rules: Rules
    state: int | None
    fees: dict[str, Any] | None


def changed(rules: Rules, asked: str) -> Changed:
    """What a change comes to. `asked` is a JSON object of the rules that are to be others, by name,
    `state`, and `fees` as of `fees.Schedule.of_change`. Rules that do not go together stay as they
    are. The book never hears of fees: each order's are given with it."""
    change = json.loads(asked)
    state, fees = change.pop("state", None), change.pop("fees", None)
    after = rules._replace(**change)
    number = None if state is None else STATES.index(state)
    return Changed(after if after.is_sound else rules, number, fees)


def change_body(command: Command, turn: str, due: str, *, at_us: int) -> str:
    """The event of a change of the market itself; `turn` as of `turn_text`, or empty."""
    return (
        f'{{"asked":{{"rules":{command.rules}}},"command":{command.id},{_due(due)}'
        f'"given":{{"at":{at_us}}},"kind":"change","result":{{"turn":{turn or "null"}}}}}'
    )


def beginning_text(book: Book) -> str:
    """What applies before a market's first command."""
    rules = json.dumps(book.rules._asdict(), sort_keys=True, separators=(",", ":"))
    return f'{{"rules":{rules},"state":"{STATES[book.state]}"}}'


def turn_text(turn: Turn) -> str:
    """Another state of the market and what traded with it, taken right after it. Stop orders that
    it set off can be added with `with_activations`."""
    crosses = ",".join(map(_cross, turn.crosses))
    ends = turn.until_us or "null"
    return f'{{"crosses":[{crosses}],"ends":{ends},"state":"{STATES[turn.state]}"}}'


def _cross(c: Cross) -> str:
    return (
        f'{{"maker":{_party(c.maker, c.of_maker)},"maker_fee":{c.maker_fee},'
        f'"notional":{c.notional},"price":{c.price},"size":{c.size},'
        f'"taker":{_party(c.taker, c.of_taker)},"taker_fee":{c.taker_fee},"trade":{c.trade}}}'
    )


def _party(order: Order, less: Less) -> str:
    return (
        f'{{"fresh":{less.fresh},"left":{less.left},"order":{order.id},"price":{order.price},'
        f'"side":"{SIDES[order.side]}"}}'
    )


def switch_body(command: Command, due: str, *, at_us: int, falls_us: int | None) -> str:
    """The event of a command that sets a dead man's switch, or clears it."""
    return (
        f'{{"asked":{{"owner":{command.owner},"timeout":{command.timeout_s or 0}}},'
        f'"command":{command.id},{_due(due)}"given":{{"at":{at_us}}},"kind":"set_switch",'
        f'"result":{{"falls":{"null" if falls_us is None else falls_us}}}}}'
    )


def time_body(command: Command, due: str, *, at_us: int) -> str:
    """The event of a command that only says what time it is."""
    return (
        f'{{"asked":{{}},"command":{command.id},{_due(due)}"given":{{"at":{at_us}}},'
        f'"kind":"time","result":{{}}}}'
    )


def state_body(command: Command, due: str, *, at_us: int, state: str) -> str:
    """The event of a command that asks for the book's `state_hash`, its own event counted."""
    return (
        f'{{"asked":{{}},"command":{command.id},{_due(due)}"given":{{"at":{at_us}}},'
        f'"kind":"state","result":{{"hash":"{state}"}}}}'
    )
