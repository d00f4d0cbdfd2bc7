"""A signature is good for one request that changes something.

Inside the timestamp's window a copied request would pass again. Redis remembers each signature for
as long as the window can last; while it is away, a table does.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from apps.accounts.models import UsedSignature
from apps.accounts.redis_try import RedisAway, redis_ask


def signature_spend(digest: bytes) -> bool:
    """True the first time, False for a signature that was used before."""
    life_s = signature_life_s()
    try:
        return bool(redis_ask("SET", signature_key(digest), 1, "NX", "EX", life_s))
    except RedisAway:
        expires_at = timezone.now() + timedelta(seconds=life_s)
        _row, is_new = UsedSignature.objects.get_or_create(
            digest=digest, defaults={"expires_at": expires_at}
        )
        return is_new


def signature_life_s() -> int:
    """A timestamp may lie in the future by a window, and is good for another one."""
    return 2 * int(settings.API_TIMESTAMP_WINDOW_S) + 1


def signature_key(digest: bytes) -> str:
    """Where Redis remembers it."""
    return f"signed:{digest.hex()}"


def signatures_forget() -> int:
    """Deletes the rows whose requests no window lets in any more, and says how many."""
    deleted, _by_model = UsedSignature.objects.filter(expires_at__lt=timezone.now()).delete()
    return deleted
