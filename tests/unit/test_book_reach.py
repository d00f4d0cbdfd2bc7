"""Whoever a batch touches was in reach before it was matched."""

import random

from apps.orderbook.engine.book import Book
from apps.orderbook.engine.book import words as w
from apps.orderbook.engine.book.reach import Wanted, reach_of
from apps.orderbook.engine.book.stops import Stops
from tests.support.book_pair import Ask, BookPair
from tests.unit.test_book_against_the_reference import OWNERS, random_ask


def touched_and_reached(
    seed: int, *, blind: bool = False, stopless: bool = False, timeless: bool = False
) -> tuple[set[int], set[int]]:
    """Owners of the orders a random batch touched, and those foreseen (or the batch's own).

    `blind` takes the entities of the batch to be unknown, which is the mistake to look for; there
    are no stop orders then, which would hide it by widening the reach. So are `stopless`, which
    overlooks the stop orders, and `timeless`, which overlooks what is due.
    """
    draw = random.Random(seed)
    pair = BookPair(owners=3 * OWNERS)
    for _ in range(60):
        pair.place(scattered(draw, may_stop=not blind))
    if not blind:
        pair.now_us = draw.choice((1, 1, 30))
    batch = [scattered(draw, may_stop=not blind) for _ in range(draw.randrange(1, 8))]
    entities = set() if blind else {ask.entity for ask in batch}
    orders = [Wanted(ask.side, ask.price, ask.size, ask.funds) for ask in batch]
    stops = pair.book.stops
    if stopless:
        pair.book.stops = Stops()
    reached = reach_of(pair.book, orders, entities, 0 if timeless else pair.now_us).owners
    pair.book.stops = stops
    reached |= {ask.owner for ask in batch}
    touched = {order.owner for order in pair.expire()}
    for ask in batch:
        before = {order.id: order.owner for order in pair.reference.open_orders()}
        before[pair.next_id] = ask.owner
        pair.place(ask)
        touched |= {before[step[1]] for step in pair.reference.steps}
        for order_id, _, steps in pair.reference.activations:
            touched |= {before[order_id]} | {before[step[1]] for step in steps}
    return touched, reached


def scattered(draw: random.Random, *, may_stop: bool) -> Ask:
    """A random order of one of many owners, five entities of three owners each."""
    ask = random_ask(draw)
    if not may_stop:
        ask.stop = ask.stop_price = 0
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


def some_reach_is_too_small(**how: bool) -> bool:
    pairs = (touched_and_reached(seed, **how) for seed in range(400))
    return any(touched - reached for touched, reached in pairs)


def test_control_a_reach_that_forgets_the_entities_is_too_small():
    assert some_reach_is_too_small(blind=True)


def test_control_a_reach_that_forgets_the_stops_is_too_small():
    assert some_reach_is_too_small(stopless=True)


def test_control_a_reach_that_forgets_what_is_due_is_too_small():
    assert some_reach_is_too_small(timeless=True)


def test_the_end_of_a_state_that_somebody_ended_before_is_nobodys():
    book = Book(10_000, 100_000)
    book.set_state(w.HALTED, 50)
    book.set_state(w.OPEN, 0)
    assert reach_of(book, [], set(), 100).owners == set()
