"""The admin: who sees what, and that it changes only what it should."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import (
    ApiKey,
    Asset,
    Balance,
    BankTransfer,
    Organisation,
    Owner,
    Transfer,
    User,
    Wallet,
)
from apps.accounts.references import reference_of
from tests.support.factories import (
    PASSWORD,
    TONNE,
    api_key_make,
    asset_make,
    client_of,
    fund,
    organisation_make,
    owner_make,
    staff_make,
    user_make,
    wallet_make,
)

pytestmark = pytest.mark.django_db

MODELS = [ApiKey, Asset, Balance, BankTransfer, Organisation, Owner, Transfer, User, Wallet]
SERVICES_WRITE = [ApiKey, Asset, Balance, Organisation, Owner, Transfer, Wallet]


def url(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def superuser() -> User:
    return user_make(is_staff=True, is_superuser=True)


@pytest.fixture
def auditor() -> User:
    return user_make(is_staff=True, is_auditor=True)


@pytest.fixture
def everything() -> None:
    owner, cash = owner_make(), asset_make("USDC")
    fund(owner, cash, 3 * TONNE)
    api_key_make(owner.user)
    wallet_make(owner, "0x" + "ab" * 20)
    organisation_make()
    BankTransfer.objects.create(
        owner=owner, asset=cash, amount=1, bank_reference="B-1", proposed_by=user_make()
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("who", ["superuser", "auditor"])
@pytest.mark.usefixtures("everything")
def test_every_list_and_every_row_opens(
    model: type, who: str, request: pytest.FixtureRequest
) -> None:
    client = client_of(request.getfixturevalue(who))
    assert client.get(url(model, "changelist")).status_code == 200
    row = model.objects.latest("pk")
    assert client.get(url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_customers_and_strangers_are_sent_to_the_sign_in(model: type) -> None:
    for client in (Client(), client_of(user_make())):
        response = client.get(url(model, "changelist"))
        assert response.status_code == 302
        assert "login" in response["Location"]


@pytest.mark.parametrize("model", SERVICES_WRITE)
@pytest.mark.usefixtures("everything")
def test_not_even_a_superuser_writes_what_services_write(model: type, superuser: User) -> None:
    client = client_of(superuser)
    row = model.objects.latest("pk")
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "change", row.pk), {}).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.usefixtures("everything")
def test_an_auditor_changes_nothing_whatever_was_granted(auditor: User) -> None:
    for permission in ("accounts.change_user", "accounts.add_banktransfer", "auth.change_group"):
        assert not auditor.has_perm(permission)
    client = client_of(auditor)
    assert client.get(url(BankTransfer, "add")).status_code == 403
    assert client.get(url(User, "add")).status_code == 403
    assert client.post(url(User, "change", auditor.pk), {"name": "x"}).status_code == 403


def test_the_list_of_transfers_never_counts_the_table(superuser: User) -> None:
    fund(owner_make(), asset_make("USDC"), TONNE)
    client = client_of(superuser)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url(Transfer, "changelist")).status_code == 200
    touching = [q["sql"] for q in queries if '"accounts_transfer"' in q["sql"]]
    assert touching
    assert not [sql for sql in touching if "COUNT(" in sql.upper()]


def test_secrets_of_a_key_are_on_no_page(superuser: User) -> None:
    new = api_key_make(user_make())
    page = client_of(superuser).get(url(ApiKey, "change", new.api_key.pk)).content.decode()
    assert new.api_key.key in page
    assert new.secret not in page
    assert new.api_key.passphrase_digest not in page


def test_staff_revoke_a_key_by_posting_only() -> None:
    key = api_key_make(user_make()).api_key
    client = client_of(staff_make(("change", ApiKey), ("view", ApiKey)))
    revoke = reverse("admin:accounts_apikey_revoke", args=[key.pk])
    assert client.get(revoke).status_code == 200
    key.refresh_from_db()
    assert key.revoked_at is None
    assert client.post(revoke, {"_form_submitted": "on"}).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_staff_without_the_permission_cannot_revoke_a_key() -> None:
    key = api_key_make(user_make()).api_key
    client = client_of(staff_make(("view", ApiKey)))
    revoke = reverse("admin:accounts_apikey_revoke", args=[key.pk])
    assert client.post(revoke, {"_form_submitted": "on"}).status_code == 403
    key.refresh_from_db()
    assert key.revoked_at is None


def test_an_owner_is_found_by_the_reference_on_the_bank_statement(superuser: User) -> None:
    wanted, other = owner_make("wanted@example.com"), owner_make("other@example.com")
    page = client_of(superuser).get(url(Owner, "changelist"), {"q": reference_of(wanted)})
    assert str(wanted) in page.content.decode()
    assert str(other) not in page.content.decode()


def test_a_person_added_by_a_superuser_has_an_owner(superuser: User) -> None:
    form = {
        "email": "added@example.com",
        "name": "",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    assert client_of(superuser).post(url(User, "add"), form).status_code == 302
    assert User.objects.get(email="added@example.com").owner.pk


def test_staff_cannot_give_themselves_rights_or_others_a_password() -> None:
    staff = staff_make(("change", User), ("view", User))
    boss = user_make(is_staff=True, is_superuser=True)
    client = client_of(staff)
    assert client.post(url(User, "change", staff.pk), {"is_superuser": "on"}).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    form = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert client.post(password, form).status_code == 403
