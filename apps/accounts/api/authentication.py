"""Signed requests, as on Coinbase Exchange.

    CB-ACCESS-KEY         the key
    CB-ACCESS-SIGN        base64(HMAC-SHA256(secret, timestamp + METHOD + path?query + body))
    CB-ACCESS-TIMESTAMP   seconds since 1970, with or without decimals
    CB-ACCESS-PASSPHRASE  the passphrase

The secret is base64 and is decoded before use. The signed path may carry our `/api/v1` or not:
clients written for the original sign what they append to their base URL. What changes something is
carried out once per signature: whoever overhears a request cannot send it again.
Source: https://docs.cdp.coinbase.com/exchange/docs/rest-auth
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from apps.accounts.api.key_lookup import key_find
from apps.accounts.api.replays import signature_spend
from apps.accounts.api.secrets_open import OpenSecrets
from apps.accounts.carrying import aside
from apps.accounts.crypto import passphrase_matches
from apps.accounts.limits.callers import address_of
from apps.accounts.limits.throttle import charge_stranger
from apps.accounts.models import ApiKey, User
from apps.accounts.networks import is_within

PREFIX: Final = "/api/v1"
LAST_USED_STEP: Final = timedelta(minutes=1)

_secrets: Final = OpenSecrets()
# Keys whose use some thread writes down: one is enough.
_noting: Final[set[int]] = set()


class HmacKeyAuthentication(BaseAuthentication):
    """`request.user` is the key's person and `request.auth` the ApiKey, its owner loaded."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        if "CB-ACCESS-KEY" not in request.headers:
            return None
        try:
            return self._authenticate(request)
        except exceptions.AuthenticationFailed:
            charge_stranger(request._request)
            raise

    def _authenticate(self, request: Request) -> tuple[User, ApiKey]:
        key, digest = key_proven(request._request)
        if not _is_harmless_again(request) and not _spend(request._request, digest):
            raise _refusal("request was sent before")
        key_note_use(key, request._request)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "CB-ACCESS"


def key_proven(request: HttpRequest) -> tuple[ApiKey, bytes]:
    """The key that signed, and the signature: it is not spent yet. Raises AuthenticationFailed."""
    timestamp = _header(request, "CB-ACCESS-TIMESTAMP")
    signature = _header(request, "CB-ACCESS-SIGN")
    passphrase = _header(request, "CB-ACCESS-PASSPHRASE")
    _check_timestamp(timestamp)
    key = _key_valid(_header(request, "CB-ACCESS-KEY"))
    if not passphrase_matches(passphrase, key.passphrase_digest):
        raise _refusal("Invalid Passphrase")
    digest = _check_signature(request, key, timestamp, signature)
    _check_address(key, address_of(request))
    return key, digest


def _refusal(message: str) -> exceptions.AuthenticationFailed:
    return exceptions.AuthenticationFailed(message, code=message.lower().replace(" ", "_"))


def _is_harmless_again(request: Request) -> bool:
    """Reading is, and what a view names `repeatable`: done twice, it comes to the same."""
    if request.method in SAFE_METHODS:
        return True
    view = (request.parser_context or {}).get("view")
    return request.method in getattr(view, "repeatable", ())


def _spend(request: HttpRequest, digest: bytes) -> bool:
    """Spends the signature. A request that starts anew, in a thread, has spent its own."""
    if vars(request).get("_spent") != digest:
        if not signature_spend(digest):
            return False
        signature_is_spent(request, digest)
    return True


def signature_is_spent(request: HttpRequest, digest: bytes) -> None:
    """By this very request: however it goes on, it is not asked again."""
    request._spent = digest  # type: ignore[attr-defined]


def _header(request: HttpRequest, name: str) -> str:
    value: str = request.META.get(f"HTTP_{name.replace('-', '_')}", "")
    if not value:
        raise exceptions.AuthenticationFailed(f"{name} header is required", code="header_missing")
    return value


def _check_timestamp(text: str) -> None:
    try:
        sent = Decimal(text if len(text) <= 30 else "")
        is_near = abs(sent - Decimal(time.time())) <= settings.API_TIMESTAMP_WINDOW_S
    except ArithmeticError:
        raise _refusal("invalid timestamp") from None
    if not is_near:
        raise _refusal("request timestamp expired")


def _key_valid(text: str) -> ApiKey:
    key = key_find(text)
    if key is None or (key.expires_at is not None and key.expires_at <= timezone.now()):
        raise _refusal("Invalid API Key")
    return key


def _check_signature(request: HttpRequest, key: ApiKey, timestamp: str, signature: str) -> bytes:
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise _refusal("invalid signature") from None
    secret = _secrets.of(bytes(key.secret_encrypted))
    start = f"{timestamp}{request.method}".encode()
    expected = (
        hmac.digest(secret, start + path + body_taken(request), "sha256")
        for path in _signed_paths(request)
    )
    if not any(hmac.compare_digest(given, digest) for digest in expected):
        raise _refusal("invalid signature")
    return given


def body_taken(request: HttpRequest) -> bytes:
    """The body: by now the caller has named a key and its passphrase.

    A view that takes files says so by `body_bytes_max` on the request; Django's bound is for forms.
    """
    most = vars(request).get("body_bytes_max")
    if most and not hasattr(request, "_body"):
        body = request.read(most + 1)
        if len(body) > most:
            raise RequestDataTooBig
        request._body = body
    return request.body


def _check_address(key: ApiKey, address: str) -> None:
    if key.allowed_networks and not is_within(address, key.allowed_networks):
        raise _refusal("address not allowed")


def _signed_paths(request: HttpRequest) -> Iterator[bytes]:
    """The path with its query as sent and as we spell it, each with and without our prefix; first
    what most clients sign."""
    scope: dict[str, Any] = getattr(request, "scope", {})
    sent: bytes = scope.get("raw_path") or request.get_full_path().encode().partition(b"?")[0]
    if query := request.META.get("QUERY_STRING", ""):
        sent += b"?" + query.encode("latin-1")
    yield sent.removeprefix(PREFIX.encode())
    yield sent
    spelled = request.get_full_path().encode()
    if spelled != sent:
        yield spelled.removeprefix(PREFIX.encode())
        yield spelled


def key_note_use(key: ApiKey, request: HttpRequest) -> None:
    """Once a minute is enough to tell a key in use from a forgotten one."""
    now = timezone.now()
    if key.last_used_at is not None and key.last_used_at >= now - LAST_USED_STEP:
        return
    if key.pk in _noting:
        return
    _noting.add(key.pk)
    try:
        aside(partial(_use_write, key, address_of(request), now))
    finally:
        _noting.discard(key.pk)


def _use_write(key: ApiKey, address: str, now: datetime) -> None:
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - LAST_USED_STEP)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now, last_used_address=address)
