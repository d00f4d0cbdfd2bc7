"""Keys come from where the settings say, sign the same bytes twice, and never show themselves."""

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from apps.nft.chain.keys import (
    DEV_CHAIN_ID,
    ROLES,
    DevKeyring,
    EnvKeyring,
    KeyMissing,
    Keyring,
    KeystoreKeyring,
)

KEY = "0x" + "42" * 32
ADDRESS = Account.from_key(KEY).address
PASSWORD = "a long password"
FIELDS: dict[str, Any] = {
    "type": 2,
    "chainId": DEV_CHAIN_ID,
    "nonce": 7,
    "gas": 21_000,
    "maxFeePerGas": 10,
    "maxPriorityFeePerGas": 1,
    "to": ADDRESS,
    "value": 0,
    "data": b"",
}


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    # Few rounds: the tests open it often, and nothing depends on how hard it is.
    content = Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=2)
    (tmp_path / "minter.json").write_text(json.dumps(content))
    (tmp_path / "admin.json").write_text(json.dumps({"address": ADDRESS.lower()}))
    return tmp_path


@pytest.fixture(params=["dev", "env", "keystore"])
def keyring(request: pytest.FixtureRequest, keystore: Path) -> Keyring:
    rings: dict[str, Keyring] = {
        "dev": DevKeyring(),
        "env": EnvKeyring({"CHAIN_KEY_MINTER": KEY}),
        "keystore": KeystoreKeyring(keystore, PASSWORD),
    }
    return rings[request.param]


def test_the_same_fields_give_the_same_bytes(keyring: Keyring) -> None:
    one, two = keyring.sign("minter", FIELDS), keyring.sign("minter", FIELDS)
    assert one == two
    assert Account.recover_transaction(one.raw) == keyring.address("minter")


def test_no_key_shows_in_what_a_log_would_print(keyring: Keyring) -> None:
    keyring.sign("minter", FIELDS)
    shown = repr(keyring) + str(keyring)
    assert "42" * 8 not in shown
    assert PASSWORD not in shown


def test_development_keys_are_separate_and_sign_for_no_other_chain() -> None:
    keys = DevKeyring()
    assert len({keys.address(role) for role in ROLES}) == len(ROLES)
    with pytest.raises(KeyMissing):
        keys.sign("minter", {**FIELDS, "chainId": 1})


def test_a_role_may_have_an_address_and_no_key(keystore: Path) -> None:
    environment = EnvKeyring({"CHAIN_ADDRESS_ADMIN": ADDRESS.lower()})
    assert environment.address("admin") == ADDRESS
    with pytest.raises(KeyMissing, match="CHAIN_KEY_ADMIN"):
        environment.sign("admin", FIELDS)
    files = KeystoreKeyring(keystore, PASSWORD)
    assert files.address("admin") == ADDRESS
    with pytest.raises(KeyMissing, match="no key"):
        files.sign("admin", FIELDS)


@pytest.mark.parametrize("value", ["", "nonsense", "0x12", KEY[:-1]])
def test_a_key_that_is_none_is_refused_without_being_quoted(value: str) -> None:
    with pytest.raises(KeyMissing) as caught:
        EnvKeyring({"CHAIN_KEY_MINTER": value}).address("minter")
    assert "CHAIN_KEY_MINTER" in str(caught.value)
    assert "4242" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_wrong_password_and_a_missing_file_say_which(keystore: Path) -> None:
    with pytest.raises(KeyMissing, match=r"does not open minter\.json"):
        KeystoreKeyring(keystore, "wrong").sign("minter", FIELDS)
    with pytest.raises(KeyMissing, match=r"pauser\.json is missing"):
        KeystoreKeyring(keystore, PASSWORD).address("pauser")
