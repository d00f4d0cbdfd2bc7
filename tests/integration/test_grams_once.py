"""Blocks, spans and endings written past all services: the database alone keeps each gram once.

What it refuses is exactly what overlaps, whoever writes and however many at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase, TransactionTestCase
from psycopg.errors import DeadlockDetected

from apps.registry.models import SerialBlock
from tests.support.examples import examples
from tests.support.factories import owner_make
from tests.support.races import race
from tests.support.registry import TONNE, block_make, receive

WAIT_S = 60
WRITERS = 3
# Numbers of the series beyond those of the block that makes it.
FREE = 1_000
Range = tuple[int, int]

BLOCK = """
INSERT INTO registry_serialblock (series_id, vintage_id, serial, start, "end", base, state,
    retirement_beneficiary, retirement_reason, retirement_details, certifications, created_at)
SELECT s.id, %(vintage)s, 'x', %(first)s, %(last)s, s.first_gram + %(first)s * 1000000, 'issued',
    '', '', '', '{}', now()
FROM registry_serialseries s WHERE s.id = %(series)s
"""
ENTRY = """
INSERT INTO registry_registryentry (registry_id, project_id, kind, reference, series_id, grams,
    quantity_grams, beneficiary, reason, details, labels, created_at)
SELECT s.registry_id, %(project)s, 'retirement', gen_random_uuid()::text, s.id, int8range(
    s.first_gram + %(first)s * 1000000, s.first_gram + (%(last)s + 1) * 1000000),
    (%(last)s - %(first)s + 1) * 1000000, '', '', '', '{}', now()
FROM registry_serialseries s WHERE s.id = %(series)s
"""
SPAN = """
INSERT INTO registry_span (block_id, grams, state, created_at)
SELECT b.id, int8range(b.base + %(first)s - 1, b.base + %(last)s), 'tokenised', now()
FROM registry_serialblock b WHERE b.id = %(block)s
"""
ranges = st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda drawn: (drawn[0], sum(drawn)))
hands = st.lists(ranges, max_size=10)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where ranges are written: the statement, and the rows it needs."""

    statement: str
    block: SerialBlock

    def put(self, part: Range) -> bool:
        """Whether the database took it."""
        shift = 0 if self.statement is SPAN else FREE
        row = {
            "first": part[0] + shift,
            "last": part[1] + shift,
            "block": self.block.pk,
            "series": self.block.series_id,
            "vintage": self.block.vintage_id,
            "project": self.block.vintage.project_id,
        }
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(self.statement, row)
        except IntegrityError:
            return False
        except OperationalError as error:
            # Of two who wait for each other's ranges one is sent away.
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
            return False
        return True


def shelves() -> dict[str, Shelf]:
    block = block_make(1, 1)
    receive(block, owner_make())
    block.refresh_from_db()
    assert block.grams == TONNE
    return {name: Shelf(sql, block) for name, sql in STATEMENTS.items()}


STATEMENTS = {"blocks": BLOCK, "endings": ENTRY, "spans": SPAN}


def overlap(one: Range, other: Range) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


class ByOne(TestCase):
    @settings(
        max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(hands)
    def test_just_what_overlaps_is_refused(self, hand: list[Range]) -> None:
        for name, shelf in shelves().items():
            taken: list[Range] = []
            for part in hand:
                is_free = not any(overlap(part, other) for other in taken)
                assert shelf.put(part) is is_free, (name, part, taken)
                taken += [part] if is_free else []


class ByManyAtOnce(TransactionTestCase):
    @settings(max_examples=examples(4), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.tuples(*[hands] * WRITERS), st.sampled_from(sorted(STATEMENTS)))
    def test_nothing_that_was_taken_overlaps(
        self, drawn: tuple[list[Range], ...], name: str
    ) -> None:
        shelf = shelves()[name]
        taken = taken_at_once(shelf, drawn)
        for at, part in enumerate(taken):
            assert not any(overlap(part, other) for other in taken[:at]), (name, taken)
        for part in (part for hand in drawn for part in hand if part not in taken):
            is_free = not any(overlap(part, other) for other in taken)
            assert shelf.put(part) is is_free, "refused in the crowd, it is judged alike alone"
            taken += [part] if is_free else []


def taken_at_once(shelf: Shelf, drawn: Sequence[list[Range]]) -> list[Range]:
    """What the database took of writers who come at once, each with a connection of its own."""

    def putter_of(hand: list[Range]) -> Callable[[], object]:
        return lambda: [part for part in hand if shelf.put(part)]

    results = race(*map(putter_of, drawn), wait_s=WAIT_S)
    assert [result for result in results if isinstance(result, Exception)] == []
    return [part for result in results for part in result]  # type: ignore[attr-defined]
