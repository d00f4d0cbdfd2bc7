"""Requests of connected apps: `Authorization: Bearer TOKEN` (RFC 6750).

A token acts within its own scopes, within the consent it was given under, and within what its
person may do at that moment.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.accounts.acting import AppToken
from apps.accounts.limits.throttle import charge_stranger
from apps.accounts.models import User

SCHEME: Final = "Bearer"


class BearerAuthentication(BaseAuthentication):
    """`request.user` is the person, `request.auth` the AppToken."""

    def authenticate(self, request: Request) -> tuple[User, AppToken] | None:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        found = _token_find(token.strip())
        if found is None:
            charge_stranger(request._request)
            raise exceptions.AuthenticationFailed("Invalid token", code="invalid_token")
        return found.consent.user, found

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def _token_find(text: str) -> AppToken | None:
    # Not above: its models can only be imported once all apps are known, and settings name us.
    from oauth2_provider.models import AccessToken

    from apps.accounts.oauth.consents import consent_of

    checksum = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    token: Any = AccessToken.objects.select_related("user").filter(token_checksum=checksum).first()
    if token is None or token.user is None or token.is_expired() or not token.user.is_active:
        return None
    consent = consent_of(user=token.user, application_id=token.application_id)
    if consent is None:
        return None
    return AppToken(consent, frozenset(token.scope.split()))
