"""Errors in the middle: what was not committed did not happen, and is done again."""

from __future__ import annotations

import psycopg
import pytest

from apps.orderbook.engine import store
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Event, Fill, Order, Product
from tests.support.engines import Hand, broken_invariants, buy, engine, market_make, sell, trader
from tests.support.flow import place_random_commands

pytestmark = pytest.mark.django_db(transaction=True)

P10, ONE = 10_000_000, 1_000_000


@pytest.fixture
def product() -> Product:
    return market_make(maker_bps=5, taker_bps=15)


def cut_off(hand: Hand) -> None:
    """End the engine's session from outside, as a crash of the server does."""
    with connect("saboteur") as other:
        other.execute("SELECT pg_terminate_backend(%s)", (hand.connection.info.backend_pid,))


def test_a_session_that_ends_before_its_commit_leaves_nothing(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller, buyer = trader(product), trader(product)
    sell(product, seller, P10, ONE)
    buy(product, buyer, P10, ONE)

    def write_then_die(*args: object, **kwargs: object) -> None:
        real_write(*args, **kwargs)  # type: ignore[arg-type]
        cut_off(hand)

    real_write = store.write
    with monkeypatch.context() as patch, engine() as hand:
        patch.setattr(store, "write", write_then_die)
        with pytest.raises(psycopg.OperationalError):
            hand.step()
    assert not Order.objects.exists()
    assert not Event.objects.exists()
    assert broken_invariants() == []
    with engine() as again:
        again.settle()
    assert Fill.objects.count() == 1
    assert Event.objects.count() == 2
    assert broken_invariants() == []


def test_a_session_that_ends_after_its_commit_leaves_all(product: Product) -> None:
    seller, buyer = trader(product), trader(product)
    sell(product, seller, P10, ONE)
    with engine() as hand:
        hand.settle()
        cut_off(hand)
        buy(product, buyer, P10, ONE)
        with pytest.raises(psycopg.OperationalError):
            hand.step()
    with engine() as again:
        again.settle()
    assert Fill.objects.count() == 1
    assert Event.objects.count() == 2
    assert broken_invariants() == []


def test_engines_that_come_and_go_make_the_same_book_as_one_that_stays(product: Product) -> None:
    twin = market_make(maker_bps=5, taker_bps=15)
    for market in (product, twin):
        owners = [
            trader(market, base=amount, quote=amount) for amount in (10**12, 10**9, 50_000_000)
        ]
        place_random_commands(market, owners, seed=8, count=160)
    hashes = []
    for _ in range(8):
        with engine(batch_max=20) as hand:
            hand.step()
    with engine() as hand:
        hand.settle()
        for market in (product, twin):
            book = hand.market(market).book
            hashes.append((book.event_number, book.trade_number, len(book)))
    assert hashes[0] == hashes[1]
    fills = [
        list(Fill.objects.filter(product=market).order_by("id").values_list("price", "size"))
        for market in (product, twin)
    ]
    assert fills[0] == fills[1]
    assert broken_invariants() == []
