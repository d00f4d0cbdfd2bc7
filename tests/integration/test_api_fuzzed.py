"""Schemathesis asks for all that the description allows and forbids, in three roles.

Whatever is asked, the answer is one that the description names, in its shape, and never a 5xx.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from collections import Counter
from typing import Any

import pytest
import requests
import schemathesis
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from requests.auth import AuthBase
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.accounts.models import Membership
from apps.accounts.services.api_keys import NewApiKey
from tests.support.api_world import World, world_make
from tests.support.factories import api_key_make, user_make
from tests.support.live import Live, live
from tests.support.signing import sign

__all__ = ["live"]

SCHEMA: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(SCHEMA).get_all_operations()]
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
# Of each operation: enough for every role and for what is right and wrong. More for a long run.
EXAMPLES = int(os.environ.get("API_FUZZ_EXAMPLES", "6"))


def area_of(operation: Any) -> str:
    """The first word of its path: what shares a world and a server."""
    return str(operation.path).split("/")[3]


AREAS: dict[str, list[Any]] = {area_of(operation): [] for operation in OPERATIONS}
for _operation in OPERATIONS:
    AREAS[area_of(_operation)].append(_operation)


class Signed(AuthBase):
    """Signs whatever was prepared, as a bot does."""

    def __init__(self, key: NewApiKey) -> None:
        self.key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        timestamp = f"{time.time():.6f}"
        body = request.body or b""
        body = body if isinstance(body, bytes) else str(body).encode()
        said = f"{timestamp}{request.method}{request.path_url}".encode() + body
        digest = hmac.new(base64.b64decode(self.key.secret), said, hashlib.sha256).digest()
        request.headers.update(
            {
                "CB-ACCESS-KEY": self.key.api_key.key,
                "CB-ACCESS-PASSPHRASE": self.key.passphrase,
                "CB-ACCESS-TIMESTAMP": timestamp,
                "CB-ACCESS-SIGN": base64.b64encode(digest).decode(),
                "Prefer": "wait=0",
            }
        )
        return request


def keys_make(world: World) -> list[NewApiKey]:
    """An owner's, one of a member who may only look, and a stranger's."""
    viewer = user_make()
    Membership.objects.create(organisation=world.organisation, user=viewer, role="viewer")
    return [
        api_key_make(world.boss, owner=world.owner),
        api_key_make(viewer, owner=world.owner, scopes=["view"]),
        api_key_make(user_make()),
    ]


@pytest.mark.parametrize("area", AREAS)
def test_no_question_is_answered_with_anything_that_is_not_described(
    live: Live, area: str, settings: Settings
) -> None:
    settings.API_LIMIT_KEY_PER_S = settings.API_LIMIT_KEY_BURST = 1_000_000
    settings.API_LIMIT_ADDRESS_PER_S = settings.API_LIMIT_ADDRESS_BURST = 1_000_000
    keys = [Signed(key) for key in keys_make(world_make())]
    answers: Counter[int] = Counter()
    with requests.Session() as session:
        for operation in AREAS[area]:
            modes = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
            asked = _questions(live.url, session, answers)
            given(case=st.one_of(modes), auth=st.sampled_from(keys))(asked)()
    print(f"{area}: {len(AREAS[area])} operations, {dict(sorted(answers.items()))}")  # noqa: T201
    assert answers.total() >= len(AREAS[area])


def _questions(url: str, session: requests.Session, answers: Counter[int]) -> Any:
    @with_settings(
        max_examples=EXAMPLES,
        deadline=None,
        # The same questions in every run of the suite.
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case, auth: Signed) -> None:
        session.auth = auth
        answer = case.call(base_url=url, session=session)
        answers[answer.status_code] += 1
        assert answer.status_code < 500, answer.text
        case.validate_response(answer, checks=CHECKS)

    return ask


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b'{"product_id": ' + b"[" * 100_000,
        b'{"price": NaN}',
        b'{"price": 1e999}',
        b'{"price": Infinity}',
        b'{"size": ' + b"9" * 5_000 + b"}",
        '{"product_id": "\u0000\U0001f600"}'.encode(),
        b"\xff\xfe",
        b'{"a":1}{"a":1}',
        b'"\\ud800"',
        b"null",
        b"[]",
        b'{"product_id": "x\' OR 1=1 --", "side": "buy\\r\\nSet-Cookie: a=b"}',
        b'{"client_oid": "' + b"a" * 10_000_000 + b'"}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_hostile_body_is_a_clean_refusal(body: bytes) -> None:
    key = api_key_make(user_make())
    client = Client(raise_request_exception=False)
    timestamp = f"{time.time():.6f}"
    message = f"{timestamp}POST/orders".encode() + body
    digest = hmac.new(base64.b64decode(key.secret), message, hashlib.sha256).digest()
    headers = {
        "CB-ACCESS-KEY": key.api_key.key,
        "CB-ACCESS-PASSPHRASE": key.passphrase,
        "CB-ACCESS-TIMESTAMP": timestamp,
        "CB-ACCESS-SIGN": base64.b64encode(digest).decode(),
    }
    answer = client.generic("POST", "/api/v1/orders", body, "application/json", headers=headers)
    assert answer.status_code in (400, 413), answer.content
    assert set(answer.json()) <= {"message", "code", "field", "detail"}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["KEY", "SIGN", "TIMESTAMP", "PASSPHRASE"])
@pytest.mark.parametrize(
    "value", ["", "é", "NaN", "1e999", "-1", "9" * 400, "'; DROP TABLE x; --", "a\tb", "\x7f"]
)
def test_a_hostile_signature_is_a_401(name: str, value: str) -> None:
    key = api_key_make(user_make())
    timestamp = f"{time.time():.6f}"
    headers = {
        "CB-ACCESS-KEY": key.api_key.key,
        "CB-ACCESS-PASSPHRASE": key.passphrase,
        "CB-ACCESS-TIMESTAMP": timestamp,
        "CB-ACCESS-SIGN": sign(key.secret, timestamp, "GET", "/accounts"),
        f"CB-ACCESS-{name}": value,
    }
    answer = Client(raise_request_exception=False).get("/api/v1/accounts", headers=headers)
    assert answer.status_code == 401, answer.content
    assert answer.json()["code"]
