"""People and organisations: created whole, and never left without an owner."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import IntegrityError, transaction

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.models import Membership, Organisation, Owner, User
from apps.accounts.services.organisations import (
    membership_remove,
    membership_set,
    organisation_create,
)
from apps.accounts.services.users import owner_ensure, user_create
from tests.support.factories import PASSWORD, organisation_make, user_make

pytestmark = pytest.mark.django_db

Role = Membership.Role


def test_a_person_is_created_with_an_owner_and_an_address() -> None:
    user = user_create(email="one@example.com", password=PASSWORD, email_verified=True)
    assert user.owner.user == user
    assert user.check_password(PASSWORD)
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.verified, address.primary) == ("one@example.com", True, True)
    assert owner_ensure(user=user) == user.owner


def test_the_command_that_creates_a_superuser_creates_the_owner_too() -> None:
    call_command("createsuperuser", email="boss@example.com", interactive=False, verbosity=0)
    assert Owner.objects.get(user__email="boss@example.com").pk


@pytest.mark.parametrize("email", ["one@example.com", "ONE@example.com", "One@Example.Com"])
def test_an_address_is_one_persons_however_it_is_spelled(email: str) -> None:
    user_create(email="one@example.com")
    with pytest.raises(Conflict) as refusal:
        user_create(email=email)
    assert refusal.value.code == "email_taken"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email=email)


def test_the_database_refuses_a_superuser_who_audits() -> None:
    with pytest.raises(IntegrityError, match="auditor_changes_nothing"), transaction.atomic():
        user_create(email="both@example.com", is_auditor=True, is_superuser=True)
    user_create(email="both@example.com", is_auditor=True)


def test_who_creates_an_organisation_is_its_first_owner() -> None:
    user = user_make()
    organisation = organisation_create(name=" Green Works ", by=user, country="DE")
    assert organisation.name == "Green Works"
    assert organisation.owner.organisation == organisation
    assert organisation.memberships.get().role == Role.OWNER


@pytest.mark.parametrize(
    ("name", "country"), [("", ""), ("  ", ""), ("x" * 201, ""), ("A", "ZZZ"), ("A", "XX")]
)
def test_an_organisation_needs_a_name_and_a_country_that_exists(name: str, country: str) -> None:
    with pytest.raises(ServiceError):
        organisation_create(name=name, by=user_make(), country=country)
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.OWNER])
def test_only_owners_choose_members(role: str) -> None:
    boss, member, newcomer = user_make(), user_make(), user_make()
    organisation = organisation_make(by=boss, **{role: member})
    with pytest.raises(NotPermitted):
        membership_set(organisation=organisation, user=newcomer, role=Role.VIEWER, by=member)
    with pytest.raises(NotPermitted):
        membership_set(organisation=organisation, user=member, role=Role.OWNER, by=member)
    with pytest.raises(NotPermitted):
        membership_remove(organisation=organisation, user=boss, by=member)
    membership_set(organisation=organisation, user=newcomer, role=Role.VIEWER, by=boss)
    assert organisation.memberships.get(user=newcomer).role == Role.VIEWER


def test_setting_a_role_again_changes_it() -> None:
    boss, member = user_make(), user_make()
    organisation = organisation_make(by=boss, viewer=member)
    membership_set(organisation=organisation, user=member, role=Role.TRADER, by=boss)
    assert organisation.memberships.get(user=member).role == Role.TRADER


def test_everybody_may_leave_but_the_last_owner() -> None:
    boss, member = user_make(), user_make()
    organisation = organisation_make(by=boss, viewer=member)
    membership_remove(organisation=organisation, user=member, by=member)
    for change in (
        lambda: membership_remove(organisation=organisation, user=boss, by=boss),
        lambda: membership_set(organisation=organisation, user=boss, role=Role.VIEWER, by=boss),
    ):
        with pytest.raises(Conflict) as refusal:
            change()
        assert refusal.value.code == "last_owner"
    assert list(organisation.memberships.values_list("user", "role")) == [(boss.pk, Role.OWNER)]
