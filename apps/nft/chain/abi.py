"""Between Python values and the bytes of a contract's interface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.registry import BaseEquals, registry
from eth_typing import HexStr
from eth_utils.abi import (
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
)
from web3 import Web3

from apps.nft.chain.artifacts import Artifact
from apps.nft.chain.client import ChainClient, Log
from apps.nft.chain.errors import CallReverted


def _lenient_codec() -> ABICodec:
    """Strings on chain are bytes that anybody wrote: what is not UTF-8 must not stop a reader."""
    lenient = registry.copy()  # type: ignore[no-untyped-call]
    lenient.unregister("string")
    decoder = StringDecoder(handle_string_errors="replace")  # type: ignore[no-untyped-call]
    encoder = registry.get_encoder("string")
    strings = BaseEquals("string")  # type: ignore[no-untyped-call]
    lenient.register(strings, encoder, decoder, label="string")
    return ABICodec(lenient)


CODEC: Final = _lenient_codec()


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log. Arguments are JSON: integers, strings, booleans, 0x hex for bytes."""

    name: str
    arguments: dict[str, Any]


class Interface:
    """Encodes calls to, and decodes answers, events and errors of, one contract."""

    def __init__(self, artifact: Artifact) -> None:
        self.name = artifact.name
        self._abi = artifact.abi

    @cached_property
    def _functions(self) -> dict[str, dict[str, Any]]:
        return {item["name"]: item for item in self._abi if item["type"] == "function"}

    @cached_property
    def _events(self) -> dict[bytes, dict[str, Any]]:
        events = (item for item in self._abi if item["type"] == "event")
        return {event_abi_to_log_topic(cast(Any, item)): item for item in events}

    @cached_property
    def _errors(self) -> dict[bytes, dict[str, Any]]:
        errors = (item for item in self._abi if item["type"] == "error")
        return {function_abi_to_4byte_selector(cast(Any, item)): item for item in errors}

    def encode(self, function: str, *arguments: Any) -> str:
        """Call data. For functions that are not overloaded."""
        item = self._functions[function]
        selector = function_abi_to_4byte_selector(cast(Any, item))
        return "0x" + (selector + CODEC.encode(_types(item["inputs"]), arguments)).hex()

    def encode_constructor(self, bytecode: str, *arguments: Any) -> str:
        """Creation code with the constructor's arguments behind it."""
        item = next(item for item in self._abi if item["type"] == "constructor")
        return bytecode + CODEC.encode(_types(item["inputs"]), arguments).hex()

    def read(
        self,
        client: ChainClient,
        address: str,
        function: str,
        *arguments: Any,
        block: int | None = None,
    ) -> Any:
        """Call a view function; a single result comes by itself, several as a tuple."""
        data = self.encode(function, *arguments)
        answer = client.call(to=address, data=data, block=block)
        values = CODEC.decode(_types(self._functions[function]["outputs"]), answer)
        return values[0] if len(values) == 1 else values

    def event(self, log: Log) -> Event | None:
        """The event in a log; None where the contract's interface has no such event."""
        item = self._events.get(log.topics[0]) if log.topics else None
        if item is None:
            return None
        topics = iter(log.topics[1:])
        plain = [part for part in item["inputs"] if not part["indexed"]]
        values = iter(CODEC.decode(_types(plain), log.data))
        arguments = {
            part["name"]: _indexed(part, next(topics)) if part["indexed"] else next(values)
            for part in item["inputs"]
        }
        return Event(item["name"], {name: _json(value) for name, value in arguments.items()})

    def named(self, refusal: CallReverted) -> CallReverted:
        """The refusal with the contract's own words instead of raw bytes."""
        data = bytes.fromhex(refusal.error.removeprefix("0x")) if refusal.error else b""
        item = self._errors.get(data[:4])
        if item is None:
            return refusal
        values = CODEC.decode(_types(item["inputs"]), data[4:])
        shown = ", ".join(str(_json(value)) for value in values)
        return CallReverted(error=item["name"], reason=f"{item['name']}({shown})")


def _types(parts: list[dict[str, Any]]) -> list[str]:
    return [collapse_if_tuple(cast(Any, part)) for part in parts]


def _indexed(part: dict[str, Any], topic: bytes) -> Any:
    return CODEC.decode([collapse_if_tuple(cast(Any, part))], topic)[0]


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, str):
        if value.startswith("0x") and len(value) == 42:
            return Web3.to_checksum_address(HexStr(value))
        # PostgreSQL's text has no NUL.
        return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return value
