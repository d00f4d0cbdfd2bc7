"""A narrow, typed view of one node's JSON-RPC.

Hashes are lower-case 0x hex, addresses checksummed, amounts integers in wei. Every method that
talks to the node raises ChainUnavailable when it does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import requests
from eth_typing import BlockNumber, ChecksumAddress, HexAddress, HexStr
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    BlockNotFound,
    ContractLogicError,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.types import BlockIdentifier, RPCEndpoint, TxParams

from apps.nft.chain.errors import BroadcastRefused, CallReverted, ChainUnavailable, WrongChain

TIMEOUT_S: Final = 10

# What nodes say to a transaction they have already: being sent twice is what we want to survive.
ALREADY_THERE: Final = ("already known", "already imported", "known transaction")


@dataclass(frozen=True, slots=True)
class ChainIdentity:
    """What tells a chain from every other: forks share an id, private chains share both names."""

    chain_id: int
    genesis_hash: str


@dataclass(frozen=True, slots=True)
class Header:
    """A block without its transactions' contents; `timestamp` in seconds since 1970."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    logs_bloom: int
    transaction_count: int


@dataclass(frozen=True, slots=True)
class Log:
    """One event as it lies in a block."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: str
    transaction_hash: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction."""

    transaction_hash: str
    block_number: int
    block_hash: str
    succeeded: bool
    contract_address: str | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 fees in wei per gas."""

    max_fee_per_gas: int
    max_priority_fee_per_gas: int


class ChainClient:
    """JSON-RPC of the node at `url`. Opens no connection before the first call."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        provider = HTTPProvider(
            url,
            request_kwargs={"timeout": timeout_s},
            # Whoever calls us tries again anyway, and knows how often that makes sense.
            exception_retry_configuration=None,
        )
        self._web3 = Web3(provider)

    # ------------------------------------------------------------------ the chain itself

    def identity(self) -> ChainIdentity:
        with _translated():
            chain_id = self._web3.eth.chain_id
        return ChainIdentity(chain_id, self.header(0).hash)

    def require(self, expected: ChainIdentity) -> None:
        """WrongChain unless the node serves exactly this chain."""
        found = self.identity()
        if found != expected:
            raise WrongChain(f"the node serves {found}, on record is {expected}")

    def head_number(self) -> int:
        with _translated():
            return self._web3.eth.block_number

    def header(self, number: int) -> Header:
        """The canonical block of that number; ChainUnavailable where the node has none (yet)."""
        with _translated():
            return _header(self._web3.eth.get_block(BlockNumber(number)))

    def finalized(self) -> Header:
        """The last block that can no longer be reorganised."""
        with _translated():
            return _header(self._web3.eth.get_block("finalized"))

    # ------------------------------------------------------------------ transactions

    def receipts(self, block_hash: str) -> list[Receipt]:
        """The receipts of every transaction of a block, by its hash, so never of another block."""
        method = RPCEndpoint("eth_getBlockReceipts")
        with _translated():
            answer = self._web3.provider.make_request(method, [block_hash])
        if answer.get("error") or answer.get("result") is None:
            raise ChainUnavailable(f"no receipts of block {block_hash}: {answer.get('error')}")
        return [_receipt(item) for item in cast(list[Any], answer["result"])]

    def receipt(self, transaction_hash: str) -> Receipt | None:
        """The receipt of a mined transaction; None while it is not in a block."""
        with _translated():
            try:
                return _receipt(self._web3.eth.get_transaction_receipt(HexStr(transaction_hash)))
            except TransactionNotFound:
                return None

    def knows(self, transaction_hash: str) -> bool:
        """Whether the node has the transaction, mined or waiting."""
        with _translated():
            try:
                self._web3.eth.get_transaction(HexStr(transaction_hash))
            except TransactionNotFound:
                return False
            return True

    def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to the node. Sending it again does no harm.

        BroadcastRefused with the node's reason where it does not take it.
        """
        with _translated():
            try:
                self._web3.eth.send_raw_transaction(HexBytes(raw))
            except Web3RPCError as exc:
                if not any(text in str(exc).lower() for text in ALREADY_THERE):
                    raise BroadcastRefused(str(exc)) from exc

    def next_nonce(self, address: str) -> int:
        """How many transactions of this address are mined."""
        with _translated():
            return self._web3.eth.get_transaction_count(_address(address), "latest")

    def fees(self) -> Fees:
        """What gets a transaction into one of the next blocks, room for doubling included."""
        with _translated():
            base = self._web3.eth.get_block("latest").get("baseFeePerGas", 0)
            tip = self._web3.eth.max_priority_fee
        return Fees(max_fee_per_gas=2 * base + tip, max_priority_fee_per_gas=tip)

    def estimate_gas(self, *, sender: str, to: str, data: str) -> int:
        """Gas the call needs now; CallReverted where the contract refuses it.

        The error of CallReverted is the raw revert data; `apps.nft.chain.abi` can name it.
        """
        with _translated():
            return self._web3.eth.estimate_gas(_call(to, data, sender))

    # ------------------------------------------------------------------ contracts

    def code(self, address: str) -> bytes:
        with _translated():
            return bytes(self._web3.eth.get_code(_address(address)))

    def call(
        self, *, to: str, data: str, block: int | None = None, sender: str | None = None
    ) -> bytes:
        """The answer of a view function, at the end of `block` or of the latest one."""
        at: BlockIdentifier = "latest" if block is None else BlockNumber(block)
        with _translated():
            return bytes(self._web3.eth.call(_call(to, data, sender), at))


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of web3 and of the connection as our own."""
    try:
        yield
    except ContractLogicError as exc:
        raise CallReverted(error=str(exc.data or ""), reason=str(exc.message)) from exc
    except BlockNotFound as exc:
        raise ChainUnavailable(str(exc)) from exc
    except (requests.RequestException, Web3Exception) as exc:
        # The class alone: messages of requests carry the URL, which may carry a key.
        raise ChainUnavailable(f"the node does not answer ({type(exc).__name__})") from None


