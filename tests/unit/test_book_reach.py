"""Whoever a batch touches was in reach before it was matched."""

import random

from apps.orderbook.engine.book.reach import Wanted, owners_in_reach
from tests.support.book_pair import Ask, BookPair
from tests.unit.test_book_against_the_reference import OWNERS, random_ask


def touched_and_reached(seed: int, *, blind: bool = False) -> tuple[set[int], set[int]]:
    """Owners of the orders a random batch touched, and those foreseen (or the batch's own).

    `blind` takes the entities of the batch to be unknown, which is the mistake to look for.
    """
    draw = random.Random(seed)
    pair = BookPair(owners=3 * OWNERS)
    for _ in range(60):
        pair.place(scattered(draw))
    batch = [scattered(draw) for _ in range(draw.randrange(1, 8))]
    entities = set() if blind else {ask.entity for ask in batch}
    orders = [Wanted(ask.side, ask.price, ask.size, ask.funds) for ask in batch]
    reached = owners_in_reach(pair.book, orders, entities) | {ask.owner for ask in batch}
    touched = set()
    for ask in batch:
        before = {order.id: order.owner for order in pair.reference.open_orders()}
        pair.place(ask)
        touched |= {before[step[1]] for step in pair.reference.steps}
    return touched, reached


def scattered(draw: random.Random) -> Ask:
    """A random order of one of many owners, five entities of three owners each."""
    ask = random_ask(draw)
    ask.entity = ask.owner
    ask.owner += OWNERS * draw.randrange(3)
    return ask


def test_a_batch_touches_only_owners_in_reach():
    some_are_spared = 0
    for seed in range(400):
        touched, reached = touched_and_reached(seed)
        assert touched <= reached
        some_are_spared += len(reached) < 3 * OWNERS
    assert some_are_spared > 80, "a reach of everyone would pass and be useless"


def test_control_a_reach_that_forgets_the_entities_is_too_small():
    pairs = (touched_and_reached(seed, blind=True) for seed in range(400))
    assert any(touched - reached for touched, reached in pairs)
