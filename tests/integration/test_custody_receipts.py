"""Blocks coming into custody: two people, once, and the grams go to the owner."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.errors import Conflict, FourEyesRequired, NotPermitted, ServiceError
from apps.accounts.ledger.services import POOL, platform_owner_get
from apps.accounts.models import Asset, Balance, FourEyesModel, Owner, User
from apps.registry.models import CreditClass, CreditEvent, CustodyReceipt, SerialBlock, Vintage
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from tests.support.factories import owner_make, staff_make, user_make
from tests.support.registry import TONNE, block_make, broken_invariants, receive

pytestmark = pytest.mark.django_db

APPROVED, REJECTED = FourEyesModel.Decision.APPROVED, FourEyesModel.Decision.REJECTED


@pytest.fixture
def proposer() -> User:
    return staff_make(("add", CustodyReceipt))


@pytest.fixture
def decider() -> User:
    return staff_make(("add", CustodyReceipt), ("change", CustodyReceipt))


@pytest.fixture
def owner() -> Owner:
    return owner_make()


def propose(owner: Owner, by: User, block: SerialBlock | None = None) -> CustodyReceipt:
    return custody_receipt_propose(
        block=block or block_make(), owner=owner, registry_reference=" T-1 ", by=by
    )


def test_a_proposal_moves_nothing(owner: Owner, proposer: User) -> None:
    receipt = propose(owner, proposer)
    assert receipt.registry_reference == "T-1"
    assert receipt.block.state == SerialBlock.State.ISSUED
    assert not Balance.objects.exists()
    assert broken_invariants() == []


def test_an_approved_block_is_immobilised_and_its_grams_are_the_owners(
    owner: Owner, proposer: User, decider: User
) -> None:
    receipt = propose(owner, proposer)
    custody_receipt_decide(proposal=receipt, decision=APPROVED, by=decider)
    block = SerialBlock.objects.get()
    assert block.state == SerialBlock.State.IMMOBILISED
    assert [(r.lower, r.upper) for r in block.free] == [(block.base, block.base + 10 * TONNE)]
    assert Balance.objects.get(owner=owner).available == 10 * TONNE
    event = CreditEvent.objects.get()
    assert (event.kind, event.reference) == (CreditEvent.Kind.RECEIVED, "T-1")
    assert broken_invariants() == []


def test_the_class_and_its_asset_come_with_the_first_block(owner: Owner) -> None:
    block = block_make()
    assert block.vintage.credit_class is None
    credit_class = receive(block, owner)
    assert (credit_class.code, credit_class.year) == ("VCS-1987-2023", 2023)
    assert (credit_class.asset.code, credit_class.asset.kind) == (
        "VCS-1987-2023",
        Asset.Kind.CREDIT,
    )
    assert receive(block_make(101), owner) == credit_class
    assert CreditClass.objects.count() == 1


def test_periods_of_one_year_share_a_class_whether_known_before_or_after(owner: Owner) -> None:
    block = block_make()
    early = Vintage.objects.create(
        project=block.vintage.project, start=date(2022, 6, 1), end=date(2023, 5, 31), year=2023
    )
    credit_class = receive(block, owner)
    early.refresh_from_db()
    assert early.credit_class == credit_class
    assert block_make(201, year=2023).vintage.credit_class == credit_class
    assert block_make(301, year=2022).vintage.credit_class is None


def test_a_rejected_block_stays_where_it_was_and_may_be_proposed_again(
    owner: Owner, proposer: User, decider: User
) -> None:
    receipt = propose(owner, proposer)
    custody_receipt_decide(proposal=receipt, decision=REJECTED, by=decider, note="not there")
    assert SerialBlock.objects.get().state == SerialBlock.State.ISSUED
    assert not Balance.objects.exists()
    assert propose(owner, proposer, receipt.block).pk


def test_the_proposer_cannot_approve(owner: Owner, decider: User) -> None:
    receipt = propose(owner, decider)
    with pytest.raises(FourEyesRequired):
        custody_receipt_decide(proposal=receipt, decision=APPROVED, by=decider)
    assert SerialBlock.objects.get().state == SerialBlock.State.ISSUED


def test_the_database_itself_refuses_one_person_in_both_roles(owner: Owner, proposer: User) -> None:
    receipt = propose(owner, proposer)
    with pytest.raises(IntegrityError, match="four_eyes"):
        CustodyReceipt.objects.filter(pk=receipt.pk).update(
            decision="approved", decided_by=proposer
        )


def test_others_may_neither_propose_nor_approve(owner: Owner, proposer: User) -> None:
    with pytest.raises(NotPermitted):
        propose(owner, user_make())
    receipt = propose(owner, proposer, block_make(501))
    with pytest.raises(NotPermitted):
        custody_receipt_decide(proposal=receipt, decision=APPROVED, by=user_make())


def test_a_block_is_received_once(owner: Owner, proposer: User, decider: User) -> None:
    receipt = propose(owner, proposer)
    with pytest.raises(ServiceError):
        propose(owner, proposer, receipt.block)
    custody_receipt_decide(proposal=receipt, decision=APPROVED, by=decider)
    custody_receipt_decide(proposal=receipt, decision=APPROVED, by=decider)
    assert Balance.objects.get(owner=owner).available == 10 * TONNE
    with pytest.raises(Conflict) as caught:
        propose(owner, proposer, SerialBlock.objects.get())
    assert caught.value.code == "block_not_available"


def test_a_block_that_is_retired_at_the_registry_cannot_be_received(
    owner: Owner, proposer: User, decider: User
) -> None:
    receipt = propose(owner, proposer)
    SerialBlock.objects.update(state=SerialBlock.State.RETIRED, retired_on=date(2026, 4, 1))
    with pytest.raises(Conflict) as caught:
        custody_receipt_decide(proposal=receipt, decision=APPROVED, by=decider)
    assert caught.value.code == "block_not_available"
    receipt.refresh_from_db()
    assert receipt.decision == FourEyesModel.Decision.PENDING, "the decision is undone with it"
    assert not Balance.objects.exists()


def test_the_platforms_own_accounts_cannot_receive(proposer: User) -> None:
    with pytest.raises(ServiceError) as caught:
        propose(platform_owner_get(name=POOL), proposer)
    assert caught.value.field == "owner"


@pytest.mark.parametrize(
    "change",
    [{"start": 2}, {"end": 11}, {"base": 7}, {"vintage_id": 999_999}],
)
def test_the_database_keeps_a_blocks_serials_and_address(change: dict[str, int]) -> None:
    block = block_make()
    with pytest.raises(IntegrityError), transaction.atomic():
        SerialBlock.objects.filter(pk=block.pk).update(**change)


def test_the_database_refuses_a_serial_in_two_blocks() -> None:
    block = block_make(1, 10)
    with pytest.raises(IntegrityError, match="registry_block_serials_once"), transaction.atomic():
        SerialBlock.objects.create(
            series=block.series, vintage=block.vintage, serial="x", start=10, end=19
        )
    SerialBlock.objects.create(
        series=block.series, vintage=block.vintage, serial="x", start=11, end=19
    )


def test_the_database_refuses_more_than_the_vintage_issued() -> None:
    block = block_make(1, 10)
    Vintage.objects.update(issued_tonnes=15)
    again = {"series": block.series, "vintage": block.vintage, "serial": "x"}
    SerialBlock.objects.create(**again, start=11, end=15)
    with pytest.raises(IntegrityError, match="total issuance"), transaction.atomic():
        SerialBlock.objects.create(**again, start=16, end=16)
    with pytest.raises(IntegrityError, match="total issuance"), transaction.atomic():
        Vintage.objects.update(issued_tonnes=14)


def test_the_database_refuses_a_serial_beyond_the_window_of_its_series() -> None:
    block = block_make(1, 10)
    beyond = 10**10
    with pytest.raises(IntegrityError, match="window"), transaction.atomic():
        SerialBlock.objects.create(
            series=block.series, vintage=block.vintage, serial="x", start=beyond, end=beyond
        )
