"""Whole tonnes going out as NFTs, coming back, or being retired out there."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.services import BRIDGE
from apps.accounts.models import Balance, Owner
from apps.registry.certifying import certificate_lines
from apps.registry.models import CreditClass, CreditEvent, Retirement, SerialBlock, Span
from apps.registry.services.retirements import retirement_create
from apps.registry.services.spans import span_release, spans_reserve, tokenised_redeem
from tests.support.examples import examples
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make
from tests.support.retiring import bridge, retire_on_chain, take_out


def standing(block: SerialBlock) -> list[tuple[int, int, str]]:
    """The block's spans as first serial, last serial and state."""
    return [
        (
            block.start + (span.grams.lower - block.base) // TONNE,
            block.start + (span.grams.upper - block.base) // TONNE - 1,
            span.state,
        )
        for span in block.spans.order_by("grams")
    ]


@pytest.fixture
def block(db: None) -> SerialBlock:
    return block_make()


@pytest.fixture
def held(block: SerialBlock) -> tuple[Owner, CreditClass]:
    return holder_make(block)


def test_what_is_reserved_is_whole_serials_oldest_first(
    held: tuple[Owner, CreditClass], block: SerialBlock
) -> None:
    owner, credit_class = held
    retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=300_000,
        beneficiary="B",
        idempotency_key="k",
    )
    spans = spans_reserve(credit_class=credit_class, tonnes=3)
    assert [(span.grams.lower, span.grams.upper) for span in spans] == [
        (block.base + TONNE, block.base + 4 * TONNE)
    ]
    bridge(owner, credit_class, 3 * TONNE)
    assert broken_invariants() == []


def test_a_reservation_across_blocks_is_a_span_in_each(db: None) -> None:
    one, other = block_make(1, 2), block_make(101, 2)
    _owner, credit_class = holder_make(one, other)
    spans = spans_reserve(credit_class=credit_class, tonnes=3)
    assert [span.block_id for span in spans] == [one.pk, other.pk]


def test_no_more_than_there_is_and_no_less_than_a_tonne(
    held: tuple[Owner, CreditClass],
) -> None:
    _owner, credit_class = held
    with pytest.raises(Conflict) as caught:
        spans_reserve(credit_class=credit_class, tonnes=11)
    assert caught.value.code == "grams_short"
    with pytest.raises(ServiceError):
        spans_reserve(credit_class=credit_class, tonnes=0)
    assert not Span.objects.exists()


def test_a_reservation_that_failed_is_given_back(
    held: tuple[Owner, CreditClass], block: SerialBlock
) -> None:
    _owner, credit_class = held
    [span] = spans_reserve(credit_class=credit_class, tonnes=10)
    span_release(span=span)
    assert spans_reserve(credit_class=credit_class, tonnes=10)
    assert CreditEvent.objects.filter(kind=CreditEvent.Kind.TOKENISED).count() == 0


def test_redeeming_the_middle_parts_the_span(
    held: tuple[Owner, CreditClass], block: SerialBlock
) -> None:
    owner, credit_class = held
    take_out(owner, credit_class, 6)
    tokenised_redeem(block=block, first_serial=3, last_serial=4, reference="0xburn")
    bridge(owner, credit_class, -2 * TONNE)
    assert standing(block) == [(1, 2, "tokenised"), (5, 6, "tokenised")]
    assert [event.kind for event in CreditEvent.objects.all()] == [
        "received",
        "tokenised",
        "redeemed",
    ]
    assert broken_invariants() == []
    [span] = spans_reserve(credit_class=credit_class, tonnes=2)
    assert (span.grams.lower - block.base) // TONNE == 2, "what came back goes out again"


@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        (1, 2, [(3, 4, "tokenised")]),
        (3, 4, [(1, 2, "tokenised")]),
        (1, 4, []),
        (2, 3, [(1, 1, "tokenised"), (4, 4, "tokenised")]),
    ],
)
def test_any_part_may_come_back(
    held: tuple[Owner, CreditClass],
    block: SerialBlock,
    first: int,
    last: int,
    left: list[tuple[int, int, str]],
) -> None:
    owner, credit_class = held
    take_out(owner, credit_class, 4)
    tokenised_redeem(block=block, first_serial=first, last_serial=last, reference="0x1")
    bridge(owner, credit_class, -(last - first + 1) * TONNE)
    assert standing(block) == left
    assert broken_invariants() == []


