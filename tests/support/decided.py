"""What the engine's pure modules make of random commands: `python -m tests.support.decided SEED...`

Prints the form of the code that ran, the digest of everything that each seed came to, how much of
it only a collection of garbage would find, and the names of the errors that wrong calls raise: the
same for every form.
"""

from __future__ import annotations

import gc
import hashlib
import json
import random
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from apps.orderbook.engine import command as kinds
from apps.orderbook.engine import compiled
from apps.orderbook.engine.book import Book, Rules
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.command import Command
from apps.orderbook.engine.decide import Decisions
from apps.orderbook.engine.feed import messages_of
from apps.orderbook.engine.fees import Schedule, Standing
from apps.orderbook.engine.form import COPIED, RECORDS
from apps.orderbook.engine.journal import STATES
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.rows import Rows
from apps.orderbook.engine.settlement import Wallet, Wallets
from apps.orderbook.engine.touched import Key, keys_of

TICK, LOT, OWNERS, FEES, BASE, QUOTE = 1_230_000, 100_000, 6, 99, 1, 2
AT = 820_454_400_000_000
BATCHES, BATCH_MAX = 40, 12
TIERS = ((50_000_000, None, -5, 20), (None, 400_000_000, -10, 15))
RULES = (
    {"band_bps": 4_000},
    {"breaker_bps": 2_000, "breaker_window_s": 5, "breaker_pause_s": 3},
    {"size_min": 2 * LOT, "notional_max": 30_000_000},
    {"size_min": 0, "notional_max": 10**18, "band_bps": 0, "breaker_bps": 0, "auction_s": 4},
    {"fees": {"maker_bps": 3, "taker_bps": 9, "tiers": []}},
)


def market_make() -> Market:
    market = Market(7, "A-B", BASE, QUOTE, FEES, 1, Book(TICK, LOT), 0, 0, b"")
    market.schedule = Schedule.of(7, 25, TIERS)
    market.standings = {1: Standing(60_000_000, 0), 2: Standing(0, 500_000_000)}
    return market


def command_make(draw: random.Random, id_: int, **fields: Any) -> Command:
    """A random command, mostly a place; `fields` are other than drawn."""
    row: dict[str, Any] = dict.fromkeys(Command._fields)
    row |= {"id": id_, "owner": draw.randrange(1, OWNERS + 1), "created_at": AT}
    ticks, lots = draw.randrange(1, 13) * TICK, draw.randrange(1, 30) * LOT
    row["kind"] = kind = draw.choices(range(1, 9), (30, 3, 1, 1, 1, 4, 1, 1))[0]
    if kind == kinds.PLACE:
        row |= _asked(draw, ticks, lots)
    elif kind in (kinds.CANCEL, kinds.AMEND):
        row["target"] = draw.randrange(max(id_ - 40, 1), id_ + 1)
        if kind == kinds.AMEND:
            row |= {"price": draw.choice((None, ticks)), "size": draw.choice((None, lots))}
    elif kind == kinds.SET_SWITCH:
        row["timeout_s"] = draw.choice((0, 1, 5))
    elif kind == kinds.CHANGE:
        state = {"state": draw.choice((*3 * ("open",), *STATES))}
        row |= {"owner": 0, "rules": json.dumps({**draw.choice(RULES), **state})}
    elif kind != kinds.CANCEL_ALL:
        row["owner"] = 0
    return Command(**row | fields)


def _asked(draw: random.Random, price: int, size: int) -> dict[str, Any]:
    some: Callable[..., Any] = lambda chance, value: value if draw.random() < chance else None  # noqa: E731
    is_limit, in_force = (
        draw.random() < 0.8,
        draw.choice((w.GTC, w.GTC, w.GTC, w.IOC, w.FOK, w.GTT)),
    )
    asked = {
        "side": draw.choice((w.BUY, w.SELL)), "order_type": w.LIMIT if is_limit else w.MARKET,
        "time_in_force": in_force if is_limit else w.IOC, "self_trade": draw.randrange(4),
        "post_only": is_limit and in_force == w.GTC and draw.random() < 0.2,
        "entity": some(0.3, draw.randrange(1, 3)), "client_oid": some(0.3, f"o-{size}"),
        "price": price if is_limit else None, "size": size,
    }  # fmt: skip
    if not is_limit and draw.random() < 0.5:
        asked |= {"size": None, "funds": draw.randrange(1, 60_000_000)}
    if not is_limit:
        asked["slippage_bps"] = some(0.3, draw.choice((0, 900)))
    if draw.random() < 0.15:
        stop_price = draw.randrange(1, 13) * TICK
        asked |= {"stop": draw.choice((w.LOSS, w.ENTRY)), "stop_price": stop_price}
    if in_force == w.GTT and is_limit:
        asked["expires_us"] = draw.randrange(1, 90_000_000)
    elif in_force == w.GTC and is_limit:
        asked["display_size"] = some(0.2, LOT * draw.randrange(1, 5))
    return asked


