"""HMAC keys: what is let in, what is not, and in whose words it is refused."""

from __future__ import annotations

import base64
import time
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.accounts.api.replays import signatures_forget
from apps.accounts.errors import ServiceError
from apps.accounts.models import ApiKey, Membership, UsedSignature, User
from apps.accounts.networks import networks_read
from apps.accounts.services.api_keys import NewApiKey, api_key_revoke
from tests.support.factories import api_key_make, client_of, organisation_make, user_make
from tests.support.redis_away import redis_away
from tests.support.signing import call, sign, signed_headers

__all__ = ["redis_away"]

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.api_probe")]


@pytest.fixture
def key() -> NewApiKey:
    return api_key_make(user_make())


def refusal(answer) -> tuple[int, str]:  # type: ignore[no-untyped-def]
    return answer.status_code, answer.json()["message"]


# --- let in --------------------------------------------------------------------------------------


def test_a_signed_request_acts_for_the_keys_owner(key: NewApiKey) -> None:
    answer = call(key)
    assert answer.status_code == 200
    assert answer.json() == {
        "user": key.api_key.user_id,
        "owner": key.api_key.owner_id,
        "scopes": ["retire", "trade", "transfer", "view"],
    }


@pytest.mark.parametrize("prefix", ["/api/v1", ""])
@pytest.mark.parametrize("rest", ["/probe", "/probe?limit=5&after=a%20b", "/probe/client:x-1"])
def test_the_path_is_signed_with_our_prefix_or_without(
    key: NewApiKey, prefix: str, rest: str
) -> None:
    assert call(key, f"/api/v1{rest}", signed_path=f"{prefix}{rest}").status_code == 200


def test_the_body_is_signed_as_it_was_sent(key: NewApiKey) -> None:
    body = '{ "side": "buy",\n "size": "1.5" }'
    assert call(key, body=body).json() == {"size_micro": "1500000", "size": "1.5"}


@pytest.mark.parametrize("seconds", ["{:.0f}", "{:.3f}", "{:.6f}"])
def test_timestamps_may_have_decimals(key: NewApiKey, seconds: str) -> None:
    assert call(key, timestamp=seconds.format(time.time())).status_code == 200


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signed_path",
    ["/api/v1/probe?x=1", "/probes", "/v1/probe", "/api/v1/api/v1/probe", "", "/api/v1"],
)
def test_another_path_than_the_signed_one_is_refused(key: NewApiKey, signed_path: str) -> None:
    assert refusal(call(key, signed_path=signed_path)) == (401, "invalid signature")


def test_another_method_body_or_moment_than_the_signed_one_is_refused(key: NewApiKey) -> None:
    path, now = "/api/v1/probe", str(int(time.time()))
    wrong = [
        sign(key.secret, now, "POST", path),
        sign(key.secret, now, "get", path),
        sign(key.secret, now, "GET", path, "{}"),
        sign(key.secret, str(int(now) - 1), "GET", path),
    ]
    for signature in wrong:
        assert refusal(call(key, timestamp=now, sign=signature)) == (401, "invalid signature")
    assert call(key, timestamp=now, sign=sign(key.secret, now, "GET", path)).status_code == 200


@pytest.mark.parametrize(
    "signature", ["x", "====", "é", "AAAA", "A" * 10_000, base64.b64encode(b"0" * 32).decode()]
)
def test_what_is_no_signature_at_all_is_refused(key: NewApiKey, signature: str) -> None:
    assert refusal(call(key, sign=signature)) == (401, "invalid signature")


def test_the_secret_of_another_key_is_refused(key: NewApiKey) -> None:
    other = api_key_make(user_make())
    headers = {**signed_headers(other, "GET", "/api/v1/probe")}
    headers["CB-ACCESS-KEY"] = key.api_key.key
    headers["CB-ACCESS-PASSPHRASE"] = key.passphrase
    answer = Client().get("/api/v1/probe", headers=headers)
    assert refusal(answer) == (401, "invalid signature")


