"""API keys: made once, shown once, revoked for good."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.acting import scopes_for_owner
from apps.accounts.crypto import encrypt, passphrase_digest, passphrase_new
from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.models import ApiKey, User

SECRET_SIZE_BYTES = 64
KEYS_PER_OWNER_MAX = 50


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key with what is shown only now: the base64 secret and the passphrase."""

    api_key: ApiKey
    secret: str
    passphrase: str


def api_key_create(
    *,
    user: User,
    owner: Owner,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    allowed_networks: Iterable[str] = (),
) -> NewApiKey:
    """A key by which a program acts for `owner` in the name of `user`.

    `allowed_networks` as `networks_read` gives them; none means from everywhere.

    Raises ServiceError for unknown or no scopes, NotPermitted for scopes that the person does not
    have there, Conflict `too_many_keys`.
    """
    wanted = frozenset(scopes)
    if not wanted or not wanted <= frozenset(ApiKey.Scope.values):
        raise ServiceError(_("Choose at least one permission."), field="scopes")
    if not wanted <= scopes_for_owner(user=user, owner=owner):
        raise NotPermitted(_("You cannot give a key more than you may do yourself."))
    if expires_at is not None and expires_at <= timezone.now():
        raise ServiceError(_("Choose a time in the future."), field="expires_at")
    if owner.api_keys.filter(revoked_at__isnull=True).count() >= KEYS_PER_OWNER_MAX:
        raise Conflict(_("There are too many keys. Revoke one first."), code="too_many_keys")
    secret = base64.b64encode(secrets.token_bytes(SECRET_SIZE_BYTES)).decode()
    passphrase = passphrase_new()
    api_key = ApiKey.objects.create(
        key=secrets.token_hex(16),
        secret_encrypted=encrypt(secret.encode()),
        passphrase_digest=passphrase_digest(passphrase),
        user=user,
        owner=owner,
        name=name.strip()[:80] or _("Unnamed"),
        scopes=sorted(wanted),
        expires_at=expires_at,
        allowed_networks=list(allowed_networks),
    )
    return NewApiKey(api_key, secret, passphrase)


def api_key_revoke(*, api_key: ApiKey, by: User) -> None:
    """Ends the key at once. Its person, an owner of its organisation and staff may.

    Revoking a revoked key changes nothing.
    """
    manages = "transfer" in scopes_for_owner(user=by, owner=api_key.owner)
    is_staff = by.is_staff and by.has_perm("accounts.change_apikey")
    if not (api_key.user_id == by.pk or manages or is_staff):
        raise NotPermitted(_("You may not revoke this key."))
    ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
    api_key.refresh_from_db(fields=["revoked_at"])


def api_key_limit(*, api_key: ApiKey, per_s: int | None, burst: int | None) -> None:
    """Gives the key a bucket of its own size; None goes back to the usual one.

    Raises ServiceError for a number below 1.
    """
    for value, field in ((per_s, "limit_per_s"), (burst, "limit_burst")):
        if value is not None and value < 1:
            raise ServiceError(_("A limit is at least 1."), field=field)
    api_key.limit_per_s, api_key.limit_burst = per_s, burst
    api_key.save(update_fields=["limit_per_s", "limit_burst"])
