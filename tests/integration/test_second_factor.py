"""What leaves for a wallet takes a second factor, and so does a key that may send it."""

from __future__ import annotations

import time
from typing import Any

import pytest
import time_machine
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from apps.accounts.models import ApiKey, User
from tests.support.factories import client_of, user_make

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
GUARDED = ("/coins", "/nfts/take-out")


@pytest.fixture(autouse=True)
def asked_for(settings: Settings) -> None:
    settings.WITHDRAWAL_SECOND_FACTOR = True


@pytest.fixture
def user() -> User:
    return user_make()


@pytest.fixture
def client(user: User) -> Client:
    return client_of(user)


def code_now() -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


def make_key(client: Client, *scopes: str) -> Any:
    return client.post("/account/api-keys/", {"name": "bot", "scopes": ["view", *scopes]})


def gave(client: Client, user: User, *, ago_s: int = 0, method: str = "mfa") -> None:
    """As if the person had given it in this browser, so long ago."""
    request = RequestFactory().get("/")
    request.session = client.session
    with time_machine.travel(time.time() - ago_s, tick=False):
        record_authentication(request, user, method)
    request.session.save()


@pytest.mark.parametrize("path", GUARDED)
def test_who_has_none_is_asked_to_set_one_up(client: Client, path: str) -> None:
    for send in (client.get, client.post):
        answer = send(path)
        assert (answer.status_code, answer.url) == (302, "/accounts/2fa/totp/activate/")


def test_who_has_one_gives_it_and_goes_on(client: Client, user: User) -> None:
    TOTP.activate(user, SECRET)
    asked = client.get("/coins")
    assert asked.url == "/accounts/2fa/reauthenticate/?next=%2Fcoins"
    wrong = client.post(asked.url, {"code": "000000"})
    assert wrong.status_code == 200
    assert client.get("/coins").status_code == 302
    assert client.post(asked.url, {"code": code_now()}).url == "/coins"
    assert client.get("/coins").status_code == 200
    assert Authenticator.objects.get(user=user).last_used_at is not None


def test_it_is_good_for_a_while_and_only_then(
    client: Client, user: User, settings: Settings
) -> None:
    gave(client, user, ago_s=settings.SECOND_FACTOR_FRESH_S + 1)
    assert client.get("/coins").status_code == 302
    gave(client, user, ago_s=settings.SECOND_FACTOR_FRESH_S - 60)
    assert client.get("/coins").status_code == 200


def test_a_password_is_no_second_factor(client: Client, user: User) -> None:
    gave(client, user, method="password")
    assert client.get("/coins").status_code == 302


def test_a_key_that_moves_value_takes_one_and_another_does_not(client: Client, user: User) -> None:
    assert make_key(client, "transfer").status_code == 302
    assert not ApiKey.objects.exists()
    assert make_key(client, "trade").status_code == 200
    gave(client, user)
    assert make_key(client, "transfer").status_code == 200
    assert ApiKey.objects.count() == 2


def test_where_it_is_switched_off_nobody_is_asked(client: Client, settings: Settings) -> None:
    settings.WITHDRAWAL_SECOND_FACTOR = False
    assert client.get("/coins").status_code == 200
