"""Whose bucket a request takes from, and where it comes from."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

from apps.accounts.acting import AppToken
from apps.accounts.limits.buckets import Bucket
from apps.accounts.models import ApiKey

KEY: Final = "key"
ADDRESS: Final = "address"


def address_of(request: HttpRequest) -> str:
    """The peer's IP address, as the web server gives it: it knows which proxies to believe."""
    return str(request.META.get("REMOTE_ADDR") or "0.0.0.0")  # noqa: S104 - nobody's address


def address_bucket(request: HttpRequest) -> Bucket:
    """Of everybody who does not say who they are, or says it wrongly."""
    return Bucket(
        ADDRESS,
        address_of(request),
        settings.API_LIMIT_ADDRESS_PER_S,
        settings.API_LIMIT_ADDRESS_BURST,
    )


def key_bucket(key: ApiKey) -> Bucket:
    """Of a key, with the limits that are its own."""
    rate, burst = settings.API_LIMIT_KEY_PER_S, settings.API_LIMIT_KEY_BURST
    return Bucket(KEY, str(key.pk), key.limit_per_s or rate, key.limit_burst or burst)


def caller_bucket(request: Any) -> Bucket:
    """Of the key that signed, the app, the person who is signed in, or else of the address."""
    if not (request.user and request.user.is_authenticated):
        return address_bucket(request._request)
    if isinstance(key := request.auth, ApiKey):
        return key_bucket(key)
    rate, burst = settings.API_LIMIT_KEY_PER_S, settings.API_LIMIT_KEY_BURST
    if isinstance(token := request.auth, AppToken):
        return Bucket(KEY, f"app-{token.consent.pk}", rate, burst)
    return Bucket(KEY, f"user-{request.user.pk}", rate, burst)
