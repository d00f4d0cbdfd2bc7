"""The Python client by itself: what it sends again, how it verifies, what it refuses."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from ccmarket_client import (
    AsyncClient,
    Certificate,
    Client,
    Conflict,
    Credentials,
    NotFound,
    RateLimited,
    Refused,
    TimedOut,
    Trace,
    TransportError,
    Unavailable,
    WebhookRefused,
    webhook_read,
)
from ccmarket_client import client as client_module
from ccmarket_client.retrying import Retrying
from ccmarket_client.verification import verify
from standardwebhooks.webhooks import Webhook

from apps.accounts.api.openapi import EXAMPLES

RECORDED: dict[str, Any] = json.loads(EXAMPLES.read_text())
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def mint_answer(state: str) -> dict[str, Any]:
    mint = {
        "id": "m", "state": state, "block": "1-1-VCS", "first_serial": 1, "tonnes": 1,
        "first_token_id": "1", "transaction": None, "failure": "",
    }  # fmt: skip
    return {
        "id": "r", "credit_class": "VCS-1-2020", "tonnes": 1, "to_address": "0x1",
        "created_at": "2026-01-31T12:00:00Z", "mints": [mint],
    }  # fmt: skip


def recorded(name: str) -> Any:
    return RECORDED[name]["response"]


def client_of(*answers: httpx.Response | Exception) -> tuple[Client, list[httpx.Request]]:
    """A client to which these answers come, and what it sent."""
    sent: list[httpx.Request] = []
    coming: Iterator[httpx.Response | Exception] = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        found = next(coming)
        if isinstance(found, Exception):
            raise found
        return found

    made = Client(
        "https://ccmarket.example",
        Credentials("key", "c2VjcmV0", "passphrase"),
        transport=httpx.MockTransport(answer),
        retrying=Retrying(wait_s_first=0.0),
    )
    return made, sent


def refusal(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"message": "No.", "code": code}, headers=headers)


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, str]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {name: str(inspect.signature(method)) for name, method in found if name[0] != "_"}

    assert methods(Client) == methods(AsyncClient)


def test_a_retirement_whose_answer_was_lost_is_asked_for_again_under_the_same_key() -> None:
    certificate = recorded("POST /api/v1/retirements")
    made, sent = client_of(
        httpx.ReadError("gone"), refusal(503, "unavailable"), httpx.Response(201, json=certificate)
    )
    assert made.retire("VCS-1-2020", Decimal("1.25"), beneficiary="Me").amount == Decimal("1.25")
    assert len({request.headers["Idempotency-Key"] for request in sent}) == 1
    assert len({request.headers["CB-ACCESS-SIGN"] for request in sent}) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request", Refused),
        (404, "not_found", NotFound),
        (409, "idempotency_key_reused", Conflict),
        (422, "idempotency_key_reused", Refused),
    ],
)
def test_a_refusal_is_final_and_has_its_code(status: int, code: str, kind: type) -> None:
    made, sent = client_of(refusal(status, code))
    with pytest.raises(kind) as caught:
        made.retire("VCS-1-2020", Decimal(1), beneficiary="Me")
    assert (caught.value.code, caught.value.status, len(sent)) == (code, status, 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: refusal(429, "throttled", **{"Retry-After": "0"}), RateLimited),
        (lambda: httpx.Response(502, text="<html>"), Unavailable),
        (lambda: refusal(409, "idempotency_in_flight"), Conflict),
        (lambda: httpx.ConnectError("refused"), TransportError),
    ],
)
def test_it_gives_up_after_four_attempts(answer: Callable[[], Any], kind: type) -> None:
    made, sent = client_of(*(answer() for _ in range(5)))
    with pytest.raises(kind):
        made.retire("VCS-1-2020", Decimal(1), beneficiary="Me")
    assert len(sent) == 4


def test_what_may_not_be_done_twice_is_not_sent_again() -> None:
    made, sent = client_of(httpx.ReadError("gone"))
    with pytest.raises(TransportError):
        made.webhook_end("4ba38e4c-0000-4000-8000-000000000000")
    assert len(sent) == 1


def test_secrets_are_in_no_representation() -> None:
    assert "c2VjcmV0" not in repr(Credentials("key", "c2VjcmV0", "passphrase"))


def test_a_mint_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "POLL_S", 0.0)
    states = ("queued", "mined", "final")
    made, sent = client_of(*(httpx.Response(200, json=mint_answer(state)) for state in states))
    assert made.mint("VCS-1-2020", 1, "0x1", wait_s=60).mints[0].state == "final"
    assert len(sent) == 3


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "POLL_S", 1.0)
    made, _ = client_of(httpx.Response(200, json=mint_answer("queued")))
    with pytest.raises(TimedOut):
        made.mint_wait("id", timeout_s=0.5)


# --- certificates --------------------------------------------------------------------------------


@pytest.fixture
def certificate() -> Certificate:
    return Certificate.read(recorded("GET /api/v1/certificates/{number}"))


@pytest.fixture
def traces(certificate: Certificate) -> dict[str, list[Trace]]:
    found = [Trace.read(one) for one in recorded("GET /api/v1/serials/{serial}")]
    return {citation.serial: found for citation in certificate.citations}


def test_a_certificate_that_is_what_it_says_is_right(
    certificate: Certificate, traces: dict[str, list[Trace]]
) -> None:
    assert verify(certificate, traces).problems == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"amount": Decimal(2)}, "its serials are"),
        ({"number": "CCM-2026-9999999"}, "does not tell of this retirement"),
        ({"project": "VCS-1"}, "is of VCS-1987"),
    ],
)
def test_a_certificate_that_was_changed_is_not(
    certificate: Certificate,
    traces: dict[str, list[Trace]],
    changes: dict[str, Any],
    problem: str,
) -> None:
    [found] = verify(replace(certificate, **changes), traces).problems
    assert problem in found


def test_a_citation_that_is_larger_than_its_grams_is_not(
    certificate: Certificate, traces: dict[str, list[Trace]]
) -> None:
    [citation] = certificate.citations
    larger = replace(certificate, citations=[replace(citation, last=citation.last + 1)])
    assert any("not 1.5 t" in problem for problem in verify(larger, traces).problems)


def test_a_serial_that_nobody_knows_is_not(certificate: Certificate) -> None:
    [problem] = verify(certificate, {}).problems
    assert "Nobody knows" in problem


# --- webhooks ------------------------------------------------------------------------------------


def signed(body: bytes, at_s: int) -> dict[str, str]:
    """As the reference library of Standard Webhooks signs."""
    moment = datetime.fromtimestamp(at_s, UTC)
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(at_s),
        "Webhook-Signature": "v1,AAAA " + Webhook(SECRET).sign("msg_1", moment, body.decode()),
    }


BODY = b'{"type": "order.fill", "timestamp": "2026-01-31T12:00:00Z", "data": {"size": "1"}}'


def test_an_event_that_was_signed_is_read() -> None:
    found = webhook_read(secret=SECRET, headers=signed(BODY, 1_000), body=BODY, now_s=1_100)
    assert (found.id, found.type, found.data) == ("msg_1", "order.fill", {"size": "1"})


@pytest.mark.parametrize(
    ("body", "secret", "now_s"),
    [
        (BODY + b" ", SECRET, 1_000.0),
        (BODY, "whsec_AAAA", 1_000.0),
        (BODY, SECRET, 1_301.0),
        (BODY, SECRET, 699.0),
    ],
)
def test_an_event_of_somebody_else_or_of_yesterday_is_refused(
    body: bytes, secret: str, now_s: float
) -> None:
    with pytest.raises(WebhookRefused):
        webhook_read(secret=secret, headers=signed(BODY, 1_000), body=body, now_s=now_s)
