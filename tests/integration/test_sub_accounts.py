"""Sub-accounts are opened, renamed, limited to members and closed by owners, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.acting import ALL_SCOPES, scopes_for_owner
from apps.accounts.errors import ServiceError
from apps.accounts.models import HistoryEntry, Invitation, Membership, MembershipAccount, Owner
from apps.accounts.roles import accounts_beside, accounts_of, members_for
from apps.accounts.services.account_closing import sub_account_close
from apps.accounts.services.api_keys import api_key_create
from apps.accounts.services.gifts import gift_claim, gift_create
from apps.accounts.services.invitations import invitation_accept, invitation_create
from apps.accounts.services.organisations import membership_set
from apps.accounts.services.sub_accounts import (
    OPEN_MAX,
    membership_limit,
    sub_account_open,
    sub_account_rename,
)
from apps.accounts.verification import standing_of
from apps.nft.selectors.owners import account_tag, owner_of_tag
from tests.support.api import bot_of
from tests.support.departments import UNIT, Departments, cash, departments_make
from tests.support.factories import fund, organisation_make, owner_make, user_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Departments:
    return departments_make()


def refused(code: str, do: Callable[[], object]) -> None:
    with pytest.raises(ServiceError) as refusal, transaction.atomic():
        do()
    assert refusal.value.code == code


def test_a_sub_account_is_its_organisation_s_with_a_name_of_its_own(world: Departments) -> None:
    assert str(world.fleet) == f"{world.organisation} · Fleet"
    assert world.fleet.main_id == world.main.pk
    assert world.fleet.organisation is not None
    assert standing_of(world.fleet.organisation).is_verified
    tags = {account_tag(account) for account in (world.main, world.fleet, world.travel)}
    assert len(tags) == 3
    assert owner_of_tag(account_tag(world.fleet)) == world.fleet
    assert owner_of_tag(account_tag(world.main)) == world.main
    opened = HistoryEntry.objects.filter(table_name="accounts_owner", actor=world.boss)
    assert [entry.operation for entry in opened] == ["insert", "insert"]


def test_names_are_told_apart_and_may_be_used_again(world: Departments) -> None:
    def opening(name: str) -> Callable[[], object]:
        return lambda: sub_account_open(organisation=world.organisation, name=name, by=world.boss)

    refused("name_taken", opening(" fLEET "))
    refused("name_invalid", opening("  "))
    refused("name_invalid", opening("x" * 81))
    refused("name_invalid", opening("a\u202eb"))
    refused(
        "name_taken", lambda: sub_account_rename(account=world.fleet, name="Travel", by=world.boss)
    )
    sub_account_rename(account=world.fleet, name="FLEET", by=world.boss)
    sub_account_close(account=world.fleet, by=world.boss)
    again = sub_account_open(organisation=world.organisation, name="Fleet", by=world.boss)
    assert again != world.fleet


def test_only_owners_change_accounts(world: Departments) -> None:
    stranger = organisation_make().members.get()
    for by in (world.trader, world.clerk, user_make(), stranger):
        asked: list[Callable[[], object]] = [
            lambda by=by: sub_account_open(organisation=world.organisation, name="New", by=by),  # type: ignore[misc]
            lambda by=by: sub_account_rename(account=world.fleet, name="New", by=by),  # type: ignore[misc]
            lambda by=by: sub_account_close(account=world.fleet, by=by),  # type: ignore[misc]
            lambda by=by: membership_limit(  # type: ignore[misc]
                organisation=world.organisation, user=world.clerk, accounts=None, by=by
            ),
        ]
        for do in asked:
            refused("not_permitted", do)
    for owner in (world.main, owner_make()):
        refused("main_account", lambda owner=owner: sub_account_close(account=owner, by=world.boss))  # type: ignore[misc]


def test_there_are_no_more_than_the_dialect_has(world: Departments) -> None:
    Owner.objects.bulk_create(
        Owner(
            organisation=world.organisation,
            parent=world.main,
            department=f"D{number}",
            public_id=f"00000000-0000-4000-8000-{number:012}",
            opened_at=timezone.now(),
        )
        for number in range(OPEN_MAX - 2)
    )
    refused(
        "too_many_accounts",
        lambda: sub_account_open(organisation=world.organisation, name="One more", by=world.boss),
    )


def test_a_limited_member_acts_for_their_accounts_and_knows_of_no_other(world: Departments) -> None:
    assert list(accounts_of(world.clerk)) == [world.fleet]
    assert list(accounts_of(world.trader)) == [world.main, world.fleet, world.travel]
    for account, may in ((world.main, False), (world.fleet, True), (world.travel, False)):
        assert bool(scopes_for_owner(user=world.clerk, owner=account)) is may
        assert members_for(account).filter(user=world.clerk).exists() is may
        bot = bot_of(world.boss, owner=account)
        bot.key.api_key.user = world.clerk
        bot.key.api_key.save()
        status = bot.get("/accounts").status_code
        assert status == (200 if may else 403), account
    beside = accounts_beside(owner=world.fleet, user=world.clerk)
    assert list(beside) == [world.fleet]
    refused(
        "not_permitted",
        lambda: api_key_create(user=world.clerk, owner=world.travel, name="x", scopes=["view"]),
    )


def test_limits_are_set_taken_away_and_never_bind_an_owner(world: Departments) -> None:
    def limit(*accounts: Owner, user: object = world.clerk) -> Callable[[], Membership]:
        terms = {"organisation": world.organisation, "user": user, "by": world.boss}
        return lambda: membership_limit(accounts=accounts, **terms)  # type: ignore[arg-type]

    limit(world.travel, world.main)()
    assert list(accounts_of(world.clerk)) == [world.main, world.travel]
    limit()()
    assert not accounts_of(world.clerk).exists()
    refused("not_found", limit(organisation_make().owner))
    refused("not_found", limit(world.fleet, user=user_make()))
    refused("owner_not_limited", limit(world.fleet, user=world.boss))
    membership_set(organisation=world.organisation, user=world.clerk, role="owner", by=world.boss)
    assert accounts_of(world.clerk).count() == 3
    assert not MembershipAccount.objects.exists()


def test_who_is_invited_for_some_accounts_acts_for_these(world: Departments) -> None:
    def invite(email: str, *accounts: Owner, role: str = "viewer") -> Invitation:
        terms = {"organisation": world.organisation, "by": world.boss, "accounts": accounts}
        return invitation_create(email=email, role=role, **terms)  # type: ignore[arg-type]

    guest = user_make()
    invitation_accept(invitation=invite(guest.email, world.travel), user=guest)
    assert list(accounts_of(guest)) == [world.travel]
    refused("not_found", lambda: invite("a@example.org", organisation_make().owner))
    refused("owner_not_limited", lambda: invite("a@example.org", world.fleet, role="owner"))


def test_a_closed_account_is_empty_reads_and_lets_out_what_strangers_send(
    world: Departments,
) -> None:
    world.move(UNIT)
    refused("account_not_empty", lambda: sub_account_close(account=world.fleet, by=world.boss))
    gift = {"asset": cash(), "amount": UNIT, "to": "somebody@example.org"}
    given = gift_create(owner=world.fleet, idempotency_key="g", **gift)  # type: ignore[arg-type]
    refused(
        "account_not_empty",
        lambda: sub_account_close(account=world.fleet, to=world.main, by=world.boss),
    )
    gift_claim(gift=given, owner=world.travel)
    for _again in range(2):
        closed = sub_account_close(account=world.travel, to=world.main, by=world.boss)
    assert closed.closed_at is not None
    assert scopes_for_owner(user=world.boss, owner=closed) == {"view", "transfer"}
    assert scopes_for_owner(user=world.trader, owner=closed) == {"view"}
    assert scopes_for_owner(user=world.boss, owner=world.main) == ALL_SCOPES
    refused("account_closed", lambda: world.move(UNIT, closed, idempotency_key="in"))
    refused("account_closed", lambda: sub_account_rename(account=closed, name="x", by=world.boss))
    other = gift_create(owner=world.main, idempotency_key="g", **gift)  # type: ignore[arg-type]
    refused("account_closed", lambda: gift_claim(gift=other, owner=closed))
    fund(closed, cash(), UNIT)
    world.move(UNIT, world.main, from_owner=closed)


@pytest.mark.parametrize(
    "change",
    [
        {"parent": None},
        {"organisation": None},
        {"department": ""},
        {"public_id": None},
        {"opened_at": None},
    ],
)
def test_the_database_keeps_sub_accounts_what_they_are(
    world: Departments, change: dict[str, object]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Owner.objects.filter(pk=world.fleet.pk).update(**change)


def test_the_database_refuses_accounts_that_are_nobody_s(world: Departments) -> None:
    other, person = organisation_make(), owner_make()
    new = {
        "department": "X",
        "public_id": world.organisation.public_id,
        "opened_at": timezone.now(),
    }
    for fields in (
        {"organisation": other, "parent": world.main, **new},
        {"organisation": world.organisation, "parent": world.fleet, **new},
        {"organisation": world.organisation, "parent": person, **new},
        {"organisation": world.organisation},
        {"organisation": world.organisation, "parent": world.main, **new, "department": "travel"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Owner.objects.create(**fields)
    member = Membership.objects.get(user=world.clerk)
    for account in (other.owner, person):
        with pytest.raises(IntegrityError), transaction.atomic():
            MembershipAccount.objects.create(membership=member, account=account)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(user=world.boss).update(is_limited=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        world.travel.delete()
    world.move(UNIT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Owner.objects.filter(pk=world.fleet.pk).update(closed_at=timezone.now())
    sub_account_close(account=world.travel, by=world.boss)
    with pytest.raises(IntegrityError), transaction.atomic():
        Owner.objects.filter(pk=world.travel.pk).update(closed_at=None)
