"""Signed addresses of rows: whoever reads the database alone cannot make one."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse


def signed_link(view: str, public_id: UUID) -> str:
    """The address of a page `view` that takes a token."""
    token = signing.Signer(salt=view).sign(public_id.hex)
    return settings.BASE_URL + reverse(view, args=[token])


def public_id_of(token: str, view: str) -> UUID | None:
    """Which row of `view` a token names; None where it was not signed for it."""
    try:
        return UUID(signing.Signer(salt=view).unsign(token))
    except signing.BadSignature:
        return None
