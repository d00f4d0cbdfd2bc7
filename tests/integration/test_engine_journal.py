"""The journal: the same whatever the batches were, replayable, chained, and told to the feed."""

from __future__ import annotations

import json

import pytest

from apps.accounts.models import Owner
from apps.orderbook.engine.audit import verify_replay
from apps.orderbook.engine.book import Book
from apps.orderbook.engine.feed import messages_of
from apps.orderbook.engine.replay import ReplayDiffers, replay
from apps.orderbook.ids import id_number
from apps.orderbook.models import Event, Fill, Order, Product, ProductLease
from tests.support.engines import broken_invariants, engine, market_make, run_engine, trader
from tests.support.flow import place_random_commands

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 150


def traded_market(seed: int = 1, batch_max: int = 40) -> Product:
    product = market_make(maker_bps=7, taker_bps=25)
    accept_flow(product, seed)
    run_engine(batch_max)
    return product


def accept_flow(product: Product, seed: int) -> list[Owner]:
    # Some can pay for everything, some soon run out of money.
    money = (10**12, 10**12, 60_000_000, 15_000_000)
    owners = [trader(product, base=amount, quote=amount) for amount in money]
    place_random_commands(product, owners, seed=seed, count=COUNT)
    return owners


def bodies(product: Product) -> list[str]:
    events = Event.objects.filter(id__gte=product.pk << 40, id__lt=(product.pk + 1) << 40)
    return list(events.order_by("id").values_list("body", flat=True))


def story(product: Product) -> tuple[list[object], list[object]]:
    """Every order and fill by number, so that two markets can be compared."""
    orders = [
        (
            id_number(o.pk),
            o.status,
            o.done_reason,
            o.size,
            o.filled_size,
            o.fees,
            o.hold,
            o.priority,
        )
        for o in Order.objects.filter(product=product).order_by("id")
    ]
    fills = [
        (id_number(f.maker_order_id), id_number(f.taker_order_id), f.price, f.size, f.taker_fee)
        for f in Fill.objects.filter(product=product).order_by("id")
    ]
    return list(orders), list(fills)


def test_the_outcome_does_not_depend_on_the_batches() -> None:
    stories = []
    for batch_max in (1, 7, 500):
        stories.append(story(traded_market(seed=3, batch_max=batch_max)))
    assert stories[0] == stories[1] == stories[2]
    assert len(stories[0][1]) > 20
    assert broken_invariants() == []


def test_replay_gives_the_book_of_the_running_engine_and_of_the_tables() -> None:
    product = market_make(maker_bps=7, taker_bps=25)
    accept_flow(product, seed=5)
    book = Book(product.price_increment, product.size_increment)
    with engine(batch_max=31) as hand:
        hand.settle()
        for body in bodies(product):
            replay(book, body)
        assert book.state_hash() == hand.market(product).book.state_hash()
        assert list(verify_replay(hand.connection, product.pk)) == []
    with engine() as other:
        assert book.state_hash() == other.market(product).book.state_hash()
    assert len(book) > 0


def test_replay_notices_a_journal_that_is_not_what_happened() -> None:
    product = traded_market()
    book = Book(product.price_increment, product.size_increment)
    first, *_ = bodies(product)
    with pytest.raises(ReplayDiffers):
        replay(book, first.replace('"hold":', '"hold":1'))


def test_bodies_are_canonical_json() -> None:
    product = traded_market(seed=2)
    kinds = set()
    for body in bodies(product):
        event = json.loads(body)
        kinds.add(event["kind"])
        assert json.dumps(event, sort_keys=True, separators=(",", ":")) == body
    assert kinds == {"place", "cancel", "cancel_all"}


def test_the_journal_does_not_tell_how_rich_the_owner_of_a_limit_order_is() -> None:
    given = [json.loads(body) for body in bodies(traded_market())]
    limits = [e for e in given if e["kind"] == "place" and e["asked"]["type"] == "limit"]
    assert limits
    assert max(event["given"]["available"] for event in limits) < 10**9


def test_the_feed_can_be_made_again_from_the_events() -> None:
    product = traded_market(seed=4)
    events = Event.objects.filter(id__gte=product.pk << 40, id__lt=(product.pk + 1) << 40)
    sequence, types = 0, set()
    for event in events.order_by("id"):
        messages = messages_of(event.body, product=product.code, sequence=sequence)
        assert [message["sequence"] for message in messages] == list(
            range(sequence + 1, event.sequence + 1)
        )
        sequence = event.sequence
        types |= {message["type"] for message in messages}
    assert types == {"received", "open", "match", "done", "change"}
    assert ProductLease.objects.get(product=product).sequence == sequence
