"""Two connections that want the same gram: exactly one gets it, whatever the code forgets.

Every test has its negative control: the same race with the guard taken away is lost.
"""

import itertools
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.errors import Conflict, InsufficientFunds, ServiceError
from apps.accounts.models import Balance, Owner
from apps.registry.models import CreditClass, SerialBlock, Span
from apps.registry.services import spans as span_services
from apps.registry.services.retirements import retirement_create
from apps.registry.services.spans import spans_reserve
from tests.support.races import WAIT_S, race
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = """
INSERT INTO registry_span (block_id, grams, state, created_at)
VALUES (%s, int8range(%s, %s), 'tokenised', now())
"""


@pytest.fixture
def block() -> SerialBlock:
    return block_make(1, 1)


@pytest.fixture
def held(block: SerialBlock) -> tuple[Owner, CreditClass]:
    """One owner of one tonne, made of one serial."""
    return holder_make(block)


def retire_the_tonne(owner: Owner, credit_class: CreditClass, key: str) -> Callable[[], object]:
    return lambda: retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=TONNE,
        beneficiary="B",
        idempotency_key=key,
    )


def reserve_the_tonne(credit_class: CreditClass) -> Callable[[], object]:
    return lambda: spans_reserve(credit_class=credit_class, tonnes=1)


def refused(results: list[object]) -> list[ServiceError]:
    """Those who lost; everybody else must have won without a word."""
    lost = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, ServiceError) for error in lost), lost
    return lost  # type: ignore[return-value]


def test_of_two_who_retire_the_same_tonne_one_does(held: tuple[Owner, CreditClass]) -> None:
    results = race(retire_the_tonne(*held, "a"), retire_the_tonne(*held, "b"))
    [loser] = refused(results)
    assert isinstance(loser, InsufficientFunds)
    assert Span.objects.count() == 1
    assert broken_invariants() == []


def test_of_two_who_take_the_same_tonne_out_one_does(held: tuple[Owner, CreditClass]) -> None:
    _owner, credit_class = held
    results = race(reserve_the_tonne(credit_class), reserve_the_tonne(credit_class))
    [loser] = refused(results)
    assert loser.code == "grams_short"
    assert Span.objects.count() == 1


def test_of_one_who_retires_and_one_who_takes_out_one_does(
    held: tuple[Owner, CreditClass],
) -> None:
    _owner, credit_class = held
    results = race(retire_the_tonne(*held, "a"), reserve_the_tonne(credit_class))
    [loser] = refused(results)
    assert loser.code == "grams_short"
    assert Span.objects.count() == 1


def test_many_who_retire_grams_at_once_share_the_tonne_without_a_gap(block: SerialBlock) -> None:
    owner, credit_class = holder_make(block)

    def retire(number: int) -> Callable[[], object]:
        return lambda: retirement_create(
            owner=owner,
            credit_class=credit_class,
            amount_grams=123_456,
            beneficiary="B",
            idempotency_key=str(number),
        )

    assert refused(race(*(retire(number) for number in range(8)))) == []
    edges = sorted((span.grams.lower, span.grams.upper) for span in Span.objects.all())
    assert edges[0][0] == block.base
    assert all(one[1] == other[0] for one, other in itertools.pairwise(edges))
    assert Balance.objects.get(owner=owner).available == TONNE - 8 * 123_456
    assert broken_invariants() == []


def test_the_same_request_sent_twice_at_once_retires_once(
    held: tuple[Owner, CreditClass],
) -> None:
    results = race(retire_the_tonne(*held, "same"), retire_the_tonne(*held, "same"))
    assert refused(results) == []
    assert results[0] == results[1]
    assert Span.objects.count() == 1