def _call(to: str, data: str, sender: str | None) -> TxParams:
    call: TxParams = {"to": _address(to), "data": HexStr(data)}
    if sender is not None:
        call["from"] = _address(sender)
    return call


def _address(text: str) -> ChecksumAddress:
    return ChecksumAddress(HexAddress(HexStr(text)))


def _header(block: Any) -> Header:
    return Header(
        number=int(block["number"]),
        hash=_hex(block["hash"]),
        parent_hash=_hex(block["parentHash"]),
        timestamp=int(block["timestamp"]),
        logs_bloom=int.from_bytes(HexBytes(block["logsBloom"]), "big"),
        transaction_count=len(block["transactions"]),
    )


def _receipt(item: Any) -> Receipt:
    address = item.get("contractAddress")
    return Receipt(
        transaction_hash=_hex(item["transactionHash"]),
        block_number=_number(item["blockNumber"]),
        block_hash=_hex(item["blockHash"]),
        succeeded=_number(item["status"]) == 1,
        contract_address=Web3.to_checksum_address(address) if address else None,
        logs=tuple(map(_log, item["logs"])),
    )


def _log(item: Any) -> Log:
    return Log(
        address=Web3.to_checksum_address(item["address"]),
        topics=tuple(bytes(HexBytes(topic)) for topic in item["topics"]),
        data=bytes(HexBytes(item["data"])),
        block_number=_number(item["blockNumber"]),
        block_hash=_hex(item["blockHash"]),
        transaction_hash=_hex(item["transactionHash"]),
        log_index=_number(item["logIndex"]),
    )


def _hex(value: Any) -> str:
    return "0x" + bytes(HexBytes(value)).hex()


_number: Callable[[Any], int] = lambda value: int(value, 16) if isinstance(value, str) else value  # noqa: E731