@pytest.mark.parametrize("passphrase", ["x", "é", " "])
def test_a_wrong_passphrase_is_refused(key: NewApiKey, passphrase: str) -> None:
    assert refusal(call(key, passphrase=passphrase)) == (401, "Invalid Passphrase")


@pytest.mark.parametrize("name", ["x", "é", "0" * 32, "a\tb"])
def test_an_unknown_key_is_refused(key: NewApiKey, name: str) -> None:
    assert refusal(call(key, key=name)) == (401, "Invalid API Key")


@pytest.mark.parametrize(
    "timestamp",
    [
        "x",
        "",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "1e999999999",
        "0x10",
        "1" * 40,
        "2026-01-01",
    ],
)
def test_a_timestamp_that_is_no_moment_near_ours_is_refused(key: NewApiKey, timestamp: str) -> None:
    status, message = refusal(call(key, timestamp=timestamp or " "))
    assert status == 401
    assert message in {"invalid timestamp", "request timestamp expired"}


@pytest.mark.parametrize(("distance_s", "status"), [(-25, 200), (25, 200), (-35, 401), (35, 401)])
def test_the_timestamp_is_near_ours(key: NewApiKey, distance_s: int, status: int) -> None:
    assert django_settings.API_TIMESTAMP_WINDOW_S == 30
    assert call(key, timestamp=str(int(time.time()) + distance_s)).status_code == status


@pytest.mark.parametrize("name", ["sign", "timestamp", "passphrase"])
def test_every_header_is_needed(key: NewApiKey, name: str) -> None:
    assert refusal(call(key, omit=name)) == (
        401,
        f"CB-ACCESS-{name.upper()} header is required",
    )


def test_without_any_header_nobody_is_signed_in() -> None:
    answer = Client().get("/api/v1/probe")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "CB-ACCESS"
    assert answer.json()["code"] == "not_authenticated"


def test_a_bad_key_does_not_fall_back_to_the_session(key: NewApiKey) -> None:
    client = client_of(user_make())
    assert client.get("/api/v1/probe").status_code == 200
    headers = signed_headers(key, "GET", "/elsewhere")
    assert client.get("/api/v1/probe", headers=headers).status_code == 401


# --- the life of a key ---------------------------------------------------------------------------


def test_a_revoked_key_is_refused_at_once(key: NewApiKey) -> None:
    api_key_revoke(api_key=key.api_key, by=key.api_key.user)
    assert refusal(call(key)) == (401, "Invalid API Key")


@pytest.mark.parametrize(("life", "status"), [(-1, 401), (60, 200)])
def test_a_key_ends_when_it_says(key: NewApiKey, life: int, status: int) -> None:
    expires_at = timezone.now() + timedelta(seconds=life)
    ApiKey.objects.filter(pk=key.api_key.pk).update(expires_at=expires_at)
    assert call(key).status_code == status


def test_the_key_of_a_person_who_was_barred_is_refused(key: NewApiKey) -> None:
    User.objects.filter(pk=key.api_key.user_id).update(is_active=False)
    assert refusal(call(key)) == (401, "Invalid API Key")


def test_a_key_can_do_no_more_than_its_person_may_by_now() -> None:
    trader = user_make()
    organisation = organisation_make(trader=trader)
    key = api_key_make(trader, owner=organisation.owner, scopes=["view", "trade"])
    assert call(key).json()["scopes"] == ["trade", "view"]
    Membership.objects.filter(user=trader).update(role=Membership.Role.VIEWER)
    assert call(key).json()["scopes"] == ["view"]
    Membership.objects.filter(user=trader).delete()
    assert call(key).status_code == 403


def test_a_request_costs_one_query_and_notes_its_use_once_a_minute(key: NewApiKey) -> None:
    with CaptureQueriesContext(connection) as first:
        assert call(key).status_code == 200
    assert [query["sql"].split()[0] for query in first] == ["SELECT", "UPDATE"]
    used_at = ApiKey.objects.get().last_used_at
    with CaptureQueriesContext(connection) as second:
        assert call(key).status_code == 200
    assert [query["sql"].split()[0] for query in second] == ["SELECT"]
    assert ApiKey.objects.get().last_used_at == used_at
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    call(key)
    assert ApiKey.objects.get().last_used_at > used_at


