"""Commands commit out of order. None is lost, none is taken twice, and nobody waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest

from apps.accounts.models import Owner
from apps.orderbook.engine import reader
from apps.orderbook.engine.reader import BrokenSequence, advance
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Event, Order, Product, ProductLease
from tests.support.engines import broken_invariants, buy, engine, market_make, run_engine, trader
from tests.support.supervised import eventually

pytestmark = pytest.mark.django_db(transaction=True)

P10, ONE = 10_000_000, 1_000_000
INSERT = """
INSERT INTO orderbook_command (id, product_id, kind, owner_id, side, order_type, price, size,
    time_in_force, post_only, self_trade)
VALUES ({id}, %(product)s, 1, %(owner)s, 0, 0, 10000000, 1000000, 0, false, 0) RETURNING id
"""
DRAWN_INSIDE = INSERT.format(id="orderbook_command_id(%(product)s)")
DRAWN_BEFORE = INSERT.format(id="%(id)s")


@pytest.fixture
def product() -> Product:
    return market_make()


@pytest.fixture
def owner(product: Product) -> Owner:
    return trader(product)


@contextmanager
def elsewhere() -> Iterator[psycopg.Connection]:
    """Another connection in a transaction that has its own id; rolled back unless committed."""
    with connect("elsewhere") as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_current_xact_id()")
        yield connection
        connection.execute("ROLLBACK")


def insert(connection: psycopg.Connection, product: Product, owner: Owner) -> int:
    """Accept a buy inside that connection's transaction. Returns its id."""
    row = connection.execute(DRAWN_INSIDE, {"product": product.pk, "owner": owner.pk}).fetchone()
    assert row
    return row[0]


def number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row
    return int(row[0])


xmin = partial(number, query="SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
xmax = partial(number, query="SELECT pg_snapshot_xmax(pg_current_snapshot())::text")


def decided() -> list[int]:
    return list(Event.objects.order_by("id").values_list("command_id", flat=True))


def holes(product: Product) -> list[int]:
    return ProductLease.objects.get(product=product).holes


def test_a_command_that_commits_late_is_taken_when_it_does(product: Product, owner: Owner) -> None:
    with engine() as hand, elsewhere() as slow:
        late = insert(slow, product, owner)
        others = [buy(product, owner, P10, ONE) for _ in range(2)]
        hand.settle()
        assert decided() == others
        assert holes(product) == [late]
        slow.execute("COMMIT")
        hand.settle()
        assert decided() == [*others, late]
        assert holes(product) == []
    assert broken_invariants() == []


def test_its_place_in_the_queue_is_that_of_its_turn(product: Product, owner: Owner) -> None:
    with engine() as hand, elsewhere() as slow:
        late = insert(slow, product, owner)
        early = buy(product, owner, P10, ONE)
        hand.settle()
        slow.execute("COMMIT")
        hand.settle()
        live = [order.id for order in hand.market(product).book.resting()]
    with engine() as other:
        loaded = [order.id for order in other.market(product).book.resting()]
    assert live == loaded == [early, late]


def test_a_hole_outlives_the_engine_that_saw_it(product: Product, owner: Owner) -> None:
    with elsewhere() as slow:
        late = insert(slow, product, owner)
        other = buy(product, owner, P10, ONE)
        run_engine()
        run_engine()
        slow.execute("COMMIT")
        run_engine()
    assert decided() == [other, late]
    assert broken_invariants() == []


def test_a_command_that_never_commits_is_forgotten(product: Product, owner: Owner) -> None:
    with engine() as hand:
        with elsewhere() as slow:
            never = insert(slow, product, owner)
            buy(product, owner, P10, ONE)
            hand.settle()
            assert list(hand.market(product).holes) == [never]
        assert not hand.step()
        assert not hand.market(product).holes
        buy(product, owner, P10, ONE)
        hand.settle()
        assert holes(product) == []
    assert broken_invariants() == []


def test_a_repeated_client_order_id_leaves_a_hole_that_closes(
    product: Product, owner: Owner
) -> None:
    with engine() as hand:
        first = buy(product, owner, P10, ONE, client_oid="mine")
        assert buy(product, owner, P10, ONE, client_oid="mine") == first
        buy(product, owner, P10, ONE)
        hand.settle()
        assert not hand.step()
        assert not hand.market(product).holes
    assert Order.objects.count() == 2


def test_a_long_transaction_elsewhere_does_not_stop_the_market(
    product: Product, owner: Owner
) -> None:
    with engine() as hand, elsewhere() as unrelated:
        unrelated.execute("CREATE TEMP TABLE import_of_a_night (row bigint)")
        with elsewhere() as aborted:
            hole = insert(aborted, product, owner)
        for _ in range(3):
            order = buy(product, owner, P10, ONE)
            hand.settle()
            assert Order.objects.filter(pk=order).exists()
        assert list(hand.market(product).holes) == [hole], "kept while it could still appear"
        unrelated.execute("COMMIT")
        assert not hand.step()
        assert not hand.market(product).holes


def test_a_hole_is_kept_for_a_transaction_above_the_xmax_of_the_snapshot_that_missed_it(
    product: Product, owner: Owner
) -> None:
    with engine() as hand:
        with elsewhere() as first, elsewhere() as second:
            late = insert(second, product, owner)
            other = insert(first, product, owner)
            first.execute("COMMIT")
            xmax_then = xmax(hand.connection)
            hand.settle()
            assert decided() == [other]
            for _ in range(3):  # others come and go
                with elsewhere():
                    hand.settle()
            # The control: by the snapshot's xmax nobody could fill the hole any more. Autovacuum
            # may have been under way as well.
            eventually("they have ended", lambda: xmin(hand.connection) >= xmax_then)
            hand.settle()
            assert list(hand.market(product).holes) == [late]
            second.execute("COMMIT")
        hand.settle()
    assert decided() == [other, late]
    assert broken_invariants() == []


def test_control_a_number_drawn_before_the_transaction_has_an_id_can_be_lost(
    product: Product, owner: Owner
) -> None:
    """What `orderbook_command_id` is for: here the number is drawn without it."""
    with engine() as hand, connect("careless") as careless:
        drawn = number(careless, f"SELECT nextval('orderbook_command_{product.pk}')")
        for _ in range(2):  # the second batch records that the hole is forgotten
            buy(product, owner, P10, ONE)
            hand.settle()
            assert not hand.step()
        careless.execute(DRAWN_BEFORE, {"id": drawn, "product": product.pk, "owner": owner.pk})
        hand.settle()
    assert drawn not in decided()
    assert any("passed without an event" in line for line in broken_invariants())


def test_control_without_holes_a_late_command_is_lost(
    product: Product, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def advance_and_forget(market, commands, bound) -> None:  # type: ignore[no-untyped-def]
        advance(market, commands, bound)
        market.holes.clear()

    monkeypatch.setattr(reader, "advance", advance_and_forget)
    with engine() as hand, elsewhere() as slow:
        late = insert(slow, product, owner)
        buy(product, owner, P10, ONE)
        hand.settle()
        slow.execute("COMMIT")
        hand.settle()
    assert late not in decided()


def test_a_sequence_that_leaps_is_an_error_and_not_a_million_holes(
    product: Product, owner: Owner
) -> None:
    with engine() as hand:
        buy(product, owner, P10, ONE)
        hand.settle()
        leap = f"SELECT setval('orderbook_command_{product.pk}', {(product.pk << 40) + 5_000_000})"
        hand.connection.execute(leap)
        buy(product, owner, P10, ONE)
        with pytest.raises(BrokenSequence):
            hand.step()
