"""Requests larger than what is asked for never reach Django."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from ccmarket.body_limit import BodyLimit

UPLOAD = "/admin/registry/importupload/add/"


class Echo:
    """Reads the whole body as Django does, and says how long it was; nothing if cut off."""

    def __init__(self) -> None:
        self.was_asked = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.was_asked = True
        length = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(length).encode()})


@pytest.fixture(autouse=True)
def limits(settings) -> None:
    settings.BODY_BYTES_MAX = 1_000
    settings.IMPORT_FILE_BYTES_MAX = 2_000_000


def asked(
    path: str, *chunks: bytes, claims: str | None = None
) -> tuple[int, bytes, Echo, list[bytes]]:
    """Status and body of the answer, whether the application was asked, and chunks left unread."""
    application, left, sent = Echo(), list(chunks), []

    async def receive() -> MutableMapping[str, Any]:
        chunk = left.pop(0) if left else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [] if claims is None else [(b"content-length", claims.encode())]
    scope = {"type": "http", "path": path, "headers": headers}
    asyncio.run(BodyLimit(application)(scope, receive, send))
    start, body = sent
    return start["status"], body["body"], application, left


def test_a_request_within_the_limit_goes_through() -> None:
    status, body, _application, _left = asked("/api/v1/orders", b"x" * 600, b"y" * 400)
    assert (status, body) == (200, b"1000")


@pytest.mark.parametrize("path", ["/api/v1/orders", UPLOAD])
@pytest.mark.parametrize("claims", ["10000000000", "9" * 30])
def test_a_claim_of_ten_gigabytes_is_refused_unread(path: str, claims: str) -> None:
    status, body, application, left = asked(path, b"x" * 10, claims=claims)
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")
    assert not application.was_asked
    assert left == [b"x" * 10]


@pytest.mark.parametrize("claims", [None, "10", "many"])
def test_what_turns_out_larger_is_refused_as_it_comes(claims: str | None) -> None:
    chunks = [b"x" * 400] * 50
    status, body, _application, left = asked("/accounts/login/", *chunks, claims=claims)
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")
    assert len(left) == 47


def test_only_pages_for_registries_files_take_large_requests() -> None:
    chunks = [b"x" * 500_000] * 4
    assert asked(UPLOAD, *chunks)[:2] == (200, b"2000000")
    assert asked("/admin/login/", *chunks)[0] == 413
    assert asked(UPLOAD, *chunks, *chunks)[0] == 413
