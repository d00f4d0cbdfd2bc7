"""Secrets at rest."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet, InvalidToken
from pytest_django.fixtures import Settings

from apps.accounts.crypto import (
    decrypt,
    encrypt,
    passphrase_digest,
    passphrase_matches,
    passphrase_new,
)


def key() -> str:
    return Fernet.generate_key().decode()


def test_what_is_encrypted_reads_back_and_never_looks_the_same() -> None:
    first, second = encrypt(b"secret"), encrypt(b"secret")
    assert first != second
    assert b"secret" not in first
    assert decrypt(first) == decrypt(memoryview(second)) == b"secret"


def test_keys_are_changed_in_steps_and_a_removed_one_opens_nothing(settings: Settings) -> None:
    old, new = key(), key()
    settings.ENCRYPTION_KEYS = [old]
    box = encrypt(b"secret")
    settings.ENCRYPTION_KEYS = [new, old]
    assert decrypt(box) == b"secret"
    newer = encrypt(b"secret")
    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(newer) == b"secret"
    with pytest.raises(InvalidToken):
        decrypt(box)


def test_what_was_tampered_with_does_not_open() -> None:
    box = bytearray(encrypt(b"secret"))
    box[20] ^= 1
    with pytest.raises(InvalidToken):
        decrypt(bytes(box))


def test_passphrases_are_random_and_matched_by_digest() -> None:
    first, second = passphrase_new(), passphrase_new()
    assert first != second
    assert len(first) == 22
    digest = passphrase_digest(first)
    assert first not in digest
    assert passphrase_matches(first, digest)
    assert not passphrase_matches(second, digest)
    assert not passphrase_matches("", digest)


def test_the_digest_is_keyed(settings: Settings) -> None:
    digest = passphrase_digest("one")
    settings.SECRET_KEY = "another"
    assert passphrase_digest("one") != digest
