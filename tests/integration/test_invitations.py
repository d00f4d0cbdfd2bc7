"""Owners invite by mail; whom the address belongs to becomes a member, once, in that role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from apps.accounts.errors import Conflict, NotFound, NotPermitted, ServiceError
from apps.accounts.models import HistoryEntry, Invitation, Membership, Organisation, User
from apps.accounts.services.invitations import (
    OPEN_MAX,
    invitation_accept,
    invitation_create,
    invitation_decline,
    invitation_link,
    invitation_of_token,
    invitation_revoke,
    invitations_mail,
)
from apps.accounts.services.users import user_create
from tests.support.factories import PASSWORD, client_of, organisation_make, user_make
from tests.support.pages import breaks_of_policy, text_of

Role = Membership.Role
EMAIL = "newcomer@example.org"

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return user_make()


@pytest.fixture
def company(boss: User) -> Organisation:
    return organisation_make(by=boss)


@pytest.fixture
def newcomer() -> User:
    return user_create(email=EMAIL, password=PASSWORD, email_verified=True)


def invite(
    company: Organisation, boss: User, role: str = Role.TRADER, email: str = EMAIL
) -> Invitation:
    return invitation_create(organisation=company, email=email, role=role, by=boss)


def role_in(company: Organisation, user: User) -> str | None:
    return company.memberships.filter(user=user).values_list("role", flat=True).first()


def code_of(refusal: pytest.ExceptionInfo[ServiceError]) -> str:
    return refusal.value.code


def browser_of(user: User, company: Organisation) -> Client:
    """Signed in, and acting for the company."""
    client = client_of(user)
    client.post(reverse("acting_switch"), {"organisation": company.pk})
    return client


def path_of(invitation: Invitation) -> str:
    return "/" + invitation_link(invitation).split("/", 3)[3]


def test_whom_the_address_belongs_to_becomes_a_member_once(
    company: Organisation, boss: User, newcomer: User
) -> None:
    invitation = invite(company, boss)
    for _again in range(2):
        assert invitation_accept(invitation=invitation, user=newcomer).role == Role.TRADER
    assert role_in(company, newcomer) == Role.TRADER
    with pytest.raises(Conflict) as refusal:
        invitation_revoke(invitation=invitation, by=boss)
    assert code_of(refusal) == "invitation_ended"
    company.memberships.filter(user=newcomer).delete()
    with pytest.raises(Conflict):
        invitation_accept(invitation=invitation, user=newcomer)


def test_nobody_else_accepts_it_whatever_link_they_have(
    company: Organisation, boss: User, newcomer: User
) -> None:
    invitation = invite(company, boss)
    other = user_make()
    EmailAddress.objects.create(user=other, email="other@example.org", verified=True)
    EmailAddress.objects.filter(user=newcomer).update(verified=False)
    for user in (other, newcomer):
        with pytest.raises(Conflict) as refusal:
            invitation_accept(invitation=invitation, user=user)
        assert code_of(refusal) == "invitation_other_address"
        assert role_in(company, user) is None


def test_an_address_is_the_same_however_it_is_spelled(
    company: Organisation, boss: User, newcomer: User
) -> None:
    invitation = invite(company, boss, email=f" {EMAIL.upper()} ")
    invitation_accept(invitation=invitation, user=newcomer)
    with pytest.raises(Conflict) as refusal:
        invite(company, boss, email=EMAIL.title())
    assert code_of(refusal) == "already_member"


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.OWNER])
def test_only_owners_invite_and_take_back(company: Organisation, boss: User, role: str) -> None:
    member, invitation = user_make(), invite(company, boss)
    company.memberships.create(user=member, role=role)
    with pytest.raises(NotPermitted):
        invite(company, member, email="friend@example.org")
    with pytest.raises(NotPermitted):
        invitation_revoke(invitation=invitation, by=member)
    assert Invitation.objects.get().state == Invitation.State.OPEN


def test_an_auditor_who_owns_an_organisation_changes_nothing(
    company: Organisation, boss: User
) -> None:
    User.objects.filter(pk=boss.pk).update(is_auditor=True)
    with pytest.raises(NotPermitted):
        invite(company, User.objects.get(pk=boss.pk))


def test_an_invitation_ends_in_time_and_by_being_replaced(
    company: Organisation, boss: User, newcomer: User
) -> None:
    former, newer = invite(company, boss, Role.OWNER), invite(company, boss, Role.VIEWER)
    with pytest.raises(Conflict):
        invitation_accept(invitation=former, user=newcomer)
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        with pytest.raises(Conflict) as refusal:
            invitation_accept(invitation=newer, user=newcomer)
        assert code_of(refusal) == "invitation_ended"
        again = invite(company, boss, Role.APPROVER)
        assert invitation_accept(invitation=again, user=newcomer).role == Role.APPROVER


def test_what_was_declined_or_taken_back_is_over(
    company: Organisation, boss: User, newcomer: User
) -> None:
    declined = invitation_decline(invitation=invite(company, boss))
    revoked = invite(company, boss)
    for _again in range(2):
        invitation_revoke(invitation=revoked, by=boss)
        invitation_decline(invitation=declined)
    for invitation in (declined, revoked):
        with pytest.raises(Conflict):
            invitation_accept(invitation=invitation, user=newcomer)
    assert role_in(company, newcomer) is None


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "a b@example.org", "x" * 250 + "@example.org"]
)
def test_it_takes_an_address(company: Organisation, boss: User, email: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        invite(company, boss, email=email)
    assert code_of(refusal) == "email_invalid"


def test_nobody_mails_the_whole_world(company: Organisation, boss: User) -> None:
    for number in range(OPEN_MAX):
        invite(company, boss, email=f"{number}@example.org")
    with pytest.raises(Conflict) as refusal:
        invite(company, boss)
    assert code_of(refusal) == "too_many_invitations"
    assert invite(company, boss, email="7@example.org").is_open, "replacing one is none more"


def test_the_mail_comes_once_in_the_language_of_who_invites(
    company: Organisation, boss: User
) -> None:
    with translation.override("zh-hans"):
        invitation = invite(company, boss)
    for _sweep in range(2):
        invitations_mail()
    [sent] = mail.outbox
    assert sent.to == [EMAIL]
    assert str(company) in sent.subject
    assert "邀请" in sent.body
    assert invitation_link(invitation) in sent.body


def test_a_changed_link_opens_nothing(company: Organisation, boss: User) -> None:
    token = path_of(invite(company, boss)).split("/")[2]
    assert invitation_of_token(token).email == EMAIL
    with pytest.raises(NotFound):
        invitation_of_token(token[:-1])
    Invitation.objects.all().delete()
    with pytest.raises(NotFound):
        invitation_of_token(token)


# ------------------------------------------------------------------ pages


def test_from_the_page_to_the_membership(company: Organisation, boss: User, newcomer: User) -> None:
    page = browser_of(boss, company)
    sent = page.post(reverse("members"), {"email": EMAIL, "role": Role.TRADER})
    assert sent.status_code == 302
    invitation = Invitation.objects.get()
    shown = page.get(reverse("members"))
    assert breaks_of_policy(shown) == []
    assert EMAIL in text_of(shown)
    assert invitation_link(invitation) in text_of(shown)

    link = path_of(invitation)
    assert str(company) in text_of(Client().get(link))
    assert (
        Client().post(link, {"answer": "accept"})["Location"].startswith(reverse("account_login"))
    )
    joined = client_of(newcomer).post(link, {"answer": "accept"}, follow=True)
    assert f"You now act for {company}." in text_of(joined, "body")
    assert role_in(company, newcomer) == Role.TRADER
    entry = HistoryEntry.objects.get(table_name="accounts_membership", actor=newcomer)
    assert entry.operation == "insert"


def test_the_page_changes_roles_and_ends_memberships(
    company: Organisation, boss: User, newcomer: User
) -> None:
    company.memberships.create(user=newcomer, role=Role.VIEWER)
    page = browser_of(boss, company)
    page.post(reverse("member_role", args=[newcomer.public_id]), {"role": Role.APPROVER})
    assert role_in(company, newcomer) == Role.APPROVER
    page.post(reverse("member_remove", args=[newcomer.public_id]))
    assert role_in(company, newcomer) is None
    refused = page.post(reverse("member_remove", args=[boss.public_id]))
    assert refused.status_code == 409, "the last owner stays"


def test_a_viewer_sees_members_and_changes_nothing_but_their_own(
    company: Organisation, boss: User, newcomer: User
) -> None:
    company.memberships.create(user=newcomer, role=Role.VIEWER)
    invitation = invite(company, boss, email="third@example.org")
    page = browser_of(newcomer, company)
    shown = text_of(page.get(reverse("members")))
    assert boss.email in shown
    assert invitation_link(invitation) not in shown
    tries = {
        reverse("members"): {"email": "x@example.org", "role": Role.VIEWER},
        reverse("member_role", args=[newcomer.public_id]): {"role": Role.TRADER},
        reverse("member_remove", args=[boss.public_id]): {},
        reverse("invitation_revoke", args=[invitation.public_id]): {},
    }
    for path, fields in tries.items():
        assert page.post(path, fields).status_code in {403, 422}, path
    assert Invitation.objects.get().state == Invitation.State.OPEN
    assert (role_in(company, boss), role_in(company, newcomer)) == (Role.OWNER, Role.VIEWER)
    page.post(reverse("member_remove", args=[newcomer.public_id]))
    assert role_in(company, newcomer) is None


def test_another_company_reaches_none_of_it(
    company: Organisation, boss: User, newcomer: User
) -> None:
    company.memberships.create(user=newcomer, role=Role.VIEWER)
    invitation = invite(company, boss, email="third@example.org")
    stranger = user_make()
    page = browser_of(stranger, organisation_make(by=stranger))
    for name, row in (
        ("member_role", newcomer),
        ("member_remove", newcomer),
        ("invitation_revoke", invitation),
    ):
        path = reverse(name, args=[row.public_id])
        assert page.post(path, {"role": Role.OWNER}).status_code == 404
    assert client_of(stranger).get(reverse("members")).status_code == 404, "a person has no members"


@pytest.fixture
def second_factor(settings: Any) -> None:
    settings.WITHDRAWAL_SECOND_FACTOR = True


def test_who_lets_another_move_value_gives_a_second_factor(
    company: Organisation, boss: User, newcomer: User, second_factor: None
) -> None:
    company.memberships.create(user=newcomer, role=Role.VIEWER)
    page = browser_of(boss, company)
    role = reverse("member_role", args=[newcomer.public_id])
    for path, fields in (
        (reverse("members"), {"email": "x@example.org", "role": Role.OWNER}),
        (role, {"role": Role.OWNER}),
    ):
        assert page.post(path, fields)["Location"] == reverse("mfa_activate_totp")
    assert not Invitation.objects.exists()
    page.post(role, {"role": Role.TRADER})
    assert role_in(company, newcomer) == Role.TRADER