def test_without_the_lock_both_choose_the_same_tonne_and_the_database_refuses_one(
    held: tuple[Owner, CreditClass], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the lock: it shows that the races above are real."""
    _owner, credit_class = held
    both_have_chosen = threading.Barrier(2)
    choose = span_services._choose

    def choose_and_wait(*args: object, **options: object) -> object:
        taken = choose(*args, **options)  # type: ignore[arg-type]
        both_have_chosen.wait(WAIT_S)
        return taken

    monkeypatch.setattr(span_services, "credit_class_lock", lambda **_: None)
    monkeypatch.setattr(span_services, "_choose", choose_and_wait)
    results = race(reserve_the_tonne(credit_class), reserve_the_tonne(credit_class))
    [loser] = [result for result in results if isinstance(result, Exception)]
    # By the exclusion constraint alone. Where each meets the other's row before either is done,
    # PostgreSQL ends one of the two as a deadlock.
    is_deadlock = isinstance(loser.__cause__, psycopg.errors.DeadlockDetected)
    assert is_deadlock or getattr(loser, "code", "") == "grams_taken", loser
    assert Span.objects.count() == 1


@pytest.fixture
def two_connections() -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Two plain connections to the test's database, with nothing of ours in between."""
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    parameters.pop("prepare_threshold", None)
    connection.close()
    with psycopg.connect(**parameters) as one, psycopg.connect(**parameters) as other:
        yield one, other
        one.rollback()
        other.rollback()


def test_with_the_services_bypassed_the_database_refuses_the_second_insert(
    held: tuple[Owner, CreditClass],
    block: SerialBlock,
    two_connections: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    one, other = two_connections
    one.execute(INSERT, [block.pk, block.base, block.base + TONNE])
    waiting: list[object] = []

    def insert_the_last_gram() -> None:
        try:
            waiting.append(
                other.execute(INSERT, [block.pk, block.base + TONNE - 1, block.base + TONNE])
            )
        except psycopg.Error as error:
            waiting.append(error)

    second = threading.Thread(target=insert_the_last_gram, daemon=True)
    second.start()
    one.commit()
    second.join(WAIT_S)
    [error] = waiting
    assert isinstance(error, psycopg.errors.ExclusionViolation)
    assert "registry_span_gram_once" in str(error)


def test_without_the_constraint_the_second_insert_goes_through(
    held: tuple[Owner, CreditClass], block: SerialBlock
) -> None:
    """The negative control of the constraint, undone with the transaction it is dropped in."""
    values = [block.pk, block.base, block.base + TONNE]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_span DROP CONSTRAINT registry_span_gram_once")
        cursor.execute(INSERT, values)
        cursor.execute(INSERT, values)
        assert Span.objects.count() == 2
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        with pytest.raises(IntegrityError, match="registry_span_gram_once"):
            cursor.execute(INSERT, values)


def test_a_span_outside_its_block_is_refused_by_the_database(
    held: tuple[Owner, CreditClass], block: SerialBlock
) -> None:
    for lower, upper in ((-1, TONNE - 1), (1, TONNE + 1), (TONNE, 2 * TONNE), (5, 5)):
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute(INSERT, [block.pk, block.base + lower, block.base + upper])


def test_a_span_of_a_block_that_is_not_in_custody_is_refused_by_the_database() -> None:
    block = block_make(101, 1)
    with (
        pytest.raises(IntegrityError, match="not inside an immobilised block"),
        connection.cursor() as cursor,
    ):
        cursor.execute(INSERT, [block.pk, block.base, block.base + 1])


def test_whoever_waits_too_long_is_told_to_try_again(
    held: tuple[Owner, CreditClass], monkeypatch: pytest.MonkeyPatch
) -> None:
    _owner, credit_class = held
    monkeypatch.setattr("apps.registry.services.credit_classes.LOCK_TIMEOUT_MS", 50)
    with transaction.atomic():
        span_services.credit_class_lock(credit_class=credit_class)
        [loser] = refused(race(reserve_the_tonne(credit_class)))
    assert isinstance(loser, Conflict)
    assert loser.code == "busy"
