"""Decrypted secrets are few, and are forgotten."""

from __future__ import annotations

import base64

import pytest

from apps.accounts.api import secrets_open
from apps.accounts.api.secrets_open import SECRETS_MAX, OpenSecrets
from apps.accounts.crypto import encrypt


@pytest.fixture
def decrypted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every box that was decrypted, in order."""
    boxes: list[bytes] = []

    def decrypt(box: bytes) -> bytes:
        boxes.append(box)
        return base64.b64encode(box)

    monkeypatch.setattr(secrets_open, "decrypt", decrypt)
    return boxes


def test_a_secret_is_what_was_encrypted() -> None:
    box = encrypt(base64.b64encode(b"what a key signs with"))
    assert OpenSecrets().of(box) == b"what a key signs with"


def test_it_is_decrypted_once_while_it_is_kept(decrypted: list[bytes]) -> None:
    secrets = OpenSecrets()
    assert [secrets.of(b"box") for _ in range(3)] == [b"box"] * 3
    assert decrypted == [b"box"]


def test_it_is_forgotten_after_a_while(
    decrypted: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [1_000.0]
    monkeypatch.setattr(secrets_open.time, "monotonic", lambda: now_s[0])
    secrets = OpenSecrets()
    secrets.of(b"box")
    now_s[0] += secrets_open.KEEP_S + 1
    secrets.of(b"box")
    assert len(decrypted) == 1
    now_s[0] += secrets_open.KEEP_S + 1
    secrets.of(b"box")
    assert len(decrypted) == 2
    now_s[0] += 2 * secrets_open.KEEP_S + 1
    secrets.of(b"another")
    assert len(secrets) == 1


def test_there_are_never_many(decrypted: list[bytes]) -> None:
    secrets = OpenSecrets()
    for number in range(3 * SECRETS_MAX):
        secrets.of(number.to_bytes(4, "big"))
        assert len(secrets) <= SECRETS_MAX
    assert len(decrypted) == 3 * SECRETS_MAX
