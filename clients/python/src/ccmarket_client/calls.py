"""What can be asked, as data: the same for the client that waits and the one that awaits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from ccmarket_client.models import (
    Certificate,
    Contract,
    Credit,
    MintRequest,
    Page,
    Project,
    Retirement,
    Token,
    Trace,
    Webhook,
)

T = TypeVar("T")
PREFIX: Final = "/api/v1"
Headers = Mapping[str, str]
Read = Callable[[Any, Headers], T]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how its answer is read.

    `key` is its Idempotency-Key: with one a POST may be sent again, and is carried out once.
    """

    method: str
    path: str
    read: Read[T]
    body: Mapping[str, Any] | None = None
    key: str | None = None

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        return headers if self.key is None else {**headers, "Idempotency-Key": self.key}

    @property
    def may_repeat(self) -> bool:
        return self.method == "GET" or self.key is not None


def _get(path: str, read: Read[T], **query: str | int | None) -> Call[T]:
    asked = urlencode({name: value for name, value in query.items() if value not in (None, "")})
    return Call("GET", f"{PREFIX}{path}" + (f"?{asked}" if asked else ""), read)


def _post(path: str, read: Read[T], body: Mapping[str, Any] | None, key: str | None) -> Call[T]:
    return Call("POST", f"{PREFIX}{path}", read, body, key or str(uuid4()))


def _part(text: str) -> str:
    return quote(text, safe="")


def _one(read: Callable[[Any], T]) -> Read[T]:
    return lambda body, _headers: read(body)


def _list(read: Callable[[Any], T]) -> Read[list[T]]:
    return lambda body, _headers: [read(one) for one in body]


def _page(read: Callable[[Any], T]) -> Read[Page[T]]:
    return lambda body, headers: Page([read(one) for one in body], headers.get("cb-after"))


def _nothing(_body: Any, _headers: Headers) -> None:
    return None


def projects(text: str, country: str, limit: int, after: str | None) -> Call[Page[Project]]:
    page = _page(Project.read)
    return _get("/projects", page, q=text, country=country, limit=limit, after=after)


def project(code: str) -> Call[Project]:
    return _get(f"/projects/{_part(code)}", _one(Project.read))


def credits(project_code: str, limit: int, after: str | None) -> Call[Page[Credit]]:
    return _get("/credits", _page(Credit.read), project=project_code, limit=limit, after=after)


def credit(code: str) -> Call[Credit]:
    return _get(f"/credits/{_part(code)}", _one(Credit.read))


def retirements(limit: int, after: str | None) -> Call[Page[Retirement]]:
    return _get("/retirements", _page(Retirement.read), limit=limit, after=after)


def retire(
    credit_code: str, amount: Decimal, beneficiary: str, message: str, key: str | None
) -> Call[Certificate]:
    body = {
        "credit": credit_code,
        "amount": format(amount, "f"),
        "beneficiary": beneficiary,
        "message": message,
    }
    return _post("/retirements", _one(Certificate.read), body, key)


def certificate(number: str) -> Call[Certificate]:
    return _get(f"/certificates/{_part(number)}", _one(Certificate.read))


def trace(serial: str) -> Call[list[Trace]]:
    return _get(f"/serials/{_part(serial)}", _list(Trace.read))


def contract() -> Call[Contract]:
    return _get("/nft/contract", _one(Contract.read))


def tokens() -> Call[list[Token]]:
    return _get("/nft/tokens", _list(Token.read))


def mint(credit_code: str, tonnes: int, to_address: str, key: str | None) -> Call[MintRequest]:
    body = {"credit_class": credit_code, "tonnes": tonnes, "to_address": to_address}
    return _post("/nft/mints", _one(MintRequest.read), body, key)


def mint_request(request_id: str) -> Call[MintRequest]:
    return _get(f"/nft/mints/{_part(request_id)}", _one(MintRequest.read))


def webhooks() -> Call[list[Webhook]]:
    return _get("/webhooks", _list(Webhook.read))


def webhook_create(url: str, events: list[str], key: str | None) -> Call[Webhook]:
    return _post("/webhooks", _one(Webhook.read), {"url": url, "events": events}, key)


def webhook_rotate(webhook_id: str, key: str | None) -> Call[Webhook]:
    return _post(f"/webhooks/{_part(webhook_id)}/rotate", _one(Webhook.read), None, key)


def webhook_end(webhook_id: str) -> Call[None]:
    return Call("DELETE", f"{PREFIX}/webhooks/{_part(webhook_id)}", _nothing)
