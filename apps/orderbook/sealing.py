"""What a quote says, as the text whose SHA-256 is in the audit trail, and how it is kept sealed.

The text has a random salt, so that nobody finds a price by trying; it is encrypted, so that whoever
reads the database before the deadline finds none. Afterwards it is there for all who may see it:
`sha256(text)` is what was written down when the quote came in.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from apps.accounts.crypto import decrypt, encrypt

SALT_BYTES: Final = 16


class OfferedLine(NamedTuple):
    """A line as it is answered: grams of a market's credits, price in quote micro-units a tonne."""

    product: str
    size: int
    size_min: int
    price: int


class Sealed(NamedTuple):
    """A text that waits: its digest, and itself encrypted."""

    digest: str
    box: bytes


def seal(*, lines: Iterable[OfferedLine], **terms: str) -> Sealed:
    """Lines, and whose they are for which request until when."""
    said = terms | {"lines": [line._asdict() for line in lines]}
    said["salt"] = secrets.token_hex(SALT_BYTES)
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return Sealed(digest_of(text), encrypt(text.encode()))


def unseal(box: bytes | memoryview) -> str:
    """The text. Raises cryptography.fernet.InvalidToken when its key was removed."""
    return decrypt(box).decode()


def digest_of(text: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def lines_of(text: str) -> list[OfferedLine]:
    """The lines that a text says."""
    said: list[dict[str, Any]] = json.loads(text)["lines"]
    return [OfferedLine(**line) for line in said]
