"""Rate limits: what a caller may use, what it is told, and that nobody pays for another."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from apps.accounts.errors import ServiceError
from apps.accounts.limits.buckets import LOCAL_BUCKETS_MAX, Bucket, LocalBuckets, bucket_take
from apps.accounts.models import ApiKey
from apps.accounts.services.api_keys import NewApiKey, api_key_limit
from tests.support.factories import api_key_make, client_of, staff_make, user_make
from tests.support.redis_away import redis_away
from tests.support.signing import call

__all__ = ["redis_away"]

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.api_probe")]


def bucket_make(*, rate_per_s: int = 1, burst: int = 5) -> Bucket:
    return Bucket("key", uuid.uuid4().hex, rate_per_s, burst)


@pytest.fixture
def key() -> NewApiKey:
    return api_key_make(user_make())


@pytest.fixture(autouse=True)
def long_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute each, so that no bucket fills while a slow machine looks at it."""
    monkeypatch.setattr("apps.accounts.limits.buckets.SECOND_US", 60_000_000)


@pytest.fixture
def narrow(settings: Settings) -> Settings:
    settings.API_LIMIT_KEY_PER_S = settings.API_LIMIT_ADDRESS_PER_S = 1
    settings.API_LIMIT_KEY_BURST = settings.API_LIMIT_ADDRESS_BURST = 3
    return settings


def stranger(address: str) -> Client:
    return Client(REMOTE_ADDR=address)


def some_address() -> str:
    """One that no other test has used up."""
    text = uuid.uuid4().hex
    return f"2001:db8:{text[:4]}:{text[4:8]}:{text[8:12]}::1"


# --- the bucket ----------------------------------------------------------------------------------


def test_a_bucket_gives_what_it_holds_and_then_says_when_to_come_again() -> None:
    bucket = bucket_make()
    assert [bucket_take(bucket).remaining for _ in range(5)] == [4, 3, 2, 1, 0]
    refused = bucket_take(bucket)
    assert not refused.is_allowed
    assert 0 < refused.wait_s <= 1
    assert refused.remaining == 0


def test_a_refused_request_takes_nothing() -> None:
    bucket = bucket_make()
    assert bucket_take(bucket, cost=3).is_allowed
    for _ in range(10):
        assert not bucket_take(bucket, cost=3).is_allowed
    assert bucket_take(bucket, cost=2).is_allowed


def test_what_costs_more_than_a_bucket_holds_takes_a_full_one() -> None:
    bucket = bucket_make()
    assert bucket_take(bucket, cost=1_000).is_allowed
    assert not bucket_take(bucket).is_allowed


def test_no_more_than_a_bucket_holds_pass_at_once() -> None:
    bucket = bucket_make(burst=20)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: bucket_take(bucket).is_allowed, range(100)))
    assert answers.count(True) == 20


def test_the_local_bucket_counts_as_the_shared_one_and_fills_with_time() -> None:
    local, bucket = LocalBuckets(), bucket_make()
    assert all(local.take(bucket, 1, now_us=0)[1] == 0 for _ in range(5))
    second = bucket.step_us
    assert local.take(bucket, 1, now_us=0) == (5 * second, second)
    assert local.take(bucket, 1, now_us=second - 1)[1] == 1
    assert local.take(bucket, 1, now_us=second) == (5 * second, 0)


def test_the_local_buckets_do_not_grow_without_end() -> None:
    local = LocalBuckets()
    for number in range(LOCAL_BUCKETS_MAX + 10):
        local.take(Bucket("address", str(number), 1, 5), 1, now_us=0)
    assert len(local._full_at_us) == LOCAL_BUCKETS_MAX


def test_without_redis_requests_are_counted_and_let_in(redis_away: None) -> None:
    bucket = bucket_make()
    assert [bucket_take(bucket).is_allowed for _ in range(7)] == [True] * 5 + [False] * 2


# --- the API -------------------------------------------------------------------------------------


def test_every_answer_says_what_is_left(key: NewApiKey, narrow: Settings) -> None:
    answers = [call(key), call(key, "/api/v1/raise/conflict"), call(key)]
    assert [answer.status_code for answer in answers] == [200, 409, 200]
    for left, answer in zip((2, 1, 0), answers, strict=True):
        assert answer["RateLimit-Policy"] == '"key";q=3;w=3'
        assert answer["RateLimit"].startswith(f'"key";r={left};t=')
        assert answer["X-RateLimit-Limit"] == "3"
        assert answer["X-RateLimit-Remaining"] == str(left)


def test_too_many_requests_are_a_429_that_says_when_to_come_back(
    key: NewApiKey, narrow: Settings
) -> None:
    for _ in range(3):
        call(key)
    answer = call(key)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "1"
    assert answer["X-RateLimit-Remaining"] == "0"
    assert answer.json()["message"] == "Private rate limit exceeded"
    assert answer.json()["code"] == "throttled"


def test_a_noisy_key_takes_nothing_from_another_not_even_of_its_own_account(
    key: NewApiKey, narrow: Settings
) -> None:
    neighbour = api_key_make(key.api_key.user)
    while call(key).status_code == 200:
        pass
    assert call(neighbour)["X-RateLimit-Remaining"] == "2"
    assert call(api_key_make(user_make())).status_code == 200


def test_a_session_has_a_bucket_of_its_own(key: NewApiKey, narrow: Settings) -> None:
    while call(key).status_code == 200:
        pass
    assert client_of(key.api_key.user).get("/api/v1/probe").status_code == 200


def test_strangers_share_the_bucket_of_their_address(narrow: Settings) -> None:
    here, there = some_address(), some_address()
    answers = [stranger(here).get("/api/v1/probe") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[0]["RateLimit"].startswith('"address";r=2;t=')
    assert stranger(there).get("/api/v1/probe").status_code == 401


def test_guessing_at_keys_empties_the_bucket_of_the_address(
    key: NewApiKey, narrow: Settings
) -> None:
    here = stranger(some_address())
    wrong = {
        "CB-ACCESS-KEY": key.api_key.key,
        "CB-ACCESS-SIGN": "AAAA",
        "CB-ACCESS-TIMESTAMP": "1",
        "CB-ACCESS-PASSPHRASE": "x",
    }
    answers = [here.get("/api/v1/probe", headers=wrong) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].json()["message"] == "Public rate limit exceeded"
    assert call(key)["X-RateLimit-Remaining"] == "2"


def test_staff_may_widen_and_narrow_one_key(key: NewApiKey, narrow: Settings) -> None:
    api_key_limit(api_key=key.api_key, per_s=50, burst=7)
    assert call(key)["X-RateLimit-Limit"] == "7"
    api_key_limit(api_key=key.api_key, per_s=None, burst=None)
    assert call(key)["X-RateLimit-Limit"] == "3"


@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_below_one_is_refused_by_the_service_and_the_database(
    key: NewApiKey, value: int
) -> None:
    with pytest.raises(ServiceError):
        api_key_limit(api_key=key.api_key, per_s=value, burst=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.update(limit_burst=value)


@pytest.mark.urls("ccmarket.urls")
def test_the_admin_sets_the_limits_of_a_key(key: NewApiKey) -> None:
    url = reverse("admin:accounts_apikey_limit", args=[key.api_key.pk])
    form = {"per_s": "5", "burst": "9", "_form_submitted": "on"}
    assert client_of(staff_make(("view", ApiKey))).post(url, form).status_code == 403
    staff = client_of(staff_make(("view", ApiKey), ("change", ApiKey)))
    assert staff.post(url, form).status_code == 302
    assert ApiKey.objects.values_list("limit_per_s", "limit_burst").get() == (5, 9)
