"""Keys that a Web3Signer keeps: they sign there, and what comes back is checked here.

Source: https://docs.web3signer.consensys.io (JSON-RPC `eth_signTransaction` of its eth1 mode)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import requests
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes
from rlp.exceptions import RLPException  # type: ignore[import-untyped]
from web3 import Web3

from apps.nft.chain.errors import ChainUnavailable
from apps.nft.chain.keys import KeyMissing, SignedTransaction

TIMEOUT_S: Final = 10
# Our names of fields, and JSON-RPC's.
NUMBERS: Final = {
    "gas": "gas",
    "maxFeePerGas": "maxFeePerGas",
    "maxPriorityFeePerGas": "maxPriorityFeePerGas",
    "nonce": "nonce",
    "value": "value",
}


class RemoteKeyring:
    """Signs through a Web3Signer at `url`; which address a role has is `CHAIN_ADDRESS_<ROLE>`.

    A signature is taken only if it is that address's, over exactly the fields that were asked:
    the signer is trusted with keys, not with what is sent.
    """

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        self._url = url
        self._environment = environment

    def address(self, role: str) -> str:
        name = f"CHAIN_ADDRESS_{role.upper()}"
        if not (known := self._environment.get(name)):
            raise KeyMissing(f"set {name}")
        return Web3.to_checksum_address(known)

    def sign(self, role: str, fields: Mapping[str, Any]) -> SignedTransaction:
        """Raises ChainUnavailable where the signer is away, KeyMissing where it refuses."""
        address = self.address(role)
        raw = HexBytes(self._ask(address, fields))
        try:
            sent = TypedTransaction.from_bytes(raw).as_dict()
            signer = Account.recover_transaction(raw)
        except (ValueError, TypeError, RLPException) as exc:
            raise KeyMissing("the remote signer answered with no transaction") from exc
        if signer != address or not _is_as_asked(sent, fields):
            raise KeyMissing(f"the remote signer signed something else for {role}")
        return SignedTransaction(bytes(raw), "0x" + bytes(Web3.keccak(raw)).hex())

    def _ask(self, address: str, fields: Mapping[str, Any]) -> str:
        call: dict[str, str] = {"from": address, "data": "0x" + bytes(fields["data"]).hex()}
        call |= {theirs: hex(fields[ours]) for ours, theirs in NUMBERS.items()}
        call |= {"to": fields["to"]} if "to" in fields else {}
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_signTransaction", "params": [call]}
        try:
            answer = requests.post(self._url, json=request, timeout=TIMEOUT_S)
            answer.raise_for_status()
            body = answer.json()
        except (requests.RequestException, ValueError) as exc:
            # The class alone: the address may carry a password.
            raise ChainUnavailable(f"the signer does not answer ({type(exc).__name__})") from None
        if "result" not in body:
            raise KeyMissing(f"the remote signer refuses: {body.get('error', {}).get('message')}")
        return str(body["result"])


def _is_as_asked(sent: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    to = HexBytes(fields.get("to", ""))
    return (
        HexBytes(sent["to"]) == to
        and HexBytes(sent["data"]) == HexBytes(fields["data"])
        and all(int(sent[name]) == fields[name] for name in (*NUMBERS, "chainId"))
    )
