"""The keys that sign for the platform, by role. They never leave this module and have no repr.

Roles: `deployer` (deploys, holds no power after), `admin`, `minter` (the bridge mints),
`pauser`, `withdrawer` (the bridge pays out of the vault), `anchorer` (fixes the days' roots).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

ROLES: Final = ("deployer", "admin", "minter", "pauser", "withdrawer", "anchorer")
# Those the platform itself signs with; the others only need an address.
SIGNING_ROLES: Final = ("deployer", "minter", "withdrawer", "anchorer")

# Accounts of the mnemonic every development chain starts with: known to everybody. Those in between
# are people's wallets.
DEV_ACCOUNTS: Final = dict(zip(ROLES, (0, 1, 2, 3, 8, 9), strict=True))
DEV_MNEMONIC: Final = "test test test test test test test test test test test junk"
DEV_CHAIN_ID: Final = 31337


class KeyMissing(Exception):
    """No key is configured for a role. The message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes to broadcast and the hash they will have."""

    raw: bytes
    hash: str


class Keyring(Protocol):
    """Where signatures come from. Signing the same fields twice gives the same bytes."""

    def address(self, role: str) -> str:
        """The checksummed address of a role."""

    def sign(self, role: str, fields: Mapping[str, Any]) -> SignedTransaction:
        """Sign an EIP-1559 transaction with the key of a role."""


class _LocalKeyring:
    """Signs in this process; subclasses find the key."""

    def _account(self, role: str) -> LocalAccount:
        raise NotImplementedError

    def address(self, role: str) -> str:
        return str(self._account(role).address)

    def sign(self, role: str, fields: Mapping[str, Any]) -> SignedTransaction:
        signed = self._account(role).sign_transaction(dict(fields))
        return SignedTransaction(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex())


class DevKeyring(_LocalKeyring):
    """The well-known keys of a local development chain. Refuses to sign for any other chain."""

    def _account(self, role: str) -> LocalAccount:
        return _dev_account(DEV_ACCOUNTS[role])

    def sign(self, role: str, fields: Mapping[str, Any]) -> SignedTransaction:
        if fields["chainId"] != DEV_CHAIN_ID:
            raise KeyMissing("development keys sign for a local development chain only")
        return super().sign(role, fields)


@cache
def _dev_account(index: int) -> LocalAccount:
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(
        DEV_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}"
    )
    return account


class EnvKeyring(_LocalKeyring):
    """Keys in environment variables, `CHAIN_KEY_MINTER` and so on.

    A role whose key is elsewhere, such as an admin that is a multi-signature wallet, has only
    `CHAIN_ADDRESS_ADMIN`.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def address(self, role: str) -> str:
        known = self._environment.get(f"CHAIN_ADDRESS_{role.upper()}")
        return Web3.to_checksum_address(known) if known else super().address(role)

    def _account(self, role: str) -> LocalAccount:
        name = f"CHAIN_KEY_{role.upper()}"
        if not (key := self._environment.get(name)):
            raise KeyMissing(f"set {name}")
        # A key that lost a digit would be taken, as that of another account.
        if not re.fullmatch(r"(0x)?[0-9a-fA-F]{64}", key):
            raise KeyMissing(f"{name} is not a private key of 64 hexadecimal digits")
        account: LocalAccount = Account.from_key(key)
        return account


class KeystoreKeyring(_LocalKeyring):
    """Encrypted keystore files (Web3 Secret Storage v3), `minter.json` and so on in one folder.

    A role whose key is elsewhere has a file with nothing but its `address`.
    """

    def __init__(self, folder: Path, password: str) -> None:
        self._folder = folder
        self._password = password
        self._accounts: dict[str, LocalAccount] = {}

    def address(self, role: str) -> str:
        return str(Web3.to_checksum_address("0x" + self._file(role)["address"].removeprefix("0x")))

    def _account(self, role: str) -> LocalAccount:
        # Decrypting takes seconds by design, so it is done once.
        if role not in self._accounts:
            content = self._file(role)
            if "crypto" not in content:
                raise KeyMissing(f"{role}.json has an address but no key")
            try:
                key = Account.decrypt(content, self._password)
            except ValueError:
                raise KeyMissing(f"the keystore password does not open {role}.json") from None
            self._accounts[role] = Account.from_key(key)
        return self._accounts[role]

    def _file(self, role: str) -> dict[str, Any]:
        path = self._folder / f"{role}.json"
        try:
            content: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError):
            raise KeyMissing(f"{role}.json is missing or unreadable in the keystore") from None
        return content
