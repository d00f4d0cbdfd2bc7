"""Whatever happens to credits in custody, in whatever order and by however many at once.

No gram is lost, doubled or in two places; what the services refuse moves nothing.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase, TransactionTestCase

from apps.accounts.ledger.invariants import held_equals_holds
from apps.registry.models import SerialBlock, Span
from tests.support.custody_moves import MOVES, Move, World, lost_or_doubled, moves
from tests.support.examples import examples
from tests.support.races import race
from tests.support.registry import TONNE, broken_invariants

WAIT_S = 60
WRITERS = 3


def broken() -> list[str]:
    """Everything that could be."""
    holds = list(held_equals_holds())
    return lost_or_doubled() + broken_invariants() + holds


def play_at_once(world: World, *hands: list[Move]) -> Counter[str]:
    """Each hand by a writer of its own, all at once; which moves were done."""

    def player_of(hand: list[Move]) -> Callable[[], object]:
        return lambda: world.play(hand)

    results = race(*map(player_of, hands), wait_s=WAIT_S)
    assert [result for result in results if isinstance(result, Exception)] == []
    return Counter(name for result in results for name in result)  # type: ignore[attr-defined]


class InAnyOrder(TestCase):
    """One after the other."""

    @settings(
        max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(moves(14))
    def test_no_gram_is_lost_or_doubled(self, hand: list[Move]) -> None:
        with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder):
            World().play(hand)
            assert broken() == []


class ByManyAtOnce(TransactionTestCase):
    """Writers with connections of their own, who wait for each other or are refused."""

    @settings(
        max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(st.tuples(*[moves(6)] * WRITERS))
    def test_no_gram_is_lost_or_doubled(self, hands: tuple[list[Move], ...]) -> None:
        with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder):
            play_at_once(World(), *hands)
            assert broken() == []


@pytest.mark.django_db
def test_every_kind_of_move_is_one_that_can_be_made(tmp_path: Path) -> None:
    """So that what is drawn above is not refused throughout."""
    hand: list[Move] = [
        ("split", 0, 11),
        ("take_out", 3, 0),
        ("redeem", 0, 0),
        ("retire_on_chain", 1, 1),
        ("retire", 1, 3),
        ("fill", 0, 0),
        ("confirm", 0, 0),
        ("withdraw", 4, 0),
        ("cancel", 0, 0),
        ("withdraw", 4, 0),
        ("end", 0, 1),
        ("receive", 0, 1),
    ]
    with override_settings(MEDIA_ROOT=tmp_path):
        assert World().play(hand) == [name for name, _one, _other in hand]
        assert {name for name, _one, _other in hand} == set(MOVES)
        assert broken() == []


@pytest.mark.django_db(transaction=True)
def test_writers_who_want_the_same_credits_do_get_in_each_others_way(tmp_path: Path) -> None:
    """So that what is drawn above does meet: four want nine tonnes each of sixteen."""
    with override_settings(MEDIA_ROOT=tmp_path):
        hand: list[Move] = [("take_out", 3, 0), ("split", 0, 11), ("withdraw", 4, 0), ("end", 0, 1)]
        done = play_at_once(World(), hand, hand, hand, hand)
        assert 1 <= done["take_out"] + done["withdraw"] < 8
        assert done["split"] > 0
        assert broken() == []


@pytest.mark.django_db
def test_with_the_services_bypassed_the_database_keeps_blocks_and_spans_apart() -> None:
    World()
    block = SerialBlock.objects.get(start=1)
    Span.objects.create(block=block, grams=(block.base, block.base + TONNE), state="tokenised")
    facts = {"series": block.series, "vintage": block.vintage, "serial": "x", "state": "issued"}
    for write in (
        lambda: SerialBlock.objects.create(start=16, end=16, **facts),
        lambda: SerialBlock.objects.create(start=24, end=30, **facts),
        lambda: Span.objects.create(
            block=block, grams=(block.base + TONNE - 1, block.base + TONNE + 1), state="retired"
        ),
        lambda: SerialBlock.objects.filter(pk=block.pk).update(end=17),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
    assert lost_or_doubled() == []
