"""Random command sequences through the real book and the reference book, compared at each step."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    "maker_bps": st.sampled_from((0, 7, 10)),
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
cancels = st.tuples(owners, st.integers(1, 30))
commands = st.one_of(limits, limits, limits, post_onlys, markets, by_funds, cancels, owners)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from((3_000_000, 30_000_000, 10**9)), st.lists(commands, max_size=40))
def test_both_books_decide_the_same(money: int, sequence: list[Ask | tuple[int, int] | int]):
    pair = BookPair(owners=OWNERS, money=money)
    for command in sequence:
        if isinstance(command, Ask):
            pair.place(command)
        elif isinstance(command, tuple):
            pair.cancel(*command)
        else:
            pair.cancel_all(command)


def random_ask(draw: random.Random) -> Ask:
    owner = draw.randrange(1, OWNERS + 1)
    ask = Ask(
        owner,
        draw.choice((w.BUY, w.SELL)),
        self_trade=draw.choice(RULES),
        maker_bps=draw.choice((0, 7, 10)),
        taker_bps=draw.choice((10, 33, 250)),
        entity=owner % 4,
    )
    kind = draw.random()
    if kind < 0.7:
        ask.price, ask.size = draw.randrange(1, 13) * TICK, draw.randrange(1, 30) * LOT
        ask.time_in_force = draw.choice((w.GTC, w.GTC, w.GTC, w.IOC, w.FOK))
        ask.post_only = ask.time_in_force == w.GTC and draw.random() < 0.2
    elif kind < 0.85:
        ask.size = draw.randrange(1, 30) * LOT
    else:
        ask.funds = draw.randrange(1, 60_000_000)
    return ask


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
            elif kind < 0.15:
                pair.cancel_all(draw.randrange(1, OWNERS + 1))
            else:
                order = pair.place(random_ask(draw))
                seen[order.terms.kind, order.done] += 1
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
    assert resting_and_ends | {("self-trade", rule) for rule in RULES} <= seen.keys()
