"""Moving between an organisation's accounts: exact, once, and never to anybody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.errors import ServiceError
from apps.accounts.invariants_accounts import moves_are_transfers
from apps.accounts.ledger.invariants import balances_equal_transfers
from apps.accounts.ledger.services import Leg, ledger_post
from apps.accounts.models import AccountMove, Owner, Transfer, User
from apps.accounts.selectors import balance_of
from apps.accounts.services import account_closing, account_moves
from apps.accounts.services.account_closing import sub_account_close
from tests.support.departments import UNIT, Departments, cash, departments_make
from tests.support.factories import fund, organisation_make, owner_make
from tests.support.filling import triggers_off
from tests.support.races import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Departments:
    return departments_make()


def has(*accounts: Owner) -> list[int]:
    """What is available in each, the books being sound."""
    assert [*balances_equal_transfers(), *moves_are_transfers()] == []
    return [balance_of(account, cash()).available for account in accounts]


def refused(code: str, do: Callable[[], object]) -> None:
    with pytest.raises(ServiceError) as refusal:
        do()
    assert refusal.value.code == code


def test_a_move_is_one_transfer_and_repeating_it_changes_nothing(world: Departments) -> None:
    first = world.move(3 * UNIT + 1)
    assert world.move(3 * UNIT + 1) == first
    assert has(world.main, world.fleet) == [7 * UNIT - 1, 3 * UNIT + 1]
    moved = Transfer.objects.get(kind=Transfer.Kind.MOVE)
    assert (moved.reference, moved.amount) == (first.pk, 3 * UNIT + 1)
    refused("idempotency_key_reused", lambda: world.move(3 * UNIT))
    world.move(UNIT, world.travel, from_owner=world.fleet)
    assert has(world.fleet, world.travel) == [2 * UNIT + 1, UNIT]


def test_what_cannot_be_moved_is_refused_with_nothing_moved(world: Departments) -> None:
    stranger = organisation_make(by=world.boss).owner
    for code, amount, changes in (
        ("insufficient_funds", 10 * UNIT + 1, {}),
        ("amount_not_positive", 0, {}),
        ("same_account", UNIT, {"to_owner": world.main}),
        ("not_found", UNIT, {"to_owner": stranger}),
        ("not_found", UNIT, {"to_owner": world.boss.owner}),
        ("not_found", UNIT, {"from_owner": world.boss.owner, "to_owner": owner_make()}),
        ("scope_missing", UNIT, {"by": world.trader}),
        ("scope_missing", UNIT, {"by": world.clerk}),
        ("scope_missing", UNIT, {"by": owner_make().user}),
    ):
        refused(code, lambda amount=amount, changes=changes: world.move(amount, **changes))  # type: ignore[misc]
    assert has(world.main, world.fleet) == [10 * UNIT, 0]
    assert not AccountMove.objects.exists()


def test_the_database_refuses_moves_and_transfers_that_say_otherwise(world: Departments) -> None:
    stranger = organisation_make().owner
    fund(stranger, cash(), UNIT)
    terms: dict[str, Any] = {"asset": cash(), "amount": UNIT, "moved_by": world.boss}
    for one, other in ((world.main, stranger), (world.boss.owner, owner_make())):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccountMove.objects.create(from_owner=one, to_owner=other, idempotency_key="x", **terms)
    sub_account_close(account=world.travel, by=world.boss)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountMove.objects.create(
            from_owner=world.main, to_owner=world.travel, idempotency_key="x", **terms
        )
    move = world.move(UNIT)
    for change in ({"amount": 2}, {"to_owner": world.main}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccountMove.objects.filter(pk=move.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        move.delete()
    kind = Transfer.Kind.MOVE
    for leg in (
        Leg(world.main, world.fleet, cash(), UNIT, kind, move.pk + 1),
        Leg(world.main, world.fleet, cash(), UNIT + 1, kind, move.pk),
        Leg(world.main, stranger, cash(), UNIT, kind, move.pk),
        Leg(world.fleet, world.main, cash(), UNIT, kind, move.pk),
    ):
        with pytest.raises(IntegrityError, match="not what its move"), transaction.atomic():
            ledger_post(legs=[leg])
    assert has(world.main, world.fleet) == [9 * UNIT, UNIT]


def test_a_move_that_is_no_transfer_or_two_is_found(world: Departments) -> None:
    move = world.move(UNIT)
    ledger_post(legs=[Leg(world.main, world.fleet, cash(), UNIT, Transfer.Kind.MOVE, move.pk)])
    assert list(moves_are_transfers()) == [f"move {move.pk}: 2 transfers are what it says, not 1"]
    last = Transfer.objects.latest("pk")
    with triggers_off():
        Transfer.objects.filter(pk=last.pk).update(reference=0)
    assert list(moves_are_transfers()) == [
        f"transfer {last.pk}: a move between accounts that nobody asked for"
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", ["lock", "control: none"])
def test_of_two_moves_at_once_with_one_key_both_are_told_of_the_one(guarded: str) -> None:
    world = departments_make()
    with ExitStack() as forgotten:
        if guarded != "lock":
            forgotten.enter_context(_unlocked())
        told = race(*(lambda: world.move(6 * UNIT) for _ in range(2)))
    assert has(world.main, world.fleet) == [4 * UNIT, 6 * UNIT]
    assert (told[0] == told[1]) == (guarded == "lock")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", ["lock", "triggers", "control: neither"])
def test_what_is_moved_in_while_it_is_closed_is_in_an_open_account(guarded: str) -> None:
    world = departments_make()
    with ExitStack() as forgotten:
        if guarded != "lock":
            forgotten.enter_context(_unlocked())
        if guarded == "control: neither":
            forgotten.enter_context(_triggers_off())
        found = race(
            lambda: world.move(UNIT), lambda: sub_account_close(account=world.fleet, by=world.boss)
        )
    world.fleet.refresh_from_db()
    is_closed, [there] = world.fleet.closed_at is not None, has(world.fleet)
    lost = [result for result in found if isinstance(result, Exception)]
    if guarded == "control: neither":
        assert (is_closed, there, lost) == (True, UNIT, [])
        return
    assert there == (0 if is_closed else UNIT)
    [refusal] = lost
    if guarded == "triggers":
        assert isinstance(refusal, IntegrityError)
    else:
        assert isinstance(refusal, ServiceError)
        assert refusal.code == ("account_closed" if is_closed else "account_not_empty")


def test_control_without_the_guard_an_amount_moves_to_another_organisation(
    world: Departments,
) -> None:
    with triggers_off():
        move = AccountMove.objects.create(
            from_owner=world.main,
            to_owner=organisation_make().owner,
            asset=cash(),
            amount=UNIT,
            moved_by=world.boss,
            idempotency_key="x",
        )
    assert list(moves_are_transfers()) == [f"move {move.pk}: 0 transfers are what it says, not 1"]


@contextmanager
def _unlocked() -> Iterator[None]:
    """The services forget their locks, and two meet where each has read what stands."""
    both, post = threading.Barrier(2), account_moves.moves_post

    def read(*accounts: Owner) -> list[Owner]:
        return [Owner.objects.get(pk=account.pk) for account in accounts]

    def read_one(account: Owner, _by: User, *, beside: Owner | None = None) -> Owner:
        return Owner.objects.get(pk=account.pk)

    def met_empty(account: Owner) -> bool:
        found = any(balance.total for balance in account.balances.all())
        both.wait(10)
        return not found

    def met_to_post(moves: Sequence[AccountMove]) -> None:
        both.wait(10)
        post(moves)

    with (
        patch.object(account_moves, "accounts_lock", side_effect=read),
        patch.object(account_moves, "moves_post", side_effect=met_to_post),
        patch.object(account_closing, "sub_account_lock", side_effect=read_one),
        patch.object(account_closing, "is_empty", side_effect=met_empty),
    ):
        yield


@contextmanager
def _triggers_off() -> Iterator[None]:
    """The database does not look either."""
    try:
        _triggers("DISABLE")
        yield
    finally:
        _triggers("ENABLE")


def _triggers(does: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE accounts_owner {does} TRIGGER accounts_sub_account_changed")
        cursor.execute(
            f"ALTER TABLE accounts_accountmove {does} TRIGGER accounts_accountmove_guard"
        )
