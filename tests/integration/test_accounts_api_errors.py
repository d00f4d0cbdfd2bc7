"""Every error of the API has one shape, and nothing a client sends is a 500."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.services.api_keys import NewApiKey
from tests.support.factories import api_key_make, client_of, user_make
from tests.support.signing import call

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.api_probe")]


@pytest.fixture
def key() -> NewApiKey:
    return api_key_make(user_make())


@pytest.mark.parametrize(
    ("what", "status", "body"),
    [
        (
            "conflict",
            409,
            {"message": "Taken. Choose another.", "code": "taken", "field": "name"},
        ),
        (
            "funds",
            400,
            {
                "message": "Insufficient funds",
                "code": "insufficient_funds",
                "detail": "The balance does not cover it.",
            },
        ),
        (
            "missing",
            404,
            {"message": "NotFound", "code": "not_found", "detail": "There is no such order."},
        ),
        ("http404", 404, {"message": "NotFound", "code": "not_found"}),
        ("denied", 403, {"message": "You may not do this.", "code": "not_permitted"}),
        ("data", 400, {"message": "A value is out of range.", "code": "invalid_request"}),
        ("sql", 400, {"message": "A value is out of range.", "code": "invalid_request"}),
    ],
)
def test_a_refusal_has_a_code_and_a_message(
    key: NewApiKey, what: str, status: int, body: dict[str, str]
) -> None:
    answer = call(key, f"/api/v1/raise/{what}")
    assert (answer.status_code, answer.json()) == (status, body)


def test_being_throttled_says_when_to_come_back(key: NewApiKey) -> None:
    answer = call(key, "/api/v1/raise/throttled")
    assert answer.status_code == 429
    assert answer["Retry-After"] == "3"
    assert answer.json()["message"] == "Private rate limit exceeded"


def test_a_database_that_is_away_is_a_503_to_try_again(key: NewApiKey) -> None:
    answer = call(key, "/api/v1/raise/database")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert answer.json()["code"] == "unavailable"


def test_what_nobody_foresaw_is_logged_and_tells_nothing(
    key: NewApiKey, caplog: pytest.LogCaptureFixture
) -> None:
    answer = call(key, "/api/v1/raise/surprise")
    assert answer.status_code == 500
    assert answer.json() == {"message": "Internal server error", "code": "internal_error"}
    assert "api_error" in caplog.text


def test_what_nobody_foresaw_fails_a_test_that_does_not_expect_it() -> None:
    with pytest.raises(ZeroDivisionError):
        client_of(user_make()).get("/api/v1/raise/surprise")


def test_a_method_that_is_not_there_is_a_405(key: NewApiKey) -> None:
    answer = call(key, "/api/v1/raise/surprise", body="{}")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "",
        "nothing",
        "'single'",
        '{"size": NaN}',
        '{"size": Infinity}',
        '{"size": -Infinity}',
        '{"size": ' + "9" * 5_000 + "}",
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"size": "1"} trailing',
        "\xff",
    ],
    ids=lambda body: body[:24],
)
def test_malformed_json_is_a_clean_400(key: NewApiKey, body: str) -> None:
    answer = call(key, body=body)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"parse_error", "invalid_request"}


def test_bytes_that_are_no_text_are_a_clean_400() -> None:
    client = client_of(user_make())
    answer = client.post("/api/v1/probe", b'{"side": "\xff\xfe"}', content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize(
    "body", ["[]", "null", "1", '"text"', "[[]]", "true", "1.5"], ids=lambda body: body
)
def test_json_that_is_no_object_is_a_clean_400(key: NewApiKey, body: str) -> None:
    assert call(key, body=body).status_code == 400


@pytest.mark.parametrize(
    ("size", "micro"),
    [
        ('"1.5"', "1500000"),
        ("1.5", "1500000"),
        ("3", "3000000"),
        ("0.1", "100000"),
        ("0.000001", "1"),
        ("1e-6", "1"),
        ("9223372036854.775807", "9223372036854775807"),
        ('"0001.10"', "1100000"),
        ('" 7 "', "7000000"),
        ('"1.0000000000000000000000000"', "1000000"),
    ],
)
def test_an_amount_arrives_exactly(key: NewApiKey, size: str, micro: str) -> None:
    answer = call(key, body=f'{{"side": "buy", "size": {size}}}')
    assert answer.json()["size_micro"] == micro


@pytest.mark.parametrize(
    "size",
    [
        "1e400",
        "1e999999999",
        "1e-999999999",
        "0.0000001",
        "9223372036854.775808",
        "9" * 400,
        "-1",
        "true",
        "null",
        "[]",
        "{}",
        '"NaN"',
        '"Infinity"',
        '"1e3"',
        '"-1"',
        '"+1"',
        '"1,5"',
        '"1_000"',
        '"0x10"',
        '"١"',
        '"1\\u0000"',
        '"\\ud800"',
        '""',
        '"' + "9" * 100_000 + '"',
    ],
    ids=lambda size: size[:24],
)
def test_what_is_no_amount_is_a_400_that_names_the_field(key: NewApiKey, size: str) -> None:
    answer = call(key, body=f'{{"side": "buy", "size": {size}}}')
    assert answer.status_code == 400
    assert answer.json()["field"] == "size"
    assert answer.json()["code"] == "invalid_request"


def test_a_missing_field_is_named(key: NewApiKey) -> None:
    answer = call(key, body='{"size": "1"}')
    assert (answer.status_code, answer.json()["field"]) == (400, "side")


def test_a_body_that_is_too_large_is_a_413(key: NewApiKey) -> None:
    body = '{"side": "buy", "size": "1", "note": "' + "x" * 1_100_000 + '"}'
    answer = call(key, body=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_another_content_type_is_a_415() -> None:
    answer = client_of(user_make()).post("/api/v1/probe", "a=1", content_type="text/plain")
    assert answer.status_code == 415


def test_a_session_needs_the_csrf_token_to_change_something() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user_make())
    body = '{"side": "buy", "size": "1"}'
    answer = client.post("/api/v1/probe", body, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_denied"