@pytest.mark.parametrize(("first", "last"), [(5, 5), (4, 5), (1, 10), (10, 10)])
def test_what_is_not_out_cannot_come_back(
    held: tuple[Owner, CreditClass], block: SerialBlock, first: int, last: int
) -> None:
    owner, credit_class = held
    take_out(owner, credit_class, 4)
    with pytest.raises(Conflict) as caught:
        tokenised_redeem(block=block, first_serial=first, last_serial=last, reference="0x1")
    assert caught.value.code == "not_tokenised"
    assert standing(block) == [(1, 4, "tokenised")]


def test_nothing_comes_back_twice(held: tuple[Owner, CreditClass], block: SerialBlock) -> None:
    owner, credit_class = held
    take_out(owner, credit_class, 4)
    tokenised_redeem(block=block, first_serial=1, last_serial=1, reference="0x1")
    with pytest.raises(Conflict):
        tokenised_redeem(block=block, first_serial=1, last_serial=1, reference="0x1")


def test_a_retirement_on_chain_has_a_certificate_of_its_own(
    held: tuple[Owner, CreditClass], block: SerialBlock
) -> None:
    owner, credit_class = held
    take_out(owner, credit_class, 4)
    retirement = retire_on_chain(block, 2, 3)
    assert retirement.source == Retirement.Source.CHAIN
    assert retirement.amount_grams == 2 * TONNE
    [line] = certificate_lines(retirement)
    assert (line.citation.first, line.citation.last) == (2, 3)
    assert standing(block) == [(1, 1, "tokenised"), (2, 3, "retired"), (4, 4, "tokenised")]
    assert Balance.objects.get(owner__platform_name=BRIDGE).available == 2 * TONNE
    assert broken_invariants() == []


def test_the_same_event_of_the_chain_retires_once(
    held: tuple[Owner, CreditClass], block: SerialBlock
) -> None:
    owner, credit_class = held
    take_out(owner, credit_class, 4)
    assert retire_on_chain(block, 2, 3) == retire_on_chain(block, 2, 3)
    assert Retirement.objects.count() == 1


def test_a_wallet_may_write_anything_for_the_beneficiary(
    held: tuple[Owner, CreditClass], block: SerialBlock
) -> None:
    owner, credit_class = held
    take_out(owner, credit_class, 3)
    assert retire_on_chain(block, 1, 1, beneficiary="\0\n").beneficiary
    long = retire_on_chain(block, 2, 2, beneficiary="é" * 999, message="字" * 999)
    assert (len(long.beneficiary), len(long.message)) == (200, 500)


class AnySequence(TestCase):
    """Whatever is taken, given back and retired in whatever order: no gram is lost or doubled."""

    @settings(
        max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(
        st.lists(st.tuples(st.integers(0, 3), st.integers(1, 8), st.integers(1, 3)), max_size=12)
    )
    def test_it_conserves_every_gram(self, steps: list[tuple[int, int, int]]) -> None:
        block = block_make(1, 8)
        owner, credit_class = holder_make(block)
        for number, (action, at, tonnes) in enumerate(steps):
            last = min(at + tonnes - 1, 8)
            try:
                with transaction.atomic():
                    if action == 0:
                        retirement_create(
                            owner=owner,
                            credit_class=credit_class,
                            amount_grams=at * 333_333,
                            beneficiary="B",
                            idempotency_key=str(number),
                        )
                    elif action == 1:
                        take_out(owner, credit_class, tonnes)
                    elif action == 2:
                        tokenised_redeem(
                            block=block, first_serial=at, last_serial=last, reference="0x"
                        )
                        bridge(owner, credit_class, -(last - at + 1) * TONNE)
                    else:
                        retire_on_chain(block, at, last, idempotency_key=f"0x{number}")
            except ServiceError:
                continue
        assert broken_invariants() == []
