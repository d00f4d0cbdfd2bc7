"""Every operation of the API: who may, that it answers as its description says, and its example."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from apps.accounts.acting import ALL_SCOPES, VIEW
from apps.accounts.api.openapi import EXAMPLES
from apps.accounts.models import ApiKey, Membership, User
from apps.accounts.services.api_keys import api_key_revoke
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.api import JSON, Bot, bot_of
from tests.support.api_world import PUBLIC, Call, World, world_make
from tests.support.factories import api_key_make, user_make

pytestmark = pytest.mark.django_db

PREFIX = "/api/v1"
SCHEMA: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
OPERATIONS = {
    f"{method.upper()} {path.removeprefix(PREFIX)}": operation
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
}
every_operation = pytest.mark.parametrize("name", sorted(OPERATIONS))


@pytest.fixture
def world() -> World:
    return world_make()


@pytest.fixture
def bot(world: World) -> Bot:
    return Bot(api_key_make(world.boss, owner=world.owner), Client())


def ask(bot: Bot, name: str, call: Call) -> Any:
    return bot.call(name.split()[0], call.path, call.body, **call.headers)


def is_error(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def described(name: str, answer: Any) -> dict[str, Any]:
    """What the description says of this answer; it is fulfilled."""
    said = OPERATIONS[name]["responses"]
    assert str(answer.status_code) in said, f"{name} answers {answer.status_code}: {answer.content}"
    found: dict[str, Any] = said[str(answer.status_code)]
    if JSON in found.get("content", {}):
        shape = found["content"][JSON]["schema"]
        Draft202012Validator({"components": SCHEMA["components"], **shape}).validate(answer.json())
    return found


def test_there_is_a_request_for_every_operation(world: World) -> None:
    assert sorted(world.calls) == sorted(OPERATIONS)


# --- who may -------------------------------------------------------------------------------------


@every_operation
def test_anonymous_sees_what_is_public_and_nothing_else(world: World, name: str) -> None:
    call = world.calls[name]
    method, body = name.split()[0], json.dumps(call.body)
    answer = Client().generic(method, PREFIX + call.path, body, JSON, headers=call.headers)
    if call.scope == PUBLIC:
        assert answer.status_code == 200
    else:
        is_error(answer, 401, "not_authenticated")
    described(name, answer)


@every_operation
def test_a_stranger_finds_nothing_of_another_owner(world: World, name: str) -> None:
    call = world.calls[name]
    answer = ask(bot_of(user_make()), name, call)
    described(name, answer)
    if call.owned:
        assert answer.status_code == 404
        assert answer.json()["code"].endswith("not_found")
    elif name.startswith("GET") and call.scope and not call.refused:
        own = {"GET /fees", "GET /profiles"}
        assert answer.json() == [] or name in own


@every_operation
def test_a_key_without_the_scope_is_refused(world: World, name: str) -> None:
    call = world.calls[name]
    scopes = ALL_SCOPES - {call.scope}
    key = api_key_make(world.boss, owner=world.owner, scopes=scopes)
    answer = ask(Bot(key, Client()), name, call)
    if call.scope == PUBLIC:
        assert answer.status_code == 200
    else:
        is_error(answer, 403, "scope_missing")
    described(name, answer)


@every_operation
@pytest.mark.parametrize("end", ["expired", "revoked", "membership"])
def test_a_key_that_ended_is_refused(world: World, name: str, end: str) -> None:
    call, member = world.calls[name], user_make()
    place = {"organisation": world.organisation, "user": member}
    Membership.objects.create(**place, role=Membership.Role.OWNER)
    key = api_key_make(member, owner=world.owner)
    if end == "expired":
        ApiKey.objects.filter(pk=key.api_key.pk).update(expires_at=timezone.now())
    elif end == "revoked":
        api_key_revoke(api_key=key.api_key, by=world.boss)
    else:
        Membership.objects.filter(user=member).delete()
    answer = ask(Bot(key, Client()), name, call)
    if call.scope == PUBLIC:
        assert answer.status_code == 200
    else:
        assert answer.status_code in (401, 403)
    described(name, answer)


@every_operation
@pytest.mark.parametrize("role", ["viewer", "trader"])
def test_a_member_does_what_the_role_may(world: World, name: str, role: str) -> None:
    call, member = world.calls[name], user_make()
    may = {"viewer": {VIEW}, "trader": {VIEW, "trade", "retire"}}[role]
    Membership.objects.create(organisation=world.organisation, user=member, role="owner")
    key = api_key_make(member, owner=world.owner)
    Membership.objects.filter(user=member).update(role=role)
    answer = ask(Bot(key, Client()), name, call)
    if call.scope == PUBLIC or call.scope in may:
        assert answer.status_code in (call.refused, 200, 201, 202, 204), answer.content
    else:
        is_error(answer, 403, "scope_missing")
    described(name, answer)


@every_operation
def test_an_auditor_reads_and_changes_nothing(world: World, name: str) -> None:
    call = world.calls[name]
    key = api_key_make(world.boss, owner=world.owner)
    User.objects.filter(pk=world.boss.pk).update(is_auditor=True)
    answer = ask(Bot(key, Client()), name, call)
    if call.scope in (PUBLIC, VIEW):
        assert answer.status_code == (call.refused or 200), answer.content
    else:
        is_error(answer, 403, "scope_missing")


# --- what it answers, and the examples -----------------------------------------------------------


@pytest.fixture
def recorded(world: World, bot: Bot) -> dict[str, Any]:
    """What every operation answers, in an order in which none takes another's ground away."""
    taxonomy_load()
    order = {"GET": 0, "POST": 1, "PUT": 2, "DELETE": 3}
    names = sorted(world.calls, key=lambda name: (order[name.split()[0]], -len(name)))
    found: dict[str, Any] = {}
    for name in names:
        call = world.calls[name]
        answer = ask(bot, name, call)
        described(name, answer)
        assert answer.status_code in (call.refused, 200, 201, 202, 204), (name, answer.content)
        body = None if answer.streaming or not answer.content else answer.json()
        method, path = name.split()
        found[f"{method} {PREFIX}{path}"] = {
            "request": call.body or None,
            "status": answer.status_code,
            "response": body,
        }
    return dict(sorted(found.items()))


def shape(value: Any) -> Any:
    """Names and nesting without the values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def test_every_operation_answers_as_described_and_has_that_as_its_example(
    recorded: dict[str, Any],
) -> None:
    if os.environ.get("WRITE_API_EXAMPLES"):
        EXAMPLES.parent.mkdir(exist_ok=True)
        EXAMPLES.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")
    kept = json.loads(EXAMPLES.read_text())
    again = "record them again: WRITE_API_EXAMPLES=1"
    assert shape(kept) == shape(recorded), again
    for name, example in kept.items():
        method, path = name.split()
        answers = SCHEMA["paths"][path][method.lower()]["responses"]
        if example["response"] is not None:
            content = answers[str(example["status"])]["content"][JSON]
            assert "example" in content, name
