"""Retiring from a balance: which serials, and what moves with them."""

from datetime import date

import pytest

from apps.accounts.errors import Conflict, InsufficientFunds, ServiceError
from apps.accounts.ledger.services import RETIRED
from apps.accounts.models import Balance, Owner, Transfer
from apps.registry.certifying import certificate_lines
from apps.registry.models import CreditClass, CreditEvent, Retirement, SerialBlock, Span
from apps.registry.services.retirements import retirement_create
from tests.support.factories import owner_make
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make

pytestmark = pytest.mark.django_db


def retire(owner: Owner, credit_class: CreditClass, grams: int, **fields: object) -> Retirement:
    given = {"beneficiary": "Lindblad", "idempotency_key": f"{grams}-{Retirement.objects.count()}"}
    return retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=grams,
        **(given | fields),  # type: ignore[arg-type]
    )


def cited(retirement: Retirement) -> list[tuple[int, int, int, int]]:
    """First and last serial, first and last gram of each line of the certificate."""
    return [
        (line.citation.first, line.citation.last, line.citation.gram_from, line.citation.gram_to)
        for line in certificate_lines(retirement)
    ]


def test_grams_leave_the_balance_for_good_and_cite_their_serials() -> None:
    owner, credit_class = holder_make()
    retirement = retire(owner, credit_class, 2 * TONNE, message="For 2025")
    assert Balance.objects.get(owner=owner).available == 8 * TONNE
    assert Balance.objects.get(owner__platform_name=RETIRED).available == 2 * TONNE
    transfer = Transfer.objects.latest("id")
    assert (transfer.kind, transfer.reference) == (Transfer.Kind.RETIREMENT, retirement.pk)
    assert cited(retirement) == [(1, 2, 1, TONNE)]
    event = CreditEvent.objects.get(kind=CreditEvent.Kind.RETIRED)
    assert event.reference == retirement.number
    assert broken_invariants() == []


def test_one_gram_is_enough() -> None:
    owner, credit_class = holder_make()
    assert cited(retire(owner, credit_class, 1)) == [(1, 1, 1, 1)]
    assert broken_invariants() == []


def test_fractions_fill_up_one_tonne_together() -> None:
    owner, credit_class = holder_make()
    one = retire(owner, credit_class, 400_000)
    two = retire(owner, credit_class, 500_000)
    three = retire(owner, credit_class, 300_000)
    assert cited(one) == [(1, 1, 1, 400_000)]
    assert cited(two) == [(1, 1, 400_001, 900_000)]
    assert cited(three) == [(1, 2, 900_001, 200_000)]
    [line] = certificate_lines(one)
    assert [(full.serial, full.is_full) for full in line.shared] == [(1, True)]
    [line] = certificate_lines(three)
    assert [(full.serial, full.percent) for full in line.shared] == [(1, 100), (2, 20)]
    assert broken_invariants() == []


def test_a_whole_tonne_is_a_whole_serial_although_another_is_begun() -> None:
    owner, credit_class = holder_make()
    retire(owner, credit_class, 400_000)
    assert cited(retire(owner, credit_class, 3 * TONNE)) == [(2, 4, 1, TONNE)]
    assert cited(retire(owner, credit_class, TONNE + 1)) == [
        (1, 1, 400_001, 400_001),
        (5, 5, 1, TONNE),
    ]


def test_the_oldest_issuance_goes_first_and_unknown_dates_before_all() -> None:
    newest = block_make(1, 2, issued_on=date(2026, 3, 3))
    oldest = block_make(101, 2, issued_on=date(2025, 1, 1))
    unknown = block_make(201, 2, issued_on=None)
    owner, credit_class = holder_make(newest, oldest, unknown)
    assert cited(retire(owner, credit_class, 5 * TONNE)) == [
        (1, 1, 1, TONNE),
        (101, 102, 1, TONNE),
        (201, 202, 1, TONNE),
    ]


def test_neighbouring_blocks_are_cited_one_by_one() -> None:
    owner, credit_class = holder_make(block_make(1, 2), block_make(3, 2))
    assert cited(retire(owner, credit_class, 3 * TONNE)) == [(1, 2, 1, TONNE), (3, 3, 1, TONNE)]


def test_everything_can_be_retired_to_the_last_gram_and_no_further() -> None:
    owner, credit_class = holder_make()
    retire(owner, credit_class, 300_000)
    retire(owner, credit_class, 9_700_000)
    assert not list(SerialBlock.objects.get().free)
    with pytest.raises(InsufficientFunds):
        retire(owner, credit_class, 1)
    assert Retirement.objects.count() == 2, "the refused one left nothing"
    assert broken_invariants() == []


def test_nobody_retires_what_others_have() -> None:
    _owner, credit_class = holder_make()
    with pytest.raises(InsufficientFunds):
        retire(owner_make(), credit_class, 1)
    assert not Span.objects.exists()


def test_repeating_a_request_returns_the_first_answer() -> None:
    owner, credit_class = holder_make()
    first = retire(owner, credit_class, 5, idempotency_key="k")
    again = retire(owner, credit_class, 5, idempotency_key="k")
    assert again == first
    assert Balance.objects.get(owner=owner).available == 10 * TONNE - 5


@pytest.mark.parametrize(
    "change", [{"beneficiary": "Other"}, {"message": "Other"}, {"period_start": date(2025, 1, 1)}]
)
def test_a_key_is_not_for_two_requests(change: dict[str, object]) -> None:
    owner, credit_class = holder_make()
    retire(owner, credit_class, 5, idempotency_key="k")
    with pytest.raises(Conflict) as caught:
        retire(owner, credit_class, 5, idempotency_key="k", **change)
    assert caught.value.code == "idempotency_key_reused"


def test_a_key_is_not_for_two_classes_either() -> None:
    owner, one = holder_make()
    retire(owner, one, 5, idempotency_key="k")
    _owner, other = holder_make(block_make(5_001, year=2022))
    with pytest.raises(Conflict):
        retire(owner, other, 5, idempotency_key="k")


def test_two_owners_may_use_the_same_key() -> None:
    one, credit_class = holder_make()
    other, _same = holder_make(block_make(101))
    assert retire(one, credit_class, 5, idempotency_key="k") != retire(
        other, credit_class, 5, idempotency_key="k"
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount_grams": 0}, "amount_grams"),
        ({"amount_grams": -5}, "amount_grams"),
        ({"beneficiary": "  "}, "beneficiary"),
        ({"beneficiary": "x" * 201}, "beneficiary"),
        ({"message": "x" * 501}, "message"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"idempotency_key": "x" * 121}, "idempotency_key"),
        (
            {"period_start": date(2025, 2, 1), "period_end": date(2025, 1, 1)},
            "period_end",
        ),
    ],
)
def test_a_request_that_makes_no_sense_names_its_field(
    fields: dict[str, object], field: str
) -> None:
    owner, credit_class = holder_make()
    request = {"amount_grams": 5, "beneficiary": "B", "idempotency_key": "k"} | fields
    with pytest.raises(ServiceError) as caught:
        retirement_create(owner=owner, credit_class=credit_class, **request)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert not Retirement.objects.exists()


def test_certificate_numbers_are_never_given_twice() -> None:
    owner, credit_class = holder_make()
    numbers = {retire(owner, credit_class, 1).number for _ in range(5)}
    assert len(numbers) == 5
