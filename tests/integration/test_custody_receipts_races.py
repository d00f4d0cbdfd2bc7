"""Two members of staff who record the same block at once: one is told, nothing fails."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError

from apps.accounts.errors import ServiceError
from apps.accounts.models import Owner, User
from apps.registry.models import CustodyReceipt, SerialBlock
from apps.registry.services import custody
from tests.support.factories import owner_make, staff_make
from tests.support.races import WAIT_S, race
from tests.support.registry import block_make

pytestmark = pytest.mark.django_db(transaction=True)


def proposer_of(block: SerialBlock, owner: Owner) -> Callable[[], object]:
    by: User = staff_make(("add", CustodyReceipt))
    return lambda: custody.custody_receipt_propose(
        block=block, owner=owner, registry_reference="T-1", by=by
    )


def race_for_a_block() -> list[Exception]:
    """What whoever came second was told."""
    block, owner = block_make(), owner_make()
    results = race(*(proposer_of(block, owner) for _ in range(2)))
    assert CustodyReceipt.objects.count() == 1
    return [result for result in results if isinstance(result, Exception)]


def test_of_two_who_propose_a_block_at_once_one_is_told_that_it_was_proposed() -> None:
    [error] = race_for_a_block()
    assert isinstance(error, ServiceError)
    assert error.code == "invalid_proposal"


def test_without_the_lock_the_database_refuses_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: as an error of the database, or even as a deadlock."""
    both_have_looked = threading.Barrier(2)
    create = custody.proposal_create

    def create_together(*, proposal: CustodyReceipt, by: User) -> CustodyReceipt:
        clean = proposal.full_clean

        def clean_and_wait() -> None:
            clean()
            both_have_looked.wait(WAIT_S)

        monkeypatch.setattr(proposal, "full_clean", clean_and_wait)
        return create(proposal=proposal, by=by)

    monkeypatch.setattr(custody, "_LOCK_PROPOSALS", "SELECT 1")
    monkeypatch.setattr(custody, "proposal_create", create_together)
    [error] = race_for_a_block()
    assert isinstance(error, IntegrityError | OperationalError)