def test_the_database_has_neither_the_secret_nor_the_passphrase(key: NewApiKey) -> None:
    row = ApiKey.objects.values().get()
    everything = " ".join(
        bytes(value).decode("latin-1") if isinstance(value, memoryview | bytes) else str(value)
        for value in row.values()
    )
    assert key.api_key.key in everything
    for hidden in (key.secret, base64.b64decode(key.secret).decode("latin-1"), key.passphrase):
        assert hidden not in everything


def test_keys_outlive_a_change_of_the_encryption_key(key: NewApiKey, settings: Settings) -> None:
    old, new = settings.ENCRYPTION_KEYS, Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *old]
    assert call(key).status_code == 200
    newer = api_key_make(user_make())
    settings.ENCRYPTION_KEYS = [new]
    assert call(newer).status_code == 200


def test_keys_outlive_a_change_of_the_secret_key(key: NewApiKey, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert call(key).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert refusal(call(key)) == (401, "Invalid Passphrase")


# --- from where, and how often --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("203.0.113.7", 200),
        ("::ffff:203.0.113.7", 200),
        ("2001:db8::1", 200),
        ("203.0.114.1", 401),
        ("2001:db9::1", 401),
        ("nonsense", 401),
    ],
)
def test_a_key_with_networks_works_only_from_there(
    key: NewApiKey, address: str, status: int
) -> None:
    ApiKey.objects.update(allowed_networks=networks_read("203.0.113.0/24, 2001:db8::1"))
    headers = signed_headers(key, "GET", "/api/v1/probe")
    answer = Client(REMOTE_ADDR=address).get("/api/v1/probe", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["message"] == "address not allowed"


@pytest.mark.parametrize("text", ["x", "1.2.3", "1.2.3.4/33", "::1/200", "1.2.3.4-5", "é"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        networks_read(f"192.0.2.1 {text}")
    assert refusal.value.field == "allowed_networks"


def test_networks_are_read_as_people_write_them() -> None:
    assert networks_read("192.0.2.9,  198.51.100.7/24\n2001:DB8::/32") == [
        "192.0.2.9/32",
        "198.51.100.0/24",
        "2001:db8::/32",
    ]
    assert networks_read(" ") == []


def test_the_use_of_a_key_is_noted_with_its_address(key: NewApiKey) -> None:
    call(key)
    assert ApiKey.objects.get().last_used_address == "127.0.0.1"


def sent_twice(key: NewApiKey, method: str) -> list[tuple[int, str]]:
    body = '{"side": "buy", "size": "1"}' if method == "POST" else ""
    headers = signed_headers(key, method, "/api/v1/probe", body)
    send = {"content_type": "application/json", "headers": headers}
    client = Client()
    answers = [client.generic(method, "/api/v1/probe", body, **send) for _ in range(2)]
    return [(answer.status_code, answer.json().get("code", "")) for answer in answers]


def test_a_copied_request_that_changes_something_is_refused(key: NewApiKey) -> None:
    assert sent_twice(key, "POST") == [(200, ""), (401, "request_was_sent_before")]


def test_a_copied_request_that_only_reads_is_answered(key: NewApiKey) -> None:
    assert sent_twice(key, "GET") == [(200, ""), (200, "")]


def test_without_redis_the_database_remembers_what_was_sent(
    key: NewApiKey, redis_away: None
) -> None:
    assert sent_twice(key, "POST") == [(200, ""), (401, "request_was_sent_before")]
    assert UsedSignature.objects.count() == 1
    assert signatures_forget() == 0
    UsedSignature.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert signatures_forget() == 1


def test_a_refused_request_uses_no_signature_up(key: NewApiKey) -> None:
    path, body = "/api/v1/probe", '{"side": "buy", "size": "1"}'
    headers = signed_headers(key, "POST", path, body)
    send = {"content_type": "application/json"}
    wrong = {**headers, "CB-ACCESS-PASSPHRASE": "wrong"}
    assert Client().post(path, body, headers=wrong, **send).status_code == 401
    assert Client().post(path, body, headers=headers, **send).status_code == 200
