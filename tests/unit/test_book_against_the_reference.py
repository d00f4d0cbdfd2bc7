"""Random command sequences through the real book and the reference book, compared at each step."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.orderbook.engine.book import Amendment, Rules
from apps.orderbook.engine.book import words as w
from tests.support.book_pair import Ask, BookPair

TICK, LOT, OWNERS = 1_230_000, 100_000, 5
RULES = (w.DC, w.CO, w.CN, w.CB)

owners = st.integers(1, OWNERS)
sizes = st.integers(1, 30).map(lambda lots: lots * LOT)


def limit_order(**fields: int) -> Ask:
    return Ask(entity=fields["owner"] % 4, **fields)


common = {
    "owner": owners,
    "side": st.sampled_from((w.BUY, w.SELL)),
    "self_trade": st.sampled_from(RULES),
    "maker_bps": st.sampled_from((-40, -7, 0, 7, 10)),
    "taker_bps": st.sampled_from((10, 33, 250)),
}
limits = st.builds(
    limit_order,
    price=st.integers(1, 12).map(lambda ticks: ticks * TICK),
    size=sizes,
    time_in_force=st.sampled_from((w.GTC, w.GTC, w.GTC, w.IOC, w.FOK)),
    **common,
)
post_onlys = st.builds(
    limit_order,
    price=st.integers(1, 12).map(lambda ticks: ticks * TICK),
    size=sizes,
    post_only=st.just(True),
    **common,
)
markets = st.builds(limit_order, size=sizes, **common)
by_funds = st.builds(limit_order, funds=st.integers(1, 60_000_000), **common)
stops = st.builds(
    limit_order,
    price=st.sampled_from((None, 3 * TICK, 6 * TICK, 9 * TICK)),
    size=sizes,
    stop=st.sampled_from((w.LOSS, w.ENTRY)),
    stop_price=st.integers(1, 12).map(lambda ticks: ticks * TICK),
    **common,
)
stops_by_funds = st.builds(
    limit_order,
    funds=st.integers(1, 60_000_000),
    stop=st.sampled_from((w.LOSS, w.ENTRY)),
    stop_price=st.integers(1, 12).map(lambda ticks: ticks * TICK),
    **common,
)
ending = st.builds(
    limit_order,
    price=st.integers(1, 12).map(lambda ticks: ticks * TICK),
    size=sizes,
    time_in_force=st.just(w.GTT),
    expires_us=st.integers(1, 30),
    **common,
)
icebergs = st.builds(
    limit_order,
    price=st.integers(1, 12).map(lambda ticks: ticks * TICK),
    size=sizes,
    display=st.integers(1, 9).map(lambda lots: lots * LOT),
    **common,
)
slipping = st.builds(
    limit_order, size=sizes, slippage_bps=st.sampled_from((0, 900, 5_000)), **common
)
cancels = st.tuples(st.just("cancel"), owners, st.integers(1, 30))
waits = st.integers(1, 9).map(lambda us: ("pass_time", us))
switches = st.tuples(st.just("set_switch"), owners, st.none() | st.integers(1, 20))
asks = st.one_of(
    limits,
    limits,
    limits,
    post_onlys,
    markets,
    by_funds,
    stops,
    stops_by_funds,
    ending,
    icebergs,
    slipping,
)
rules = st.builds(
    Rules,
    size_min=st.sampled_from((0, 2 * LOT)),
    size_max=st.sampled_from((20 * LOT, 10**18)),
    notional_min=st.sampled_from((0, 3_000_000)),
    notional_max=st.sampled_from((20_000_000, 10**18)),
    band_bps=st.sampled_from((0, 0, 4_000)),
    breaker_bps=st.sampled_from((0, 0, 3_000)),
    breaker_window_s=st.sampled_from((0, 5)),
    breaker_pause_s=st.sampled_from((0, 3)),
    auction_s=st.sampled_from((0, 4)),
)
states = st.sampled_from((w.OPEN, w.OPEN, w.AUCTION, w.POSTING, w.CANCELING, w.HALTED))
changes = st.tuples(st.just("change"), rules, st.none() | states)
amends = st.tuples(
    st.just("amend"),
    owners,
    st.integers(1, 30),
    st.none() | st.integers(1, 12).map(lambda ticks: ticks * TICK),
    st.none() | sizes,
)
commands = st.one_of(asks, asks, asks, cancels, amends, owners, waits, switches, changes)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from((3_000_000, 30_000_000, 10**9)), st.lists(commands, max_size=40))
def test_both_books_decide_the_same(money: int, sequence: list[Any]):
    pair = BookPair(owners=OWNERS, money=money)
    for command in sequence:
        if isinstance(command, Ask):
            pair.place(command)
        elif isinstance(command, int):
            pair.cancel_all(command)
        else:
            name, *arguments = command
            getattr(pair, name)(*arguments)


def amend_some_order(pair: BookPair, draw: random.Random) -> Amendment:
    """Mostly one that is open."""
    open_orders = [(o.owner, o.id) for o in pair.reference.open_orders()]
    anywhere = draw.randrange(1, OWNERS + 1), draw.randrange(1, pair.next_id + 1)
    owner, order_id = draw.choice([anywhere, *open_orders])
    price = draw.choice((None, draw.randrange(1, 13) * TICK))
    size = draw.choice((None, draw.randrange(1, 30) * LOT))
    return pair.amend(owner, order_id, price, size)


def random_ask(draw: random.Random) -> Ask:
    owner = draw.randrange(1, OWNERS + 1)
    ask = Ask(
        owner,
        draw.choice((w.BUY, w.SELL)),
        self_trade=draw.choice(RULES),
        maker_bps=draw.choice((-40, 7, 10)),
        taker_bps=draw.choice((10, 33, 250)),
        entity=owner % 4,
    )
    kind = draw.random()
    if kind > 0.85:
        ask.stop = draw.choice((w.LOSS, w.ENTRY))
        ask.stop_price = draw.randrange(1, 13) * TICK
        kind = draw.random()
    elif kind > 0.75:
        ask.time_in_force, ask.expires_us = w.GTT, draw.randrange(1, 60)
        ask.price, ask.size = draw.randrange(1, 13) * TICK, draw.randrange(1, 30) * LOT
        return ask
    else:
        kind = kind / 0.75
    if kind < 0.7:
        ask.price, ask.size = draw.randrange(1, 13) * TICK, draw.randrange(1, 30) * LOT
        ask.time_in_force = draw.choice((w.GTC, w.GTC, w.GTC, w.IOC, w.FOK))
        if draw.random() < 0.3:
            ask.display = draw.randrange(1, 6) * LOT
        ask.post_only = ask.time_in_force == w.GTC and draw.random() < 0.2
    elif kind < 0.85:
        ask.size = draw.randrange(1, 30) * LOT
    else:
        ask.funds = draw.randrange(1, 60_000_000)
    if ask.price is None and draw.random() < 0.4:
        ask.slippage_bps = draw.choice((0, 900, 5_000))
    return ask


def random_rules(draw: random.Random) -> Rules:
    return Rules(
        size_min=draw.choice((0, 0, 2 * LOT)),
        size_max=draw.choice((10**18, 25 * LOT)),
        notional_min=draw.choice((0, 0, 2_000_000)),
        notional_max=draw.choice((10**18, 30_000_000)),
        band_bps=draw.choice((0, 0, 4_000)),
        breaker_bps=draw.choice((0, 2_000, 3_000)),
        breaker_window_s=draw.choice((0, 5)),
        breaker_pause_s=draw.choice((0, 3)),
        auction_s=draw.choice((0, 4)),
    )


def change_the_market(pair: BookPair, draw: random.Random) -> None:
    """Mostly towards an auction or its end."""
    state = draw.choice((None, w.OPEN, w.OPEN, w.AUCTION, w.AUCTION, *range(5)))
    rules = pair.book.rules if draw.random() < 0.5 else random_rules(draw)
    pair.change(rules, state)


@pytest.mark.parametrize("block", range(8))
def test_thousands_of_sequences_agree_under_changing_rules(block: int):
    seen: Counter[object] = Counter()
    for seed in range(block * 200, (block + 1) * 200):
        draw = random.Random(seed)
        pair = BookPair(owners=OWNERS, money=draw.choice((30_000_000, 10**9)))
        for _ in range(60):
            kind, state = draw.random(), pair.book.state
            if kind < 0.08:
                change_the_market(pair, draw)
            elif kind < 0.14:
                pair.pass_time(draw.choice((1, 2_000_000, 6_000_000)))
            elif kind < 0.20:
                amend_some_order(pair, draw)
            elif kind < 0.24:
                pair.cancel(draw.randrange(1, OWNERS + 1), draw.randrange(1, pair.next_id + 1))
            else:
                order = pair.place(random_ask(draw))
                seen["placed", state, order.done] += 1
                seen["breaker", state == w.OPEN and pair.book.state == w.HALTED] += 1
            for cross in pair.reference.crosses:
                seen["traded" if cross[0] else "self-trade"] += 1
            if pair.reference.crosses and pair.reference.activations:
                seen["stops set off by an auction"] += 1
            pair.reference.crosses.clear()
            seen["state", pair.book.state] += 1
    wanted = {("state", state) for state in range(5)} | {("breaker", True)}
    wanted |= {"traded", "self-trade", "stops set off by an auction"}
    wanted |= {
        ("placed", w.OPEN, w.OUT_OF_LIMITS), ("placed", w.OPEN, w.OUT_OF_BAND),
        ("placed", w.POSTING, w.POST_ONLY), ("placed", w.POSTING, w.NOT_OPEN),
        ("placed", w.AUCTION, 0), ("placed", w.AUCTION, w.NOT_OPEN),
        ("placed", w.HALTED, w.NOT_OPEN), ("placed", w.CANCELING, w.NOT_OPEN),
    }  # fmt: skip
    assert wanted <= seen.keys()


@pytest.mark.parametrize("block", range(8))
def test_thousands_of_sequences_agree_and_meet_every_rule(block: int):
    seen: Counter[object] = Counter()
    for seed in range(block * 300, (block + 1) * 300):
        draw = random.Random(seed)
        pair = BookPair(owners=OWNERS, money=draw.choice((3_000_000, 30_000_000, 10**9)))
        for _ in range(40):
            kind = draw.random()
            if kind < 0.12:
                pair.cancel(draw.randrange(1, OWNERS + 1), draw.randrange(1, pair.next_id + 1))
            elif kind < 0.32 and kind > 0.23:
                found = amend_some_order(pair, draw)
                seen["amended", found.refused, found.kept_place] += 1
            elif kind < 0.15:
                pair.cancel_all(draw.randrange(1, OWNERS + 1))
            elif kind < 0.20:
                for order in pair.pass_time(draw.randrange(1, 9)):
                    seen["ended", order.done] += 1
            elif kind < 0.23:
                at_us = draw.choice((None, pair.now_us + draw.randrange(1, 9)))
                pair.set_switch(draw.randrange(1, OWNERS + 1), at_us)
            else:
                order = pair.place(random_ask(draw))
                seen[order.terms.kind, order.done] += 1
                seen["more of an iceberg"] += any(order.hidden for order in pair.book.resting())
                seen["stops set off", min(len(pair.reference.activations), 3)] += 1
                if any(step[0] == 0 for step in pair.reference.steps):
                    seen["self-trade", order.terms.self_trade] += 1
    resting_and_ends = {
        (w.LIMIT, done)
        for done in (
            0, w.FILLED, w.SELF_TRADE, w.NOT_FILLABLE, w.INSUFFICIENT_FUNDS, w.POST_ONLY
        )
    } | {
        (w.MARKET, done)
        for done in (w.FILLED, w.SELF_TRADE, w.NOT_FILLABLE, w.INSUFFICIENT_FUNDS)
    }  # fmt: skip
    rare = {("ended", w.EXPIRED), ("ended", w.CANCELED)} | {("stops set off", n) for n in range(4)}
    rare |= {
        ("amended", 0, True), ("amended", 0, False), ("amended", w.NOT_FOUND, True),
        ("amended", w.INVALID, True), ("amended", w.INSUFFICIENT_FUNDS, True),
        ("amended", w.POST_ONLY, True),
    }  # fmt: skip
    assert resting_and_ends | rare | {("self-trade", rule) for rule in RULES} <= seen.keys()
