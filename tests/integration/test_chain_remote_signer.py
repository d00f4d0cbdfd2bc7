"""A remote signer keeps the keys, and is held to what it was asked to sign."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from eth_account import Account

from apps.nft.chain.errors import ChainUnavailable
from apps.nft.chain.keys import EnvKeyring, KeyMissing
from apps.nft.chain.remote_signer import RemoteKeyring

KEY, OTHER_KEY = "0x" + "42" * 32, "0x" + "43" * 32
ADDRESS = Account.from_key(KEY).address
ENVIRONMENT = {"CHAIN_ADDRESS_MINTER": ADDRESS.lower()}
FIELDS: dict[str, Any] = {
    "type": 2,
    "chainId": 31337,
    "nonce": 7,
    "gas": 21_000,
    "maxFeePerGas": 10,
    "maxPriorityFeePerGas": 1,
    "to": ADDRESS,
    "value": 0,
    "data": b"\x01\x02",
}
Answer = Callable[[dict[str, Any]], dict[str, Any]]


class Signer:
    """What a Web3Signer says to `eth_signTransaction`; `answer` makes it say something else."""

    def __init__(self) -> None:
        self.key = KEY
        self.change: dict[str, Any] = {}
        self.answer: Answer = self.sign
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def sign(self, request: dict[str, Any]) -> dict[str, Any]:
        assert request["method"] == "eth_signTransaction"
        [call] = request["params"]
        call.pop("from")
        fields = {"type": 2, "chainId": 31337, **call, **self.change}
        raw = Account.sign_transaction(fields, self.key).raw_transaction
        return {"result": "0x" + bytes(raw).hex()}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        signer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps({"jsonrpc": "2.0", "id": 1, **signer.answer(request)}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Tests read no log."""

        return Handler


@pytest.fixture
def signer() -> Iterator[Signer]:
    found = Signer()
    yield found
    found.close()


@pytest.mark.parametrize("to", [ADDRESS, None])
def test_it_signs_what_a_key_of_our_own_would(signer: Signer, to: str | None) -> None:
    fields = FIELDS if to else {name: value for name, value in FIELDS.items() if name != "to"}
    remote = RemoteKeyring(signer.url, ENVIRONMENT)
    assert remote.address("minter") == ADDRESS
    ours = EnvKeyring({"CHAIN_KEY_MINTER": KEY})
    assert remote.sign("minter", fields) == ours.sign("minter", fields)


@pytest.mark.parametrize(
    "change",
    [
        {"to": Account.from_key(OTHER_KEY).address},
        {"nonce": 8},
        {"value": 1},
        {"data": "0x01"},
        {"chainId": 1},
        {"gas": 22_000},
        {"maxFeePerGas": 11},
    ],
)
def test_a_signature_over_anything_else_is_refused(signer: Signer, change: dict[str, Any]) -> None:
    signer.change = change
    with pytest.raises(KeyMissing, match="signed something else"):
        RemoteKeyring(signer.url, ENVIRONMENT).sign("minter", FIELDS)


def test_a_signature_of_another_key_is_refused(signer: Signer) -> None:
    signer.key = OTHER_KEY
    with pytest.raises(KeyMissing, match="signed something else"):
        RemoteKeyring(signer.url, ENVIRONMENT).sign("minter", FIELDS)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": {"code": -32_000, "message": "no such key"}}, "refuses: no such key"),
        ({"result": "0x01"}, "no transaction"),
    ],
)
def test_a_refusal_is_told(signer: Signer, answer: dict[str, Any], said: str) -> None:
    signer.answer = lambda _request: answer
    with pytest.raises(KeyMissing, match=said):
        RemoteKeyring(signer.url, ENVIRONMENT).sign("minter", FIELDS)


def test_a_signer_that_is_away_is_asked_again_later(signer: Signer) -> None:
    signer.close()
    with pytest.raises(ChainUnavailable):
        RemoteKeyring(signer.url, ENVIRONMENT).sign("minter", FIELDS)


def test_a_role_without_an_address_is_named(signer: Signer) -> None:
    with pytest.raises(KeyMissing, match="set CHAIN_ADDRESS_ADMIN"):
        RemoteKeyring(signer.url, ENVIRONMENT).address("admin")
