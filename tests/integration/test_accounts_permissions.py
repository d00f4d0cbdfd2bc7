"""Who may do what: every scope for every kind of person, in a session and with a key."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.acting import ALL_SCOPES
from apps.accounts.errors import NotPermitted, ServiceError
from apps.accounts.models import ApiKey, Membership, User
from apps.accounts.services.api_keys import api_key_create, api_key_revoke
from tests.support.factories import api_key_make, client_of, organisation_make, user_make
from tests.support.signing import call

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.api_probe")]

ROLES = {
    "owner": {"view", "trade", "transfer", "retire"},
    "trader": {"view", "trade", "retire"},
    "approver": {"view"},
    "accountant": {"view"},
    "viewer": {"view"},
}
SCOPES = sorted(ALL_SCOPES)


def allowed(client: Client) -> set[str]:
    """The scopes whose views let this client in; the others must say 403 and why."""
    answers = {scope: client.get(f"/api/v1/needs/{scope}") for scope in SCOPES}
    for answer in answers.values():
        assert answer.status_code in (200, 403)
        if answer.status_code == 403:
            assert answer.json()["code"] == "scope_missing"
    return {scope for scope, answer in answers.items() if answer.status_code == 200}


def acting_for(client: Client, organisation_pk: int) -> Client:
    session = client.session
    session["acting_organisation"] = organisation_pk
    session.save()
    return client


@pytest.mark.parametrize("scope", SCOPES)
def test_nobody_unknown_does_anything(scope: str) -> None:
    assert Client().get(f"/api/v1/needs/{scope}").status_code == 401


def test_a_person_may_do_everything_for_themselves() -> None:
    assert allowed(client_of(user_make())) == ALL_SCOPES


def test_an_auditor_only_looks_even_for_themselves() -> None:
    assert allowed(client_of(user_make(is_auditor=True))) == {"view"}


@pytest.mark.parametrize(("role", "scopes"), ROLES.items(), ids=ROLES)
def test_a_member_may_do_what_the_role_says(role: str, scopes: set[str]) -> None:
    member = user_make()
    organisation = organisation_make(**{role: member})
    assert allowed(acting_for(client_of(member), organisation.pk)) == scopes


@pytest.mark.parametrize("role", ROLES)
def test_an_auditor_only_looks_whatever_the_role(role: str) -> None:
    member = user_make(is_auditor=True)
    organisation = organisation_make(**{role: member})
    assert allowed(acting_for(client_of(member), organisation.pk)) == {"view"}


def test_a_session_that_claims_a_strangers_organisation_acts_for_nobody() -> None:
    client = acting_for(client_of(user_make()), organisation_make().pk)
    assert client.get("/api/v1/needs/view").json()["code"] == "membership_ended"


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_may_do_what_it_was_given(scope: str) -> None:
    key = api_key_make(user_make(), scopes=[scope])
    for other in SCOPES:
        assert call(key, f"/api/v1/needs/{other}").status_code == (200 if other == scope else 403)


def test_a_session_cookie_does_not_widen_a_key() -> None:
    user = user_make()
    key = api_key_make(user, scopes=["view"])
    client = client_of(user)
    assert client.get("/api/v1/needs/trade").status_code == 200
    assert call(key, "/api/v1/needs/trade").status_code == 403


@pytest.mark.parametrize(("role", "scopes"), ROLES.items(), ids=ROLES)
def test_nobody_gives_a_key_more_than_they_have(role: str, scopes: set[str]) -> None:
    member = user_make()
    owner = organisation_make(**{role: member}).owner
    for scope in SCOPES:
        if scope in scopes:
            api_key_create(user=member, owner=owner, name="Bot", scopes=[scope])
        else:
            with pytest.raises(NotPermitted):
                api_key_create(user=member, owner=owner, name="Bot", scopes=[scope])
    assert ApiKey.objects.count() == len(scopes)


def test_nobody_makes_a_key_for_a_stranger() -> None:
    stranger = user_make()
    for owner in (user_make().owner, organisation_make().owner):
        with pytest.raises(NotPermitted):
            api_key_create(user=stranger, owner=owner, name="Bot", scopes=["view"])


@pytest.mark.parametrize("scopes", [[], ["everything"], ["view", "admin"]])
def test_a_key_has_known_scopes(scopes: list[str]) -> None:
    user = user_make()
    with pytest.raises(ServiceError) as refusal:
        api_key_create(user=user, owner=user.owner, name="Bot", scopes=scopes)
    assert refusal.value.field == "scopes"


@pytest.mark.parametrize(
    ("who", "may"), [("maker", True), ("owner", True), ("trader", False), ("stranger", False)]
)
def test_a_key_of_an_organisation_is_revoked_by_its_maker_and_its_owners(
    who: str, may: bool
) -> None:
    people: dict[str, User] = {
        name: user_make() for name in ("maker", "owner", "trader", "stranger")
    }
    organisation = organisation_make(by=people["owner"], trader=people["trader"])
    Membership.objects.create(
        organisation=organisation, user=people["maker"], role=Membership.Role.VIEWER
    )
    key = api_key_make(people["maker"], owner=organisation.owner, scopes=["view"]).api_key
    if may:
        api_key_revoke(api_key=key, by=people[who])
    else:
        with pytest.raises(NotPermitted):
            api_key_revoke(api_key=key, by=people[who])
    key.refresh_from_db()
    assert (key.revoked_at is not None) == may