def owned_make(money: int) -> dict[Key, Wallet]:
    """As much of both assets for everybody."""
    return {
        (owner, asset): Wallet(10 * owner + asset, money, 0)
        for owner in (*range(1, OWNERS + 1), FEES)
        for asset in (BASE, QUOTE)
    }


def decide(
    market: Market,
    commands: Iterable[Command],
    at_us: int,
    owned: Mapping[Key, Wallet],
    keys: Collection[Key],
) -> Decisions:
    """A batch. No more than what is foreseen, the balances of `keys`, is there."""
    base, quote = (
        {owner: owned[owner, asset] for owner, asset in keys if asset == wanted}
        for wanted in (BASE, QUOTE)
    )
    decisions = Decisions(market, Wallets(base, quote, owned[FEES, QUOTE]), at_us)
    for command in commands:
        decisions.decide(command)
    return decisions


def decided(seed: int) -> tuple[str, int]:
    """Everything that a market's random commands come to, as a digest, and how many traded."""
    draw, market, said = random.Random(seed), market_make(), hashlib.sha256()
    money = draw.choice((30_000_000, 10**9))
    owned = owned_make(money)
    id_, at_us = 0, 1_000_000
    for _ in range(BATCHES):
        commands = []
        for _ in range(draw.randrange(1, BATCH_MAX)):
            id_ += 1
            commands.append(command_make(draw, id_))
        at_us += draw.choice((1_000, 400_000, 6_000_000))
        keys = sorted(set(keys_of(market, commands, at_us)))
        decisions = decide(market, commands, at_us, owned, keys)
        for line in (*map(str, keys), *told(decisions), market.book.state_hash()):
            said.update(f"{line}\n".encode())
    balances = ((key, wallet.available, wallet.held) for key, wallet in owned.items())
    said.update(repr((market.hash.hex(), *balances)).encode())
    return said.hexdigest(), market.book.trade_number


def told(decisions: Decisions) -> Iterable[str]:
    """All that a batch is made into, as lines."""
    for rows in map(Rows, (COPIED, RECORDS)):
        made = rows.orders(decisions, AT), rows.fills(decisions, AT), rows.events(decisions)
        yield from (row.hex() for table in made for row in table)
        yield from (row.hex() for row in rows.transfers(decisions, 5, 6))
    for event in decisions.events:
        yield json.dumps(messages_of(event.body, product="A-B", sequence=event.sequence))
    yield repr((sorted(decisions.levels), sorted(decisions.switches), decisions.is_other))
    yield repr([(id_, p.refused, p.rests_as_asked) for id_, p in decisions.placed.items()])
    yield repr([(o, o.hold, o.filled_size, o.priority) for o in decisions.changed.values()])
    yield repr([*decisions.moved])


def errors() -> list[str]:
    """What wrong calls raise."""
    draw, wallet = random.Random(1), Wallet(1, 10**9, 0)
    place = {
        "kind": kinds.PLACE, "side": w.BUY, "order_type": w.LIMIT, "price": TICK, "size": LOT,
        "time_in_force": w.GTC, "post_only": False, "self_trade": w.DC, "owner": 1,
    }  # fmt: skip
    wrong: list[dict[str, Any]] = [
        {**place, "owner": 2},  # has no balance
        {**place, "price": "1"},
        {**place, "side": None},
        {"kind": kinds.CANCEL, "target": None},
        {"kind": kinds.CHANGE, "rules": "no JSON"},
        {"kind": kinds.CHANGE, "rules": '{"no_such_rule": 1}'},
        {"kind": kinds.CHANGE, "rules": '{"state": "no such state"}'},
    ]
    raised = []
    for fields in wrong:
        decisions = Decisions(market_make(), Wallets({1: wallet}, {1: wallet}, wallet), 1)
        raised.append(_raised(lambda d=decisions, f=fields: d.decide(command_make(draw, 1, **f))))
    raised.append(_raised(lambda: Book(1, 1)))
    raised.append(_raised(lambda: Rules(no_such_rule=1)))  # type: ignore[call-arg]
    return raised


def _raised(call: Callable[[], object]) -> str:
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing"


if __name__ == "__main__":
    gc.collect()
    gc.disable()
    found = [decided(int(seed)) for seed in sys.argv[1:]]
    said = {"decided": found, "cycles": gc.collect(), "errors": errors()}
    sys.stdout.write(json.dumps({"compiled": compiled.is_running(), **said}))
