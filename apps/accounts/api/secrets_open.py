"""What keys sign with, decrypted: to decrypt it anew for each request costs more than to sign.

A thousand of them are kept for some minutes, in the memory of a process that has what decrypts all
of them: whoever reads the one reads the other. Which keys are good is looked up for each request.
"""

from __future__ import annotations

import base64
import time
from threading import Lock
from typing import Final

from apps.accounts.crypto import decrypt

SECRETS_MAX: Final = 1_000
# After so long, or twice as long at most, the next request has forgotten it.
KEEP_S: Final = 300.0


class OpenSecrets:
    """Two generations, the older dropped as a whole: by age, and when there are too many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}
        self._young_since_s = time.monotonic()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def of(self, box: bytes) -> bytes:
        """What is in the box, as `crypto.encrypt` made it: a secret in base64."""
        with self._lock:
            self._age()
            known = self._young.get(box) or self._old.get(box)
        if known is not None:
            return known
        secret = base64.b64decode(decrypt(box))
        with self._lock:
            self._young[box] = secret
        return secret

    def _age(self) -> None:
        now_s = time.monotonic()
        age_s = now_s - self._young_since_s
        if age_s > KEEP_S or len(self._young) >= SECRETS_MAX // 2:
            self._old = {} if age_s > 2 * KEEP_S else self._young
            self._young, self._young_since_s = {}, now_s
