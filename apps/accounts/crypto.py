"""Secrets at rest: what we must read back is encrypted, what we only compare is digested."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

DIGEST_PURPOSE = "apps.accounts.crypto.passphrase"


def encrypt(plain: bytes) -> bytes:
    """Encrypted with the newest of settings.ENCRYPTION_KEYS."""
    return _box(tuple(settings.ENCRYPTION_KEYS)).encrypt(plain)


def decrypt(box: bytes | memoryview) -> bytes:
    """What `encrypt` was given, under whichever key is still in settings.ENCRYPTION_KEYS.

    Raises cryptography.fernet.InvalidToken when its key was removed.
    """
    return _box(tuple(settings.ENCRYPTION_KEYS)).decrypt(bytes(box))


@lru_cache(maxsize=4)
def _box(keys: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def passphrase_new() -> str:
    """22 characters, 128 bits."""
    return secrets.token_urlsafe(16)


def passphrase_digest(passphrase: str) -> str:
    """HMAC-SHA256 in hex, keyed by settings.SECRET_KEY.

    A passphrase is 128 random bits: there is nothing for a slow hash to protect.
    """
    return _digest(passphrase, settings.SECRET_KEY)


def passphrase_matches(passphrase: str, digest: str) -> bool:
    """Does it, under the present SECRET_KEY or one of its fallbacks? In constant time."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(_digest(passphrase, key), digest) for key in keys)


def _digest(passphrase: str, key: str | bytes) -> str:
    return salted_hmac(DIGEST_PURPOSE, passphrase, secret=key, algorithm="sha256").hexdigest()
