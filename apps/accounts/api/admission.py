"""Letting a signed request in that changes something and is plainly right, in few steps.

It is let in by what lets in any other: `HmacKeyAuthentication`, `RateLimit` and `HasScope` ask the
same functions. Only Redis is asked once instead of twice.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from apps.accounts.acting import Acting, acting_by_key
from apps.accounts.api.authentication import key_note_use, key_proven, signature_is_spent
from apps.accounts.api.replays import signature_key, signature_life_s
from apps.accounts.limits.buckets import TAKE, Bucket, Charge, charge_of
from apps.accounts.limits.callers import key_bucket
from apps.accounts.limits.throttle import charge_note
from apps.accounts.redis_try import RedisAway, redis_ask

# Beside TAKE's, KEYS[2]: the signature. ARGV[4]: for how many seconds it is remembered. One that
# was used before takes nothing, and is answered with nothing.
_SPEND_AND_TAKE: Final = f"""
if not redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[4]) then return {{}} end
{TAKE}"""


def admitted(request: HttpRequest, *, cost: int, scope: str) -> Acting | None:
    """Who signed the request, if it may be carried out: its signature is spent and its cost taken.

    None: it may not, or nobody can say so here. Who then treats it as any other request finds out
    why, and neither spends nor takes anything twice.
    """
    try:
        key, signature = key_proven(request)
    except AuthenticationFailed:
        return None
    if not _is_let_in(request, signature, key_bucket(key), cost):
        return None
    key_note_use(key, request)
    who = acting_by_key(key)
    return who if scope in who.scopes else None


def _is_let_in(request: HttpRequest, signature: bytes, bucket: Bucket, cost: int) -> bool:
    words = bucket.words(min(cost, bucket.burst))
    keys = bucket.key, signature_key(signature)
    try:
        found = redis_ask("EVAL", _SPEND_AND_TAKE, 2, *keys, *words, signature_life_s())
    except RedisAway:
        return False
    if not found:
        return False
    signature_is_spent(request, signature)
    charge: Charge = charge_of(bucket, *map(int, found))
    if charge.is_allowed:
        charge_note(request, charge)
    return charge.is_allowed
